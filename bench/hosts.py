"""Addresses to send to, the message that is sent, and the sink as a process."""

import json
import socket
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

BODY = json.dumps({"type": "alert.publish", "data": {"text": "寻" * 470}}).encode()[:1500].ljust(1500)


def address(n: int) -> str:
    """The n-th loopback host."""
    return f"127.{16 + n // 64516}.{1 + n // 254 % 254}.{1 + n % 254}"


def number(place: str) -> int:
    """Which loopback host an address is."""
    _, high, middle, low = map(int, place.split("."))
    return (high - 16) * 64516 + (middle - 1) * 254 + low - 1


def hook(n: int, port: int, *, tls: bool = False) -> str:
    """The URL of the n-th outlet."""
    return f"{'https' if tls else 'http'}://{address(n)}:{port}/hook"


def is_odd(place: str) -> bool:
    """Whether an address is one of the half that can be let hang."""
    return int(place.rpartition(".")[2]) % 2 == 1


def wait(place: str) -> float:
    """How many seconds an outlet takes to answer while they are slow: 0.05 to 0.15; every twentieth 1 to 2."""
    drawn = zlib.crc32(place.encode())
    share = drawn // 20 % 1000 / 1000
    return 1 + share if drawn % 20 == 0 else 0.05 + share / 10


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def wait_for_port(port: int, seconds: float = 20.0, host: str = "127.0.0.1") -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, port), 0.2).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class Message(NamedTuple):
    """One request that reached the sink: whole, whether or not its sender lived to read the answer."""

    place: str
    id: str
    at: float
    alert: str
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What reached the sink: seconds since the epoch by address and by message, how many came more than once, and how many
    on a connection that had brought one before; connections that were opened, and those of them that went on with an
    earlier TLS session."""

    at: dict[str, float]
    messages: dict[str, float]
    doubles: int
    kept: int
    opened: int
    resumed: int


class Asked:
    """Processes beside us that end with the block. They are told a word a line, and answer each with a line."""

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        """Each is a module and its arguments."""
        self._commands = commands

    def __enter__(self) -> Self:
        self._processes = [
            subprocess.Popen([sys.executable, "-m", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for command in self._commands
        ]
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with ExitStack() as ending:
            for one in self._processes:
                ending.enter_context(one)  # closes its pipes: that ends it

    @property
    def pids(self) -> Sequence[int]:
        return [one.pid for one in self._processes]

    def ask(self, word: str) -> Sequence[str]:
        """All at the same time; what each has answered."""
        for one in self._processes:
            assert one.stdin is not None
            one.stdin.write(word + "\n")
            one.stdin.flush()
        return [one.stdout.readline() for one in self._processes if one.stdout is not None]


class SinkProcess(Asked):
    """The sink beside us; it ends with the block."""

    def __init__(self, *, keep: bool = False, papers: Path | None = None, processes: int = 1) -> None:
        """``keep``: it leaves connections open. ``papers``: it speaks TLS by what lies there (``bench.papers``). With
        several ``processes`` the kernel deals the connections out to them."""
        self.port = free_port()
        how = ["keep"] * keep + ["shared"] * (processes > 1) + (["tls", str(papers)] if papers else [])
        super().__init__([["bench.sink", str(self.port), *how]] * processes)

    def __enter__(self) -> Self:
        super().__enter__()
        self.count()  # they answer when they listen
        return self

    def report(self) -> Heard:
        """Everything since the last report."""
        parts = [json.loads(one) for one in self.ask("report")]
        heard = [each for part in parts for each in part["heard"]]
        counts = Counter((place, id) for place, id, _, _ in heard)
        at: dict[str, float] = {}
        messages: dict[str, float] = {}
        for place, id, when, _ in sorted(heard, key=itemgetter(2)):
            at.setdefault(place, when)
            messages.setdefault(id, when)
        kept = sum(nth > 1 for _, _, _, nth in heard)
        opened, resumed = (sum(part[what] for part in parts) for what in ("opened", "resumed"))
        return Heard(at, messages, sum(n - 1 for n in counts.values()), kept, opened, resumed)

    def messages(self) -> Sequence[Message]:
        """The same, one by one, as they came, and what of which alert each was."""
        return sorted(
            (Message(*one) for part in self.ask("messages") for one in json.loads(part)), key=attrgetter("at")
        )

    def count(self) -> int:
        """How many messages came since the last report."""
        return sum(map(int, self.ask("count")))

    def drop(self) -> int:
        """Closes every connection that it has kept; how many there were."""
        return sum(map(int, self.ask("drop")))

    def let_half_hang(self) -> None:
        """Every second outlet, those with an odd address, listens and reads and never answers, until all is well."""
        self.ask("hang")

    def be_slow(self) -> None:
        """Each takes its time to answer, by ``wait``, until all is well."""
        self.ask("slow")

    def be_well(self) -> None:
        """All answer at once."""
        self.ask("well")
