"""Somebody holds a lock on the queue for longer than anybody waits for one: nothing is lost, nothing needs a restart."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.faults.far_side import OTHERS, FarSide, assert_all_taken_back
from tests.faults.officer import Officer
from tests.faults.proof import assert_ended, assert_none_lost, assert_nothing_stuck, assert_shown, assert_wait_seen
from tests.faults.rig import Rig

HELD = 30.0  # seconds: lock_timeout is ten, and every lease ends meanwhile
RECOVERY = 90.0


@asynccontextmanager
async def locked(rig: Rig, table: str) -> AsyncIterator[None]:
    """By a session of the test's own, as a migration or a careless operator would."""
    async with rig.session() as session, session.transaction():
        await session.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


async def test_the_queue_is_locked_while_a_notice_goes_out(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """And another is to be taken back meanwhile."""
    before = rig.pids()
    ending = await officer.issue()
    await officer.is_up(ending)
    await far.turn("half", "slow")
    record = officer.record()
    starting = str((await officer.submit(record)).json()["id"])
    await far.heard(starting, "publish", chance.randint(1, rig.outlets // 2))
    async with locked(rig, "delivery"):
        retracting = asyncio.create_task(officer.insist(lambda: officer.ask_to_retract(ending)))
        await asyncio.sleep(HELD)
    freed = time.monotonic()
    retracted = await retracting
    say(
        f"locked for {HELD:.0f} s: a retraction was refused {retracted.refused} times, taken after {retracted.seconds:.1f} s"
    )
    assert retracted.refused > 0, "nobody met the lock"
    await officer.is_up(starting, RECOVERY)
    await officer.is_down(ending, RECOVERY)
    say(f"published, and taken back, everywhere {time.monotonic() - freed:.1f} s after the lock was gone")
    await assert_none_lost(rig, [starting], [str(record["case_number"])])
    await assert_shown(far, starting, rig.outlets - rig.chats)
    assert len(await far.group_says(starting)) == 1
    assert rig.pids() == before
    await far.turn("all", "ok")
    await assert_all_taken_back(far, ending)
    await assert_ended(rig, officer, far, [starting])


async def test_the_queue_is_locked_while_a_notice_is_taken_back(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """And some do not answer."""
    before = rig.pids()
    alert = await officer.issue()
    await officer.is_up(alert)
    hanging = chance.sample(sorted(far.active() - set(OTHERS)), 10)
    for slug in hanging:
        await far.turn(slug, "hanging")
    at = time.monotonic()
    await officer.retract(alert)
    await far.heard(alert, "retract", chance.randint(1, rig.outlets // 2))
    async with locked(rig, "delivery"):
        await asyncio.sleep(HELD)
    freed = time.monotonic()
    await assert_wait_seen(rig, officer, alert, len(hanging), at)
    await far.turn("all", "ok")
    assert await officer.is_down(alert, RECOVERY) == {"down": rig.outlets - 1, "corrected": 1}
    say(f"taken back everywhere {time.monotonic() - freed:.1f} s after the lock was gone")
    await assert_all_taken_back(far, alert)
    assert len(await far.group_says(alert)) == 2  # the notice, and that it is over
    await assert_nothing_stuck(rig)
    assert rig.pids() == before
