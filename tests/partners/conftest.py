"""A service for each test."""

from collections.abc import AsyncIterator

import pytest

from app.flows.house import House
from tests.partners.stage import Service, service


@pytest.fixture
async def made(house: House) -> AsyncIterator[Service]:
    async with service(house) as one:
        yield one
