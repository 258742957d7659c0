"""One browser and one service a module: pages are looked at, and looking changes nothing."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.conftest import fresh_database, house_on
from tests.console_browser.desk import PATIENCE
from tests.serving import Station, browsing, station

expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(browser: Browser, server: str) -> AsyncIterator[Station]:
    """After the browser: where there is none, nothing is started."""
    async with fresh_database(server) as url, house_on(url) as house, station(house) as made:
        yield made
