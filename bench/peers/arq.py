"""arq: asyncio workers on Redis; it keeps results for an hour."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import arq
from arq.connections import RedisSettings

from bench.peers import issuer
from bench.peers.given import IN_FLIGHT, STORE
from bench.peers.sender import deliver

QUIET = {"version": 1}
AT_ONCE = 50


async def take(_: Mapping[str, Any], n: int) -> None:
    await deliver(n)


class Settings:
    """What ``arq`` runs."""

    functions: ClassVar = [take]
    redis_settings = RedisSettings.from_dsn(STORE)
    max_jobs = IN_FLIGHT
    poll_delay = 0.05  # half a second as it comes
    log_results = False


@asynccontextmanager
async def opened() -> AsyncIterator[issuer.Issue]:
    pool = await arq.create_pool(Settings.redis_settings)
    room = asyncio.Semaphore(AT_ONCE)

    async def one(n: int) -> None:
        async with room:
            assert await pool.enqueue_job("take", n) is not None

    async def issue(count: int) -> float:
        begun = time.time()
        await asyncio.gather(*(one(n) for n in range(count)))
        return begun

    yield issue
    await pool.aclose()


if __name__ == "__main__":
    issuer.serve(opened)
