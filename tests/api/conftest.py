"""The API on a database of its own: a fresh one for each test, or one for a whole module that writes nothing."""

import base64
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from app.db.engine import connect, connect_to_watch
from app.dispatch.press import HousePress
from app.dispatch.wiring import wire
from app.flows.house import House
from app.flows.ports import Seal
from tests.api.served import served
from tests.api.stage import BASE, Stage, client_of, set_stage


@pytest.fixture
async def stage(house: House) -> AsyncIterator[Stage]:
    async with client_of(house) as client:
        yield await set_stage(house, client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_house(server: str) -> AsyncIterator[House]:
    """As ``house``, kept for the tests of one module, which run in one loop."""
    template, name = make_url(server), f"m_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(
        template.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    )
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template.database} STRATEGY FILE_COPY")
    secret = base64.b64encode(secrets.token_bytes(32))
    url = template.set(database=name).render_as_string(hide_password=False)
    made = House(
        connect(url, pool=5),
        connect(url, pool=2),
        connect_to_watch(url),
        Seal(Fernet.generate_key().decode()),
        HousePress(BASE, secret),
        wire,
        BASE,
        secret,
    )
    yield made
    await made.watch.dispose()
    await made.crowd.dispose()
    await made.engine.dispose()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(module_house: House) -> AsyncIterator[Stage]:
    """A stage for a module whose tests do not look at each other's alerts."""
    async with client_of(module_house) as client:
        yield await set_stage(module_house, client)


@pytest.fixture
async def live_stage(house: House) -> AsyncIterator[Stage]:
    """A stage that follows the ledger, over a real connection."""
    async with served(house) as stage:
        yield stage
