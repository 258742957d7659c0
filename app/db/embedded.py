"""PostgreSQL from a wheel: one command starts the service on a machine that has no database.

``DATABASE_URL`` replaces all of this. Beside the data directory ``pg`` lie ``pg.lock`` and ``pg.log``. PostgreSQL
inherits the locked file, so the lock is held exactly as long as any process of that server lives: whoever gets the lock
knows that a ``postmaster.pid`` is stale, even when its number has been given to another process since.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

from app.db.binaries import Binaries, ClusterError, assert_folder, find_binaries

__all__ = ["Cluster", "ClusterError", "start"]

PATIENCE = 60.0  # seconds: initdb of another process, or the recovery after a power cut
STOPPING = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))  # fast, immediate, none
SOCKET = ".s.PGSQL.5432"
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
SETTINGS = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A statement or a DETAIL line may carry facts about a child: neither goes into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL. ``url`` is for SQLAlchemy with asyncpg; ``process`` is None when another one owns it."""

    url: str
    process: subprocess.Popen[bytes] | None
    data: Path

    def stop(self) -> None:
        """Stop what this process started and wait for it; a guest leaves the server alone. May be called twice."""
        if self.process is not None:
            _end(self.process)


def start(data: Path, *, settings: Mapping[str, str] = NO_SETTINGS) -> Cluster:
    """Run PostgreSQL on ``data`` (made on first use), or join the one that another process of ours runs there.

    ``settings`` are server parameters; a guest's are not used, and a guest loses the server when its owner ends. Blocks
    until sessions are accepted. Call it from the main thread: the kernel takes the server down when the thread that
    started it ends. Raises :class:`ClusterError`.
    """
    if threading.current_thread() is not threading.main_thread():
        raise ClusterError("PostgreSQL must be started from the main thread: it ends with the thread that started it")
    try:
        return _start(data.resolve(), settings)
    except (OSError, subprocess.SubprocessError) as error:
        raise ClusterError(f"PostgreSQL cannot run on {data}: {error}") from error


def _start(data: Path, settings: Mapping[str, str]) -> Cluster:
    binaries, major = find_binaries()
    data.parent.mkdir(parents=True, exist_ok=True)
    if data.exists() and any(data.iterdir()):
        _check(data, major, binaries.owner)
    sockets = _socket_folder(data, binaries.owner)
    url = f"postgresql+asyncpg://huijia@/postgres?host={sockets}&port=5432"
    process: subprocess.Popen[bytes] | None = None
    with open(data.with_name(f"{data.name}.log"), "ab", opener=_private) as log:
        before, deadline = log.tell(), time.monotonic() + PATIENCE
        try:
            while time.monotonic() < deadline:
                if binaries.ready(sockets):
                    return Cluster(url, process, data)
                if process is None:
                    process = _launch(binaries, data, sockets, settings, log)
                elif process.poll() is not None:
                    raise ClusterError(f"PostgreSQL ended at once on {data}:\n{_tail(log.name, before)}")
                time.sleep(0.03)
            raise ClusterError(f"PostgreSQL on {data} is not ready after {PATIENCE:.0f} s:\n{_tail(log.name, before)}")
        except BaseException:
            if process is not None:
                _end(process)
            raise


def _launch(
    binaries: Binaries, data: Path, sockets: Path, settings: Mapping[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes] | None:
    """Start the server, or return None while another process has the lock: it starts, recovers, stops or serves."""
    with open(data.with_name(f"{data.name}.lock"), "ab", opener=_private) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        if not data.exists() or not any(data.iterdir()):
            _initialise(binaries, data, log, lock)
        _clear(data, sockets)
        fixed = {"listen_addresses": "", "port": "5432", "unix_socket_directories": str(sockets)}
        options = [f"--{name}={value}" for name, value in (SETTINGS | dict(settings) | fixed).items()]
        return binaries.spawn("postgres", *options, cwd=data, log=log, lock=lock)


def _initialise(binaries: Binaries, data: Path, log: IO[bytes], lock: IO[bytes]) -> None:
    """Make a database. It gets its name only when it is whole, so that a power cut leaves all of it or nothing."""
    before, fresh = log.tell(), data.with_name(f"{data.name}.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    _own_folder(fresh, binaries.owner)
    options = ("-U", "huijia", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions")
    process = binaries.spawn("initdb", *options, cwd=fresh, log=log, lock=lock)
    try:
        code = process.wait(PATIENCE)
    finally:
        _end(process)
    if code != 0:
        raise ClusterError(f"PostgreSQL could not make a database in {data}:\n{_tail(log.name, before)}")
    fresh.replace(data)
    parent = os.open(data.parent, os.O_RDONLY)
    try:
        os.fsync(parent)  # the name must survive a power cut as the files do
    finally:
        os.close(parent)


def _check(data: Path, major: int, owner: int) -> None:
    """Needs no lock: a database gets its name when it is whole."""
    version = data / "PG_VERSION"
    if not version.is_file():
        raise ClusterError(f"{data} is neither empty nor a PostgreSQL database")
    if (found := version.read_text().strip()) != str(major):
        raise ClusterError(
            f"{data} was made by PostgreSQL {found} and this is {major}: dump it with {found} and restore it here, "
            "or set DATABASE_URL to a server that runs it"
        )
    if (holder := data.stat().st_uid) != owner:
        raise ClusterError(
            f"{data} belongs to user {holder} and PostgreSQL would run here as {owner}: run as its owner"
        )


def _clear(data: Path, sockets: Path) -> None:
    """Remove what a killed server left. Safe only with the lock: PostgreSQL itself can merely guess from the pid."""
    left = data / "postmaster.pid"
    if left.exists():
        pid = left.read_text().partition("\n")[0]
        if pid.isdigit() and _works_in(int(pid), data):
            raise ClusterError(f"a PostgreSQL that huijia did not start (process {pid}) runs on {data}")
    for stale in (left, sockets / SOCKET, sockets / f"{SOCKET}.lock"):
        stale.unlink(missing_ok=True)


def _works_in(pid: int, data: Path) -> bool:
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", data)
    except OSError:
        return False


def _socket_folder(data: Path, owner: int) -> Path:
    """A short name, because a socket's path ends at 107 bytes and a data directory may lie deep."""
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    folder = Path("/tmp", f"huijia-pg-{name}")  # noqa: S108 - owner and mode are checked
    try:
        _own_folder(folder, owner)
    except FileExistsError:
        assert_folder(folder, {owner, os.geteuid()}, 0o700)
        _give(folder, owner)
    return folder


def _own_folder(folder: Path, owner: int) -> None:
    folder.mkdir(mode=0o700)
    _give(folder, owner)


def _give(folder: Path, owner: int) -> None:
    if owner != os.geteuid():
        os.chown(folder, owner, owner)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _tail(log: str, since: int) -> str:
    with open(log, "rb") as lines:
        lines.seek(since)
        return "\n".join(lines.read().decode(errors="replace").splitlines()[-12:])


def _end(process: subprocess.Popen[bytes]) -> None:
    for kind, patience in STOPPING:
        if process.poll() is None:
            process.send_signal(kind)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
