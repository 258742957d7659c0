"""Every measurement, one after the other, in Markdown on standard output: a table for each, below its command, and at last
one of what has a goal. Progress goes to standard error.

    python -m bench.all [--quick] [--only WORD …] [--venv .venv/peers]

``--quick`` takes so little that the figures mean nothing, to see that each works. What fails has a row that says so, and
makes the whole fail.
"""

import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.beside import ROOT
from bench.table import HEAD, parser, tell

MOST = 3600.0  # seconds for one of them
TO_CLEAR_UP = 90.0


@dataclass(frozen=True, slots=True)
class Run:
    """A module, and what it is given: in earnest, and to see that it works."""

    module: str
    earnest: str = ""
    quick: str = ""


RUNS = (
    Run("bench", "--rounds 5", "--outlets 300 --rounds 1"),
    Run("bench.tls", "", "--outlets 300 --rounds 1"),
    Run("bench.kept", "", "--outlets 200 --rounds 1 --pause 0.5"),
    Run("bench.http2", "", "--messages 300 --at-once 100 --rounds 1"),
    Run("bench.null", "", "--outlets 300 --rounds 1"),
    Run("bench.machines", "", "--outlets 300 --rounds 1"),
    Run("bench.crowded", "", "--outlets 300 --rounds 1"),
    Run("bench.peers", "", "--outlets 200 --rounds 1"),
    Run("bench.priority", "", "--outlets 300 --pending 1500 --rounds 1"),
    Run("bench.hanging", "", "--outlets 300 --rounds 1"),
    Run("bench.hanging", "--outlets 10000", ""),
    Run("bench.receipts", "", "--receipts 600 --rounds 1"),
    Run("bench.feed", "--parts 4", "--parts 4 --partners 64 --rounds 0 --seconds 1"),
    Run("bench.aged", "", "--outlets 200 --alerts 2 --rounds 1 --pinned 1"),
    Run("bench.memory", "", "--deliveries 300 --rounds 1"),
)


def measured(module: str, arguments: Sequence[str]) -> tuple[str, bool]:
    """What it said, and whether all went well."""
    command = [sys.executable, "-m", module, *arguments, "--markdown"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    said = ""
    try:
        said, _ = running.communicate(timeout=MOST)
    except subprocess.TimeoutExpired:
        tell(f"{module} takes longer than {MOST:g} s: it is ended")
    finally:
        if running.poll() is None:
            running.terminate()  # it ends what it started
            try:
                running.wait(TO_CLEAR_UP)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
    if running.returncode != 0:
        shown = shlex.join(["python", "-m", module, *arguments])
        said += f"\n**`{shown}` FAILED with {running.returncode}; what it said on standard error tells why.**\n"
    return said, running.returncode == 0


def with_goal(said: str) -> Iterator[str]:
    """The rows whose last cell is not empty; not the head and the line below it."""
    rows = (line for line in said.splitlines() if line.startswith("| "))
    return (row for row in rows if row.split("|")[3].strip() not in ("", "goal"))


def ground() -> str:
    """What it was measured on."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, Python "
        f"{platform.python_version()}; load before {os.getloadavg()[0]:.1f}. Medians, and the spread over all rounds."
    )


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--quick", action="store_true", help="only see that each works")
    arguments.add_argument("--only", nargs="+", choices=sorted({run.module for run in RUNS}))
    arguments.add_argument("--venv", type=Path, default=ROOT / ".venv/peers")
    given = arguments.parse_args()
    print(ground(), flush=True)
    well, begun, goals = True, time.monotonic(), list[str]()
    for run in RUNS:
        if (given.only and run.module not in given.only) or (given.quick and not run.quick):
            continue
        words = shlex.split(run.quick if given.quick else run.earnest)
        if run.module == "bench.peers" and given.venv.resolve() != (ROOT / ".venv/peers").resolve():
            words += ["--venv", str(given.venv)]
        tell(f"{time.monotonic() - begun:5.0f} s  {run.module} {shlex.join(words)}")
        said, fine = measured(run.module, words)
        print(f"\n{said}", end="", flush=True)
        goals += with_goal(said)
        well &= fine
    tell(f"{time.monotonic() - begun:5.0f} s  done")
    print("\n".join(["\nWhat has a goal:\n", HEAD, *goals]))
    sys.exit(not well)


if __name__ == "__main__":
    main()
