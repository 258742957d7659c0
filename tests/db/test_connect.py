"""URLs as people have them, and pools that keep the public from the officers."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import SERVER_SETTINGS, StoreUnavailable, _connected, connect, transaction
from app.flows.house import House
from tests.api.stage import client_of
from tests.making import make_alert


@pytest.mark.parametrize("mode", ["disable", "prefer", "allow"])
async def test_libpq_says_sslmode(database: str, mode: str) -> None:
    sign = "&" if "?" in database else "?"
    engine = connect(f"{database}{sign}sslmode={mode}")
    async with transaction(engine) as session:
        assert (await session.execute(text("SELECT 1"))).scalar_one() == 1
    await engine.dispose()


async def test_a_crowd_at_the_childs_page_takes_no_connection_from_an_officer(house: House) -> None:
    code = await make_alert(house)
    async with client_of(house) as client:
        held = [await house.crowd.connect() for _ in range(4)]
        page = asyncio.create_task(client.get(f"/p/{code}"))
        async with asyncio.timeout(2):
            async with transaction(house.engine) as session:
                await session.execute(text("SELECT 1"))
        assert not page.done(), "the public waits for one of its own"
        for connection in held:
            await connection.close()
        assert (await page).status_code == 200


async def test_a_connection_that_was_lost_meanwhile_is_made_anew(database: str) -> None:
    engine, other = connect(database, pool=1), connect(database, pool=1)
    async with transaction(engine) as session:
        driver = (await session.get_raw_connection()).driver_connection
        pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    async with transaction(other) as session:
        await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    assert driver is not None
    async with asyncio.timeout(10):
        while not driver.is_closed():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    async with transaction(engine) as session:
        assert (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one() != pid
    await engine.dispose()
    await other.dispose()


async def test_who_gets_no_connection_in_time_is_told(database: str) -> None:
    engine = connect(database, pool=1, waits=0.2)
    async with engine.connect(), engine.connect():
        with pytest.raises(StoreUnavailable):
            async with transaction(engine):
                pass
    await engine.dispose()


async def test_a_connection_of_its_own_is_set_as_all_are(database: str) -> None:
    """Over TCP the server looks after who is gone: what only one process may do is soon another's."""
    engine = connect(database)
    async with _connected(engine) as (connection, _):
        for name, value in SERVER_SETTINGS.items():
            if not name.startswith("tcp_"):  # tests come by a socket of the file system
                assert await connection.fetchval("SELECT current_setting($1)", name) == value, name
    await engine.dispose()


async def test_a_begin_that_was_answered_too_late_is_nobodys(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has been carried out: who came next on that connection would write into a transaction that nobody commits."""
    engine, aside = connect(database, pool=1), connect(database, pool=1)
    async with transaction(engine) as session:
        await session.execute(text("CREATE TABLE told (id int)"))
    execute = asyncpg.Connection.execute

    async def answered_late(connection: asyncpg.Connection, query: str, *given: object, **named: object) -> str:
        done = await execute(connection, query, *given, **named)
        if query.startswith("BEGIN"):
            raise TimeoutError
        return str(done)

    with monkeypatch.context() as slow:
        slow.setattr(asyncpg.Connection, "execute", answered_late)
        with pytest.raises(StoreUnavailable):
            await _write(engine)
    await _write(engine)
    async with transaction(aside) as session:
        assert (await session.execute(text("SELECT count(*) FROM told"))).scalar_one() == 1
    await engine.dispose()
    await aside.dispose()


async def _write(engine: AsyncEngine) -> None:
    async with transaction(engine) as session:
        await session.execute(text("INSERT INTO told VALUES (1)"))
