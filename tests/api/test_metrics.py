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
from app.flows.house import House
from app.main import build_house, close_house
from app.settings import Settings
from app.worker import work
from tests.api.stage import client_of
from tests.making import make_alert, make_outlet

TOKEN = "t" * 32
POOLS = ("officers", "public", "dispatcher")


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
    status, found = await read(replace(house, engine=nowhere))
    assert (status, found["huijia_store_up", ""]) == (200, 0)
    assert ("huijia_dispatchers", "") not in found
    await nowhere.dispose()


async def test_the_pools_are_counted_when_somebody_asks(database: str, tmp_path: Path) -> None:
    """The officers', the public's and the dispatcher's, and how many connections each may have."""
    settings = Settings(_env_file=None, data=tmp_path)
    house, stop = build_house(settings, database), asyncio.Event()
    stop.set()
    await work(settings, database, stop)
    before = (await read(house))[1]
    async with house.engine.connect(), house.engine.connect(), house.crowd.connect():
        after = (await read(house))[1]
    assert [after["huijia_pool_in_use", p] - before["huijia_pool_in_use", p] for p in POOLS] == [2, 1, 0]
    assert [after["huijia_pool_limit", p] for p in POOLS] == [40, 10, 20]
    await close_house(house)


async def test_a_pool_has_no_more_than_its_limit() -> None:
    """What is said of it is what SQLAlchemy was told."""
    engine = connect("postgresql://nobody@127.0.0.1:1/none", pool=3)
    assert limit(engine) == 3 + engine.pool._max_overflow  # type: ignore[attr-defined]
    await engine.dispose()
