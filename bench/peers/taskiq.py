"""taskiq on Redis: a list as the queue, results kept in Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend

from bench.peers import issuer
from bench.peers.given import STORE
from bench.peers.sender import deliver

AT_ONCE = 50

broker = ListQueueBroker(STORE).with_result_backend(RedisAsyncResultBackend(STORE, result_ex_time=3600))
take = broker.task(task_name="deliver")(deliver)


@asynccontextmanager
async def opened() -> AsyncIterator[issuer.Issue]:
    await broker.startup()
    room = asyncio.Semaphore(AT_ONCE)

    async def one(n: int) -> None:
        async with room:
            await take.kiq(n)

    async def issue(count: int) -> float:
        begun = time.time()
        await asyncio.gather(*(one(n) for n in range(count)))
        return begun

    yield issue
    await broker.shutdown()


if __name__ == "__main__":
    issuer.serve(opened)
