"""The API on a database of its own: a fresh one for each test, or one for a whole module that writes nothing."""

from collections.abc import AsyncIterator

import pytest

from app.flows.house import House
from tests.api.stage import Stage, client_of, set_stage


@pytest.fixture
async def stage(house: House) -> AsyncIterator[Stage]:
    async with client_of(house) as client:
        yield await set_stage(house, client)
