"""Somebody holds a lock on the queue for longer than anybody waits for one: nothing is lost, nothing needs a restart."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.faults.far_side import FarSide, assert_sound
from tests.faults.officer import Officer
from tests.faults.proof import assert_ended, assert_none_lost, assert_nothing_stuck, assert_wait_seen
from tests.faults.rig import Rig

HELD = 13.0  # seconds: lock_timeout is ten
RECOVERY = 90.0


@asynccontextmanager
async def locked(rig: Rig, table: str) -> AsyncIterator[None]:
    """By a session of the test's own, as a migration or a careless operator would."""
    async with rig.session() as session, session.transaction():
        await session.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


async def test_the_queue_is_locked(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """While a notice goes out, and another is to be taken back; then while that goes out, with some that do not answer."""
    before = rig.pids()
    ending = await officer.issue()
    await officer.is_up(ending)
    await far.turn("half", "slow")
    record = officer.record()
    starting = str((await officer.submit(record)).json()["id"])
    at = time.monotonic()
    await far.heard(starting, "publish", chance.randint(1, rig.outlets // 2))
    async with locked(rig, "delivery"):
        retracting = asyncio.create_task(officer.insist(lambda: officer.ask_to_retract(ending)))
        await asyncio.sleep(HELD)
    freed = time.monotonic()
    retracted = await retracting
    say(f"locked for {HELD:.0f} s: a retraction was answered 503 {retracted.refused} times, taken {retracted.seconds:.1f} s after it was first asked for")
    assert retracted.refused > 0, "nobody met the lock"
    await officer.is_up(starting, RECOVERY)
    say(f"published everywhere {time.monotonic() - freed:.1f} s after the lock was gone")

    await far.turn("all", "ok")
    hanging = chance.sample(sorted(await far.turn("half", "hanging")), 10)
    for slug in await far.turn("all", "ok"):
        if slug in hanging:
            await far.turn(slug, "hanging")
    await officer.retract(starting)
    at = time.monotonic()
    await far.heard(starting, "retract", chance.randint(1, rig.outlets // 2))
    async with locked(rig, "delivery"):
        await asyncio.sleep(HELD)
    freed = time.monotonic()
    await assert_wait_seen(rig, officer, starting, len(hanging), at)
    await far.turn("all", "ok")
    await officer.is_down(starting, RECOVERY)
    await officer.is_down(ending, RECOVERY)
    say(f"taken back everywhere {time.monotonic() - freed:.1f} s after the lock was gone")
