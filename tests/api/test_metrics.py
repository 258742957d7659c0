"""/metrics: what Prometheus reads, read by its own parser."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app.api.metrics import read_metrics  # noqa: F401 - the route is in the application
from app.db.engine import connect, limit, transaction
from app.db.workers import seen
from app.dispatch.watchdog import Watchdog
from app.flows.house import House
from app.flows.watching import NAMES
from app.main import build_house, close_house
from app.settings import Settings
from app.worker import work
from tests.api.stage import client_of
from tests.channels.wire import FakeWire, reply
from tests.making import make_alert, make_outlet

TOKEN = "t" * 32
POOLS = ("officers", "public", "watch", "dispatcher")


async def read(house: House, token: str = TOKEN) -> tuple[int, Mapping[tuple[str, str], float]]:
    """The status, and each sample by its name and labels."""
    async with client_of(replace(house, metrics_token=TOKEN)) as client:
        answer = await client.get("/metrics", headers={"authorization": f"Bearer {token}"} if token else {})
    if answer.status_code != 200:
        return answer.status_code, {}
    samples = [s for family in text_string_to_metric_families(answer.text) for s in family.samples]
    return 200, {(s.name, ",".join(f"{v}" for _, v in sorted(s.labels.items()))): s.value for s in samples}


async def test_only_for_who_has_the_token(house: House) -> None:
    for wrong in ("", "x", TOKEN[:-1]):
        assert (await read(house, wrong))[0] == 401
    async with client_of(house) as client:  # none was set
        assert (await client.get("/metrics", headers={"authorization": "Bearer "})).status_code == 401


async def test_what_waits_is_counted_and_aged_whatever_it_waits_for(house: House) -> None:
    await make_outlet(house, name="push")
    await make_outlet(house, name="poll", carrier="feed")
    await make_alert(house)
    _, found = await read(house)
    assert found["huijia_undelivered", "due"] == found["huijia_undelivered", "polled"] == 1
    assert 0 <= found["huijia_oldest_undelivered_seconds", "due"] < 60
    assert found["huijia_deliveries", "screen,publish,pending"] == 2
    assert found["huijia_store_up", ""] == 1
    assert found["huijia_dispatchers", ""] == 0


async def test_a_dispatcher_that_is_seen(house: House) -> None:
    async with transaction(house.engine) as session:
        await seen(session, "w:1", {"in_flight": 3})
    assert (await read(house))[1]["huijia_dispatchers", ""] == 1


@pytest.mark.parametrize(
    "begun",
    [
        ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1"),
        ("UPDATE alert SET head = head WHERE false", "SELECT pg_current_xact_id()"),
    ],
    ids=["a snapshot", "a change that is not committed"],
)
async def test_a_forgotten_transaction_is_seen(house: House, begun: Sequence[str]) -> None:
    assert (await read(house))[1]["huijia_oldest_snapshot_seconds", ""] < 60
    async with house.engine.connect() as forgotten:
        for statement in begun:
            await forgotten.execute(text(statement))
        await asyncio.sleep(0.3)
        assert (await read(house))[1]["huijia_oldest_snapshot_seconds", ""] >= 0.3


async def test_while_the_database_is_away(house: House) -> None:
    nowhere = connect("postgresql://nobody@127.0.0.1:1/none")
    status, found = await read(replace(house, watch=nowhere))
    assert (status, found["huijia_store_up", ""]) == (200, 0)
    assert ("huijia_dispatchers", "") not in found
    await nowhere.dispose()


async def test_a_full_pool_of_the_officers_is_no_database_that_is_away(house: House) -> None:
    held = [await house.engine.connect() for _ in range(20)]
    _, found = await read(house)
    assert (found["huijia_store_up", ""], found["huijia_unread", ""]) == (1, 0)
    for connection in held:
        await connection.close()


async def change(house: House, *statements: str) -> None:
    async with transaction(house.engine) as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_of_an_older_schema_what_can_be_read(house: House) -> None:
    assert (await read(house))[1]["huijia_schema_behind", ""] == 0
    await change(house, "UPDATE alembic_version SET version_num = '0021'", "DROP TABLE watch, trouble")
    _, found = await read(house)
    assert (found["huijia_store_up", ""], found["huijia_schema_behind", ""]) == (1, 1)
    assert (found["huijia_unread", ""], found["huijia_dispatchers", ""]) == (2, 0)


async def test_of_an_empty_database_that_it_is_empty(house: House) -> None:
    await change(house, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    status, found = await read(house)
    assert (status, found["huijia_store_up", ""], found["huijia_schema_behind", ""]) == (200, 1, 1)


async def test_while_a_table_is_locked_all_the_rest(house: House) -> None:
    async with transaction(house.engine) as session:
        await session.execute(text("LOCK TABLE worker IN ACCESS EXCLUSIVE MODE"))
        _, found = await read(house)
    assert (found["huijia_store_up", ""], found["huijia_unread", ""]) == (1, 1)
    assert ("huijia_dispatchers", "") not in found
    assert found["huijia_retractions_unheard", ""] == 0


@pytest.mark.parametrize(
    ("state", "lane", "tries", "waits"),
    [
        ("pending", "push", 0, "due"),
        ("pending", "push", 1, "retry"),
        ("sending", "push", 1, "sending"),
        ("sending", "push", 2, "retry"),
        ("pending", "paced", 0, "paced"),
        ("pending", "paced", 1, "retry"),
        ("sending", "paced", 1, "sending"),
        ("sending", "paced", 2, "retry"),
        ("pending", "polled", 0, "polled"),
        ("pending", "polled", 1, "polled"),
        ("pending", "played", 1, "played"),
        ("failed", "paced", 3, "failed"),
    ],
)
async def test_an_outlet_that_is_down_is_no_trouble_of_ours(
    house: House, state: str, lane: str, tries: int, waits: str
) -> None:
    """What was tried is a retry, however often it is sent and at whatever pace; of the rest we are the ones to be called."""
    await make_outlet(house)
    await make_alert(house)
    await change(
        house,
        f"UPDATE delivery SET state = '{state}', lane = '{lane}', tries = {tries}, created_at = now() - interval '90 s'",
    )
    _, found = await read(house)
    assert {labels: n for (name, labels), n in found.items() if name == "huijia_undelivered"} == {waits: 1}
    assert 90 <= found["huijia_oldest_undelivered_seconds", waits] < 120


async def test_who_was_telephoned_has_heard_of_it(house: House) -> None:
    await make_outlet(house)
    await make_alert(house)
    await change(
        house, "UPDATE delivery SET kind = 'retract', state = 'failed', created_at = now() - interval '2 minutes'"
    )
    assert (await read(house))[1]["huijia_retractions_unheard", ""] == 1
    await change(house, "INSERT INTO phoned (delivery_id, by) SELECT id, 'x' FROM delivery")
    assert (await read(house))[1]["huijia_retractions_unheard", ""] == 0


async def test_every_trouble_by_its_name_at_every_process(house: House) -> None:
    _, found = await read(house)
    assert {labels: n for (name, labels), n in found.items() if name == "huijia_trouble"} == dict.fromkeys(NAMES, 0)
    assert found["huijia_watchdog_looked_seconds", ""] == float("inf")
    await Watchdog(house.watch, FakeWire(reply()), None).look()
    _, found = await read(house)
    assert [name for name in NAMES if found["huijia_trouble", name]] == ["dispatcher_silent"]
    assert found["huijia_watchdog_looked_seconds", ""] < 5
    await change(
        house, "UPDATE trouble SET told_at = now(), over_at = now()", "INSERT INTO trouble VALUES ('newer', 'x')"
    )
    _, found = await read(house)
    assert (found["huijia_trouble", "dispatcher_silent"], found["huijia_trouble", "newer"]) == (0, 1)


async def test_what_ended_yesterday_is_no_longer_counted(house: House) -> None:
    await make_outlet(house)
    await make_alert(house)
    await change(house, "UPDATE alert SET state = 'retracted', ended_at = now() - interval '25 hours'")
    assert not [name for name, _ in (await read(house))[1] if name == "huijia_deliveries"]


async def test_the_pools_are_counted_when_somebody_asks(database: str, tmp_path: Path) -> None:
    """The officers', the public's, the watchdog's and the dispatcher's, and how many connections each may have."""
    settings = Settings(_env_file=None, data=tmp_path)
    house, stop = build_house(settings, database), asyncio.Event()
    stop.set()
    await work(settings, database, stop)
    before = (await read(house))[1]
    async with house.engine.connect(), house.engine.connect(), house.crowd.connect(), house.watch.connect():
        after = (await read(house))[1]
    assert [after["huijia_pool_in_use", p] - before["huijia_pool_in_use", p] for p in POOLS] == [2, 1, 1, 0]
    assert [after["huijia_pool_limit", p] for p in POOLS] == [40, 10, 4, 20]
    await close_house(house)


async def test_a_pool_has_no_more_than_its_limit() -> None:
    """What is said of it is what SQLAlchemy was told."""
    engine = connect("postgresql://nobody@127.0.0.1:1/none", pool=3)
    assert limit(engine) == 3 + engine.pool._max_overflow  # type: ignore[attr-defined]
    await engine.dispose()
