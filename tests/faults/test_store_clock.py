"""The clock of the database itself is set, by more than any lease, and so little that signatures are taken. Where all of
huijia runs on one machine this is that machine's clock."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from app.db import binaries
from app.dispatch.sweeps import SENDERS_FIRST
from tests.faults.another_clock import FAKETIME, WANTED, Clock
from tests.faults.far_side import OTHERS, FarSide, assert_all_taken_back
from tests.faults.officer import Officer
from tests.faults.proof import assert_nothing_stuck, assert_shown
from tests.faults.rig import Rig

FORWARD = 30  # leases have ended so lately that every second somebody looks for them
BACK = 150
OUTLETS = 100
DOWN = 10
TAKEN_OVER = "attempt WHERE detail = '发送进程消失'"

pytestmark = pytest.mark.skipif(FAKETIME is None, reason=WANTED)


@pytest.fixture
async def rig(rig: Rig) -> AsyncIterator[Rig]:
    async with rig.only(OUTLETS):
        yield rig


@pytest.fixture
def clocks_agree() -> bool:
    return False


@pytest.fixture
async def clock(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clock]:
    """PostgreSQL's, every process of it."""
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(folder.stat().st_mode | 0o011)  # it may run as another user
    made = Clock(tmp_path)
    ours = binaries._environment
    monkeypatch.setattr(binaries, "_environment", lambda: ours() | made.surroundings)
    rig.stop_store()
    rig.start_store()
    monkeypatch.undo()
    await rig.up()
    await asyncio.sleep(SENDERS_FIRST)  # for so long nobody takes over anything after the database was away
    yield made
    rig.stop_store()
    rig.start_store()
    await rig.up()


async def ahead(rig: Rig) -> float:
    """How many seconds the database believes to be ahead of us."""
    (row,) = await rig.ask("SELECT extract(epoch FROM clock_timestamp())::float AS at")
    return float(row["at"]) - time.time()


async def set_to(rig: Rig, clock: Clock, seconds: int) -> None:
    clock.set(seconds)
    assert abs(await ahead(rig) - seconds) < 10, "the clock was not set"


async def insist_on_retracting(officer: Officer, *alerts: str) -> None:
    """PostgreSQL counts how long a session has been idle by the clock that was set: it may cut one off, whose caller is told
    to come again."""
    for alert in alerts:
        await officer.insist(partial(officer.ask_to_retract, alert))


async def test_the_clock_of_the_database_is_set_forward_and_back(
    rig: Rig, officer: Officer, far: FarSide, clock: Clock, chance: random.Random, say: Callable[[str], None]
) -> None:
    """Each time while a notice goes out. Set forward, all leases have ended and all senders send; the retraction comes in the
    same moment. Set back, what waits and what a dead process has left waits for a time that has been already."""
    lost = await rig.count(TAKEN_OVER)
    await far.turn("half", "slow")
    alert = await officer.issue()
    await far.heard(alert, "publish", rig.outlets // 4)
    begun = time.monotonic()
    await set_to(rig, clock, FORWARD)
    await insist_on_retracting(officer, alert)
    await officer.is_down(alert)
    await assert_all_taken_back(far, alert)
    assert await rig.count(TAKEN_OVER) == lost, "taken over from senders that live"
    say(
        f"set forward by {FORWARD} s while it went out, and taken back at once: down {time.monotonic() - begun:.1f} s later"
    )
    await far.turn("all", "ok")
    await assert_nothing_stuck(rig)

    down = chance.sample(sorted(far.active() - set(OTHERS)), DOWN)
    for slug in down:
        await far.turn(slug, "down")
    alert = await officer.issue()
    await far.heard(alert, "publish", rig.outlets // 4)
    rig.kill(await rig.busiest(alert))
    begun = time.monotonic()
    await set_to(rig, clock, FORWARD - BACK)
    again = await officer.insist(partial(officer.submit, officer.record(), "set-back"))
    another = str(again.body["id"])
    await asyncio.sleep(1)
    await far.turn("all", "ok")
    for each in (alert, another):
        await officer.is_up(each)
        await assert_shown(far, each, rig.outlets - 1)
    say(f"set back by {BACK} s, a dispatcher killed: aired everywhere {time.monotonic() - begun:.1f} s later")
    await insist_on_retracting(officer, alert, another)
    for each in (alert, another):
        await officer.is_down(each)
        await assert_all_taken_back(far, each)
    await assert_nothing_stuck(rig)
