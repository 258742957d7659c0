"""procrastinate: a queue in PostgreSQL with stored procedures and NOTIFY; a job's row keeps its end."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from procrastinate import App, PsycopgConnector

from bench.peers import issuer
from bench.peers.given import STORE
from bench.peers.sender import deliver

app = App(connector=PsycopgConnector(conninfo=STORE, max_size=20))
take = app.task(name="deliver")(deliver)


@asynccontextmanager
async def opened() -> AsyncIterator[issuer.Issue]:
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()

        async def issue(count: int) -> float:
            await take.batch_defer_async(*({"n": n} for n in range(count)))
            return time.time()

        yield issue


if __name__ == "__main__":
    issuer.serve(opened)
