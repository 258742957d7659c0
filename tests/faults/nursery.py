"""Starts dispatchers quickly: each is forked from a process that has read the program already. Reading it takes a core for a
second or two; on three machines that would slow nobody but the one that starts, on this one it would slow all.

    python -m tests.faults.nursery

``start`` on standard input starts one and prints its pid; the end of standard input ends it and all that it started.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from app.commands.serving import dispatch
from tests.faults.processes import PR_SET_PDEATHSIG, ROOT, alive, kill_all, tied


class Nursery:
    """The process beside us. Every dispatcher is one of its own, with a number, and is killed by that."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        given = {name: value for name, value in os.environ.items() if not name.startswith("HUIJIA_")} | dict(env)
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nursery"], cwd=ROOT, env=given, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=said, text=True, preexec_fn=tied(),
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with self._process:  # closes its pipes: that ends it
            pass

    def start(self) -> int:
        """The pid of a new one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("start\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def kill(self, pid: int) -> None:
        """As ``kill -9`` does; it was alive until now."""
        assert alive(pid), "it had ended by itself"
        kill_all([pid])


def _become_a_dispatcher() -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        dispatch()
    finally:
        os._exit(1)  # not through what stands above us: that is the nursery's


def main() -> None:
    """Until standard input ends; its children end with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks what became of them
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become_a_dispatcher()
        print(pid, flush=True)


if __name__ == "__main__":
    main()
