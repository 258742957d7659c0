"""What a measurement says: figures with their spread, for a reader or as rows of a Markdown table."""

import shlex
import signal
import statistics
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass

HEAD = "| what | median (spread) | goal |\n|---|---|---|"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured, once a round. ``goal`` is what it should be, in words."""

    what: str
    values: Sequence[float]
    unit: str = ""
    goal: str = ""
    digits: int = 2

    @property
    def told(self) -> str:
        """Median and spread."""
        middle, low, high = (f"{v:z,.{self.digits}f}" for v in (statistics.median(self.values), *self.extremes))
        return f"{middle} ({low}–{high})" + (f" {self.unit}" if self.unit else "")

    @property
    def extremes(self) -> tuple[float, float]:
        return min(self.values), max(self.values)


def ratios(above: Sequence[float], below: Sequence[float]) -> Sequence[float]:
    """Of each round's pair."""
    return [a / b for a, b in zip(above, below, strict=True)]


def parser(doc: str | None) -> ArgumentParser:
    """Every measurement's arguments begin with these. SIGTERM ends one as Ctrl-C does: with all that it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = ArgumentParser(description=doc)
    found.add_argument("--markdown", action="store_true", help="as a table in Markdown")
    return found


def command() -> str:
    """What this process was started as."""
    module = (sys.modules["__main__"].__spec__ or sys).name.removesuffix(".__main__")
    return shlex.join(["python", "-m", module, *(one for one in sys.argv[1:] if one != "--markdown")])


def show(figures: Sequence[Figure], *, markdown: bool) -> None:
    """To standard output, below the command that measures it again."""
    if markdown:
        print(f"`{command()}`\n\n{HEAD}")
        for one in figures:
            print(f"| {one.what} | {one.told} | {one.goal} |")
        return
    print(f"{command()}: median (spread)")
    wide = max(len(one.what) for one in figures)
    for one in figures:
        print(f"  {one.what:{wide}}  {one.told}" + (f"   goal {one.goal}" if one.goal else ""))


def tell(text: str) -> None:
    """Progress, and what must not be overlooked: on standard error, out of the table's way."""
    print(text, file=sys.stderr, flush=True)
