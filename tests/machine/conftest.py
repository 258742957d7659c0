"""One building for a test; the loop that its connections live on stays open between two steps of a walk."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.machine.building import Building, building
from tests.machine.world import World


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def site(database: str, runner: asyncio.Runner) -> Iterator[Building]:
    """For tests that are not coroutines themselves."""
    opened = building(database)
    yield runner.run(opened.__aenter__())
    runner.run(opened.__aexit__(None, None, None))


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with building(database) as built:
        yield await built.world()
