"""A desk that follows the ledger."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.api.feed_desk import FeedDesk
from app.flows.house import House


@asynccontextmanager
async def following(house: House) -> AsyncIterator[FeedDesk]:
    """As one API process has it."""
    desk, stop = FeedDesk(house), asyncio.Event()
    running = asyncio.create_task(desk.run(stop))
    try:
        yield desk
    finally:
        stop.set()
        await running
