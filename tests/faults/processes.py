"""Processes that a test starts: each ends with the test's own process, and by its own pid whatever happens."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parent.parent.parent
HUIJIA = (sys.executable, "-m", "app.cli")
PR_SET_PDEATHSIG = 1  # linux/prctl.h
NO_SETTINGS: Mapping[str, str] = {}


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def environment(data: Path, settings: Mapping[str, str] = NO_SETTINGS) -> dict[str, str]:
    """What a ``huijia`` of this data folder is given: nothing that huijia reads comes from the surroundings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HUIJIA_") and k != "DATABASE_URL"}
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):  # dozens of processes would compile all of it, each for itself
        kept["PYTHONPYCACHEPREFIX"] = str(data.parent.parent / "compiled")
    ours = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "HUIJIA_DATA": str(data), "COLUMNS": "200"}
    return {**kept, **ours, **settings}


def alive(pid: int) -> bool:
    """One that only its parent has not yet asked about has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def offspring(pid: int) -> list[int]:
    """The processes that this one has started, and those that they have started."""
    try:
        direct = [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [one for child in direct for one in (child, *offspring(child))]


def kill_all(pids: Iterable[int]) -> None:
    """As if the power had failed: nobody gets to say a last word."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Processes:
    """All that were started here; on leaving, the ones that still live are killed with their offspring."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for process in self._started:
            self.kill(process)

    def start(
        self, name: str, *arguments: str, env: Mapping[str, str], cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """A process in a session of its own; what it says is added to ``<name>.log``."""
        with open(self.log(name), "ab") as out:
            process = subprocess.Popen(
                arguments, env=dict(env), cwd=cwd or self._logs, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, preexec_fn=tied(),
            )  # fmt: skip
        self._started.append(process)
        return process

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As ``kill -9`` does, to it and to whatever it had started."""
        if process.poll() is None:
            kill_all([process.pid, *offspring(process.pid)])
            process.wait()


def tied() -> Callable[[], None]:
    """What a child does first: ask the kernel to be killed when the thread that started it is gone."""
    owner = os.getpid()
    libc = ctypes.CDLL(None)

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != owner:
            os._exit(1)

    return tie
