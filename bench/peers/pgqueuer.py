"""pgqueuer: a queue in PostgreSQL, SKIP LOCKED and NOTIFY; a job is logged when it is done."""

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvloop
from pgqueuer import AsyncpgPoolDriver, Job, PgQueuer, Queries, run

from bench.peers import issuer
from bench.peers.given import IN_FLIGHT, STORE
from bench.peers.sender import deliver


async def take(job: Job) -> None:
    await deliver(int(job.payload or b""))


@asynccontextmanager
async def worker() -> AsyncIterator[PgQueuer]:
    """What the worker runs."""
    async with asyncpg.create_pool(STORE, min_size=2) as pool:
        found = PgQueuer(AsyncpgPoolDriver(pool))
        found.entrypoint("deliver")(take)
        yield found


@asynccontextmanager
async def opened() -> AsyncIterator[issuer.Issue]:
    async with asyncpg.create_pool(STORE, min_size=1) as pool:
        queries = Queries(AsyncpgPoolDriver(pool))
        if not await queries.has_table("pgqueuer"):
            await queries.install()

        async def issue(count: int) -> float:
            payloads: list[bytes | None] = [str(n).encode() for n in range(count)]
            await queries.enqueue(["deliver"] * count, payloads, [0] * count)
            return time.time()

        yield issue


if __name__ == "__main__":
    if "work" in sys.argv:
        uvloop.run(run(worker, batch_size=IN_FLIGHT, max_concurrent_tasks=2 * IN_FLIGHT))
    else:
        issuer.serve(opened)
