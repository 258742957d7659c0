"""The database's disk is full: new work is refused clearly, what it has is kept, and it goes on when there is room."""

import asyncio
import os
import random
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.far_side import FarSide
from tests.faults.officer import Officer
from tests.faults.proof import assert_ended, assert_shown
from tests.faults.rig import Rig, running, until
from tests.faults.submissions import Submissions

SIZE = 384 * 1024 * 1024
FULL = 10.0  # seconds


class Disk:
    """A file system of its own, so that it can be full for real."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ballast = folder, folder / "ballast"

    def fill(self) -> None:
        """To the last block; what was freed since the last time too."""
        with open(self._ballast, "ab") as ballast:
            found = os.statvfs(self.folder)
            size = found.f_bavail * found.f_frsize
            while size >= found.f_frsize:
                try:
                    os.posix_fallocate(ballast.fileno(), ballast.seek(0, os.SEEK_END), size)
                except OSError:  # somebody else took it meanwhile
                    size //= 2
                else:
                    break

    def clear(self) -> None:
        self._ballast.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    folder = tmp_path_factory.mktemp("full") / "data"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "huijia", folder], capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip(f"no file system can be mounted here, so no disk was full: {made.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", folder], check=True)


@pytest.fixture(scope="module")
def lying_on_it(disk: Disk) -> Iterator[Rig]:
    """The sandbox's state does too, but wants no room."""
    with running(disk.folder.parent, screens=20, dispatchers=1) as made:
        yield made


@pytest.fixture
async def rig(lying_on_it: Rig, disk: Disk) -> AsyncIterator[Rig]:
    """Without the chat group, which takes twenty messages a minute. There is room afterwards."""
    async with lying_on_it.only(lying_on_it.outlets, group=False):
        yield lying_on_it
        disk.clear()


async def test_the_disk_is_full(
    rig: Rig, officer: Officer, far: FarSide, disk: Disk, chance: random.Random, say: Callable[[str], None]
) -> None:
    kept = await officer.issue()
    await officer.is_up(kept)
    await far.turn("half", "slow")
    alert = await officer.issue()
    await far.heard(alert, "publish", chance.randint(1, rig.outlets // 2))
    submissions, crashes = Submissions(rig, officer, changes={}), crashed_so_far(rig)
    await submissions.one()
    begun = time.monotonic()
    while time.monotonic() < begun + FULL or not submissions.answers[503]:
        disk.fill()
        assert time.monotonic() < begun + 60, f"it was never full: {submissions.answers}"
        await submissions.one()
        await asyncio.sleep(0.5)
    await far.turn("all", "ok")
    disk.clear()
    freed = time.monotonic()
    ended = not await answers_again(rig)
    if ended:  # PostgreSQL ends when it cannot write its log ahead; whoever keeps it running starts it again
        rig.start_store()
    await rig.up()
    await officer.is_up(kept)
    await officer.is_up(alert)
    say(
        f"full for {freed - begun:.0f} s: {dict(submissions.answers)}; PostgreSQL {'ended' if ended else 'stayed'}; "
        f"aired everywhere {time.monotonic() - freed:.1f} s after there was room"
    )
    await submissions.assert_kept(in_doubt=crashed_so_far(rig) - crashes)  # one record at a time was under way
    await assert_shown(far, kept, rig.outlets)
    await assert_ended(rig, officer, far, [kept, alert, *submissions.accepted.values()], 180)


def crashed_so_far(rig: Rig) -> int:
    """How often PostgreSQL has dropped everybody without a word: only then may a record be kept that was refused."""
    return (rig.settings.data / "pg.log").read_text().count("PANIC")


async def answers_again(rig: Rig) -> bool:
    """Whether PostgreSQL, which may be recovering, comes back by itself."""
    assert rig.cluster is not None
    process = rig.cluster.process
    assert process is not None

    async def look() -> bool | None:
        if process.poll() is not None:
            return False
        try:
            return True if await rig.count("alert") else None
        except Exception:
            return None

    return await until(look, 30, "PostgreSQL is there again or has ended", pause=0.3)
