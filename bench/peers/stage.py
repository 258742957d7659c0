"""One lap of a peer: its store and its processes are started, warmed, measured at the sink, and ended."""

import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.beside import Missing, process, redis
from bench.hosts import Heard, SinkProcess
from bench.laps import Lap, lap
from bench.peers import alertmanager
from bench.peers.roads import Road, Store

WARM = 20
SILENCE = 20.0  # seconds without a message: it is stuck
AT_MOST = 180.0  # seconds for a lap
DOUBLES = 0.5  # seconds for a second copy to come
Issue = Callable[[int], float]


class Failed(Exception):
    """A peer that did not deliver each message once."""


def heard(sink: SinkProcess, count: int) -> Heard:
    """What came, once all of it has."""
    begun = last = time.monotonic()
    before = 0
    while (now := sink.count()) < count:
        at = time.monotonic()
        if now != before:
            before, last = now, at
        if at - last > SILENCE or at - begun > AT_MOST:
            raise Failed(f"only {now} of {count} messages came within {at - begun:.0f} s")
        time.sleep(0.05)
    time.sleep(DOUBLES)
    return sink.report()


def answer(issuer: subprocess.Popen[str], within: float) -> str:
    """Its next line."""
    assert issuer.stdout is not None
    ready, _, _ = select.select([issuer.stdout], [], [], within)
    line = issuer.stdout.readline() if ready else ""
    if not line:
        raise Failed(f"its issuer said nothing within {within:g} s, or ended")
    return line


@contextmanager
def library(
    road: Road, python: Path, sink: int, postgresql: str, folder: Path, processes: int, picked: bool
) -> Iterator[Issue]:
    """A peer that is a library, in the venv of its own. ``postgresql`` is an empty database."""
    if not python.exists():
        raise Missing(f"there is no {python}: make bench-peers makes it")
    with ExitStack() as stack:
        at = {Store.POSTGRESQL: lambda: postgresql, Store.REDIS: lambda: stack.enter_context(redis(folder))}
        env = {"BENCH_PORT": str(sink), "BENCH_STORE": at.get(road.store, str)()}
        env |= {"BENCH_CLIENT": "picked"} if picked else {}
        issuer = stack.enter_context(process([str(python), "-m", road.issuer], folder / "log", env, talks=True))
        answer(issuer, 30.0)  # the tables are there before the worker is
        for _ in range((1 if road.forks else processes) if road.worker else 0):
            stack.enter_context(process([str(python), "-m", *road.worker], folder / "log", env))

        def issue(count: int) -> float:
            assert issuer.stdin is not None
            issuer.stdin.write(f"{count}\n")
            issuer.stdin.flush()
            return float(answer(issuer, AT_MOST))

        yield issue


def run(
    road: Road, python: Path, sink: SinkProcess, outlets: int, postgresql: str, processes: int, picked: bool
) -> Lap:
    """A lap. The worker is there and its connections are open when the clock begins to run."""
    with tempfile.TemporaryDirectory(prefix="huijia-bench-") as name:
        folder = Path(name)
        try:
            with library(road, python, sink.port, postgresql, folder, processes, picked) as issue:
                issue(WARM)
                heard(sink, WARM)
                begun = issue(outlets)
                return lap(heard(sink, outlets), begun, outlets)
        except Failed as failure:
            said = (folder / "log").read_text(errors="replace")[-1500:]
            raise Failed(f"{failure}; its log ends: {said}") from failure


def run_alertmanager(sink: SinkProcess, outlets: int) -> Lap:
    """A lap, after one that opens what it opens."""
    with (
        tempfile.TemporaryDirectory(prefix="huijia-bench-") as folder,
        alertmanager.opened(outlets, sink.port, Path(folder)) as issue,
    ):
        issue("warm")
        heard(sink, outlets)
        begun = issue("lap")
        return lap(heard(sink, outlets), begun, outlets)
