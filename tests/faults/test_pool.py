"""No connection is left: PostgreSQL has none, or all that the API may have are taken. Officers are told so at once, nothing
is half accepted, partners go on reading."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import httpx

from tests.faults.far_side import OTHERS, FarSide
from tests.faults.officer import NOWHERE, Officer, assert_refused
from tests.faults.proof import assert_ended, assert_none_lost, assert_shown, assert_wait_seen
from tests.faults.reader import Reader
from tests.faults.rig import Rig, until

HELD = 10.0
POOL = 40  # app.db.engine.connect: twice twenty
LISTENERS = (
    "pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'hog' AND pid <> pg_backend_pid()"
)

Asked = dict[str, Mapping[str, object]]


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


async def submit_one(officer: Officer, asked: Asked, prefix: str) -> httpx.Response:
    key, record = f"{prefix}-{len(asked):05d}", officer.record(**NOWHERE)
    asked[key] = record
    return await officer.submit(record, key)


async def assert_each_once(rig: Rig, officer: Officer, asked: Asked) -> None:
    """The very same requests again: whatever was kept of one before, it comes to one alert."""
    alerts = []
    for key, record in asked.items():
        answer = await officer.submit(record, key)
        assert answer.status_code == 201, answer.text
        alerts.append(str(answer.json()["id"]))
    await assert_none_lost(rig, alerts, [str(record["case_number"]) for record in asked.values()])


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
    asked: Asked = {}
    answers: Counter[int] = Counter()
    async with no_connection_left(rig):
        taken = time.monotonic()
        reading = asyncio.create_task(reader.watch(known))
        while time.monotonic() < taken + HELD:
            answer = await submit_one(officer, asked, "full")
            assert_refused(answer)
            answers[answer.status_code] += 1
            assert_refused(await officer.ask_to_retract(known))
            await asyncio.sleep(0.3)
        assert not reading.done(), reading.result()
    freed = time.monotonic()
    reading.cancel()
    say(f"none for {freed - taken:.0f} s: officers were answered {dict(answers)}; {reader.told()}")
    assert set(reader.answers) == {200}
    await rig.up()
    await officer.is_up(alert)
    say(f"aired everywhere {time.monotonic() - freed:.1f} s after there were some again")
    assert rig.pids() == before
    kept = await rig.count("alert WHERE case_number = ANY($1::text[])", [str(r["case_number"]) for r in asked.values()])
    assert kept == 0, f"{kept} of {len(asked)} refused records were kept"
    await assert_each_once(rig, officer, asked)
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
    asked: Asked = {}
    async with rig.session() as session, session.transaction():
        await session.execute("LOCK TABLE idempotency IN ACCESS EXCLUSIVE MODE")
        reading = asyncio.create_task(reader.watch(alert))
        begun = time.monotonic()
        submitted = await asyncio.gather(*(submit_one(officer, asked, "pool") for _ in range(POOL + 20)))
        held = time.monotonic() - begun
        assert not reading.done(), reading.result()
    for answer in submitted:
        assert_refused(answer)
    freed = time.monotonic()
    reading.cancel()
    say(f"{len(asked)} submissions for {POOL} connections, all refused within {held:.1f} s; {reader.told()}")
    assert set(reader.answers) == {200}
    await assert_each_once(rig, officer, asked)
    say(f"all of them taken {time.monotonic() - freed:.1f} s after that, each once")
    await assert_wait_seen(rig, officer, alert, len(hanging), since)
    await far.turn("all", "ok")
    await officer.is_up(alert)
    assert rig.pids() == before
    await assert_shown(far, alert, rig.outlets - rig.chats)
    await assert_ended(rig, officer, far, [alert])
