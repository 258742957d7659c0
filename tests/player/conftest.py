"""A service and a browser for each test."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from app.flows.house import House
from tests.serving import Station, browsing, station


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as one:
        yield one


@pytest.fixture
async def here(house: House) -> AsyncIterator[Station]:
    async with station(house) as made:
        yield made
