"""Processes beside us: started in a session of their own, ended by their own number, and nothing else is."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from bench.hosts import free_port, wait_for_port

ROOT = Path(__file__).parent.parent
NOTHING: Mapping[str, str] = MappingProxyType({})
PATIENCE = 10.0  # seconds to end in order


class Missing(Exception):
    """A program that this machine does not have."""


def program(*names: str) -> str:
    """The first of these that is on the path."""
    for name in names:
        if found := shutil.which(name):
            return found
    raise Missing(f"there is no {' and no '.join(names)} on this machine's path")


@contextmanager
def process(
    command: Sequence[str], log: Path, env: Mapping[str, str] = NOTHING, *, talks: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """For as long as the block. What it says goes to ``log``, or by its standard output to us when it ``talks``."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("HUIJIA_")} | dict(env)
    with log.open("ab") as file:
        running = subprocess.Popen(
            command, cwd=ROOT, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE if talks else file,
            stderr=file, text=True, start_new_session=True,
        )  # fmt: skip
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
        with running:  # closes its pipes, and waits
            pass


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The address of a Redis that syncs its log once a second, which is as durable as it is commonly run."""
    port = free_port()
    command = (
        program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
        "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
    )  # fmt: skip
    with process(command, folder / "redis.log"):
        wait_for_port(port)
        yield f"redis://127.0.0.1:{port}/0"
