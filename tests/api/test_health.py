"""Ready is who could take a record now, and whoever asks takes nothing from those who do."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.db.engine import in_use, transaction
from app.flows.house import House
from tests.api.stage import client_of
from tests.conftest import house_on, migrate, throw_away

TOKEN = "t" * 32


async def change(house: House, *statements: str) -> None:
    async with transaction(house.engine) as session:
        for statement in statements:
            await session.execute(text(statement))


async def asked(house: House) -> httpx.Response:
    async with client_of(house) as client:
        return await client.get("/health/ready")


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE alembic_version SET version_num = '0021'", "DROP TABLE watch, trouble"),
        ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"),
    ],
    ids=["an older schema", "an empty database"],
)
async def test_not_on_a_database_that_must_be_migrated_first(house: House, statements: tuple[str, ...]) -> None:
    await change(house, *statements)
    answer = await asked(house)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    said = answer.json()
    assert said["type"] == "urn:huijia:problem:store-unavailable"
    assert "数据库结构" in said["detail"]
    assert "schema" in said["detail_en"]
    assert "huijia migrate" in said["remedy"]
    assert "huijia migrate" in said["remedy_en"]


async def test_on_one_of_a_newer_program(house: House) -> None:
    """An upgrade under way: the database comes first, and the processes one by one."""
    await change(house, "UPDATE alembic_version SET version_num = '9999'")
    assert (await asked(house)).status_code == 200


async def test_with_a_full_pool_of_the_officers(house: House) -> None:
    held = [await house.engine.connect() for _ in range(20)]
    assert (await asked(house)).status_code == 200
    for connection in held:
        await connection.close()


async def test_when_nobody_can_count(house: House) -> None:
    async with transaction(house.engine) as session:
        await session.execute(text("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE"))
        answer = await asked(house)
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok", "dispatchers": 0, "late_to_expire": 0, "undelivered": None, "oldest_undelivered_seconds": None,
    }  # fmt: skip


async def test_a_crowd_that_asks_is_answered_with_one_look(house: House) -> None:
    most = 0
    async with transaction(house.engine) as session, client_of(house) as client:
        await session.execute(text("LOCK TABLE worker IN ACCESS EXCLUSIVE MODE"))
        crowd = asyncio.gather(*(client.get("/health/ready") for _ in range(100)))
        while not crowd.done():
            most = max(most, in_use(house.watch))
            await asyncio.sleep(0.01)
        assert {answer.status_code for answer in await crowd} <= {200, 503}
    assert most == 1


@pytest.fixture(scope="module")
def apart() -> Iterator[str]:
    """A PostgreSQL that nobody else needs."""
    with throw_away() as url:
        migrate(url)
        yield url


@pytest.fixture
async def lonely(apart: str) -> AsyncIterator[House]:
    async with house_on(apart) as made:
        yield replace(made, metrics_token=TOKEN)


@contextmanager
def hanging(postmaster: int) -> Iterator[None]:
    """All of it stands still and keeps its connections, as when its disk does not answer."""
    pids = [postmaster, *_offspring(postmaster)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _offspring(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _pid(file: Path) -> int:
    return int(file.read_text().split()[0])


async def test_a_database_that_hangs_is_told_before_prometheus_gives_up(lonely: House) -> None:
    async with transaction(lonely.watch) as session:
        folder = (await session.execute(text("SHOW data_directory"))).scalar_one()
    postmaster = _pid(Path(folder, "postmaster.pid"))
    headers = {"authorization": f"Bearer {TOKEN}"}

    async def timed(client: httpx.AsyncClient, path: str) -> tuple[Any, float]:
        begun = time.monotonic()
        return await client.get(path, headers=headers), time.monotonic() - begun

    async with client_of(lonely) as client:
        assert "huijia_store_up 1" in (await client.get("/metrics", headers=headers)).text
        assert (await client.get("/health/ready")).status_code == 200
        lonely.sparing._good_until.clear()
        with hanging(postmaster):
            for _ in range(2):
                both = await asyncio.gather(timed(client, "/metrics"), timed(client, "/health/ready"))
                (metrics, took), (ready, waited) = both
                assert "huijia_store_up 0" in metrics.text
                assert ready.status_code == 503
                assert took < 9
                assert waited < 10
        assert "huijia_store_up 1" in (await client.get("/metrics", headers=headers)).text
