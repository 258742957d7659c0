"""Addresses to send to, the message that is sent, and the sink as a process."""

import json
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Self

BODY = json.dumps({"type": "alert.publish", "data": {"text": "寻" * 470}}).encode()[:1500].ljust(1500)


def address(n: int) -> str:
    """The n-th loopback host."""
    return f"127.{16 + n // 64516}.{1 + n // 254 % 254}.{1 + n % 254}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Heard:
    """What reached the sink: seconds since the epoch by address, and how many came more than once."""

    at: dict[str, float]
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
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                break
            except OSError:
                continue
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(5)

    def report(self) -> Heard:
        """Everything since the last report."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("report\n")
        self._process.stdin.flush()
        heard = json.loads(self._process.stdout.readline())
        counts = Counter((place, id) for place, id, _ in heard)
        at: dict[str, float] = {}
        for place, _, when in heard:
            at.setdefault(place, when)
        return Heard(at, sum(n - 1 for n in counts.values()))
