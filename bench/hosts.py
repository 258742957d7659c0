"""Addresses to send to, the message that is sent, and the sink as a process."""

import json
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Self

BODY = json.dumps({"type": "alert.publish", "data": {"text": "寻" * 470}}).encode()[:1500].ljust(1500)


def address(n: int) -> str:
    """The n-th loopback host."""
    return f"127.{16 + n // 64516}.{1 + n // 254 % 254}.{1 + n % 254}"


def is_odd(place: str) -> bool:
    """Whether an address is one of the half that can be let hang."""
    return int(place.rpartition(".")[2]) % 2 == 1


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def wait_for_port(port: int, seconds: float = 20.0) -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Heard:
    """What reached the sink: seconds since the epoch by address and by message, and how many came more than once."""

    at: dict[str, float]
    messages: dict[str, float]
    doubles: int


class SinkProcess:
    """The sink beside us; it ends with the block."""

    def __init__(self, *, keep: bool = False) -> None:
        self.port = free_port()
        self._keep = ["keep"] if keep else []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.sink", str(self.port), *self._keep],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        wait_for_port(self.port)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with self._process:  # closes its pipes: that ends it
            pass

    @property
    def pid(self) -> int:
        return self._process.pid

    def report(self) -> Heard:
        """Everything since the last report."""
        heard = json.loads(self._ask("report"))
        counts = Counter((place, id) for place, id, _ in heard)
        at: dict[str, float] = {}
        messages: dict[str, float] = {}
        for place, id, when in heard:
            at.setdefault(place, when)
            messages.setdefault(id, when)
        return Heard(at, messages, sum(n - 1 for n in counts.values()))

    def count(self) -> int:
        """How many messages came since the last report."""
        return int(self._ask("count"))

    def let_half_hang(self) -> None:
        """Every second outlet, those with an odd address, listens and reads and never answers, until all is well."""
        self._ask("hang")

    def be_well(self) -> None:
        """All answer."""
        self._ask("well")

    def _ask(self, word: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()
