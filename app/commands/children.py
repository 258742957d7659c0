"""Processes that a command starts and, however it ends, takes down with it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def spawn(arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a child that writes to ``log``, does not hear the terminal's Ctrl-C, and ends when this process ends."""
    with open(log, "ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own arguments
            arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, preexec_fn=_tied()
        )


def end(process: subprocess.Popen[bytes], patience: float = 10.0) -> None:
    """SIGTERM, and SIGKILL for one that does not listen."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tied() -> Callable[[], None]:
    owner = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def tie() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
            if os.getppid() != owner:
                os._exit(1)

    return tie
