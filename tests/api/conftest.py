"""The API on a database of its own: a fresh one for each test, or one for a whole module that writes nothing."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.flows.house import House
from tests.api.served import served
from tests.api.stage import Stage, client_of, set_stage
from tests.conftest import fresh_database, house_on


@pytest.fixture
async def stage(house: House) -> AsyncIterator[Stage]:
    async with client_of(house) as client:
        yield await set_stage(house, client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_house(server: str) -> AsyncIterator[House]:
    """As ``house``, kept for the tests of one module, which run in one loop."""
    async with fresh_database(server) as url, house_on(url) as made:
        yield made


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
