"""No connection is left: PostgreSQL has none, or all that the API may have are taken. Officers are told so at once, nothing
is half accepted, partners go on reading."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from tests.faults.far_side import OTHERS, FarSide
from tests.faults.officer import Officer, assert_refused
from tests.faults.proof import assert_ended, assert_shown, assert_wait_seen
from tests.faults.reader import Reader
from tests.faults.rig import Rig, until
from tests.faults.submissions import Submissions

HELD = 10.0
POOL = 40  # app.db.engine.connect: twice twenty
LISTENERS = (
    "pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'hog' AND pid <> pg_backend_pid()"
)


@asynccontextmanager
async def no_connection_left(rig: Rig) -> AsyncIterator[asyncpg.Connection]:
    """Somebody else has all of PostgreSQL's, ours too; one of them is handed over, to look with."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(rig.session(name="hog"))

        async def take_all() -> bool | None:
            try:
                while True:
                    await stack.enter_async_context(rig.session(name="hog"))
            except asyncpg.TooManyConnectionsError:
                left: int = await first.fetchval(f"SELECT count(pg_terminate_backend(pid)) FROM {LISTENERS}")
                return True if left == 0 else None

        await until(take_all, 30, "every connection is taken", pause=0)
        yield first


async def test_postgresql_has_no_connection_left(
    rig: Rig, officer: Officer, far: FarSide, reader: Reader, chance: random.Random, say: Callable[[str], None]
) -> None:
    before = rig.pids()
    known = await officer.issue()
    await officer.is_up(known)
    assert known in await reader.read()
    await far.turn("half", "slow")
    alert = await officer.issue()
    await far.heard(alert, "publish", chance.randint(1, rig.outlets // 2))
    submissions = Submissions(rig, officer)
    async with no_connection_left(rig), reader.reads_on(known):
        taken = time.monotonic()
        while time.monotonic() < taken + HELD:
            assert_refused(await submissions.one())
            assert_refused(await officer.ask_to_retract(known))
            await asyncio.sleep(0.3)
    freed = time.monotonic()
    say(f"none for {freed - taken:.0f} s: officers were answered {dict(submissions.answers)}; {reader.told()}")
    await rig.up()
    await officer.is_up(alert)
    say(f"aired everywhere {time.monotonic() - freed:.1f} s after there were some again")
    assert rig.pids() == before
    await submissions.assert_kept(in_doubt=0)
    await submissions.take_back()
    await assert_shown(far, alert, rig.outlets - rig.chats)
    await far.turn("all", "ok")
    await assert_ended(rig, officer, far, [known, alert])


async def test_the_pool_is_exhausted(
    rig: Rig, officer: Officer, far: FarSide, reader: Reader, chance: random.Random, say: Callable[[str], None]
) -> None:
    """Submissions wait for a lock, each with a connection, until the API has no more; some outlets do not answer."""
    before = rig.pids()
    hanging = chance.sample(sorted(far.active() - set(OTHERS)), 5)
    for slug in hanging:
        await far.turn(slug, "hanging")
    alert = await officer.issue()
    since = time.monotonic()
    await far.heard(alert, "publish", chance.randint(1, rig.outlets // 2))
    assert alert in await reader.read()
    submissions = Submissions(rig, officer)
    async with rig.session() as session, session.transaction():
        await session.execute("LOCK TABLE idempotency IN ACCESS EXCLUSIVE MODE")
        async with reader.reads_on(alert):
            begun = time.monotonic()
            submitted = await asyncio.gather(*(submissions.one() for _ in range(POOL + 20)))
            held = time.monotonic() - begun
    for answer in submitted:
        assert_refused(answer)
    freed = time.monotonic()
    say(f"{len(submitted)} submissions for {POOL} connections, all refused within {held:.1f} s; {reader.told()}")
    await submissions.assert_kept(in_doubt=0)
    await submissions.take_back()
    say(f"all of them taken {time.monotonic() - freed:.1f} s after that, each once")
    await assert_wait_seen(rig, officer, alert, len(hanging), since)
    await far.turn("all", "ok")
    await officer.is_up(alert)
    assert rig.pids() == before
    await assert_shown(far, alert, rig.outlets - rig.chats)
    await assert_ended(rig, officer, far, [alert])
