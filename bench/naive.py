"""The design that everybody writes first: for each delivery a transaction and an httpx call, fifty workers."""

import asyncio
import time

import httpx
from sqlalchemy import text

from app.db.engine import connect, transaction
from bench.hosts import BODY, address


async def send_all(url: str, outlets: int, port: int, workers: int = 50) -> tuple[float, float]:
    """POST to every outlet; each result is written before the next call. The moments of the beginning and the end."""
    engine = connect(url, pool=workers)
    async with transaction(engine) as session:
        await session.execute(text("CREATE TABLE IF NOT EXISTS naive (id bigserial PRIMARY KEY, n int, state text)"))
        await session.execute(text("TRUNCATE naive"))
        await session.execute(
            text("INSERT INTO naive (n, state) SELECT g, 'pending' FROM generate_series(0, :n) g"), {"n": outlets - 1}
        )
    left = iter(range(outlets))

    async def work(client: httpx.AsyncClient) -> None:
        for n in left:
            answer = await client.post(f"http://{address(n)}:{port}/hook", content=BODY)
            async with transaction(engine) as session:
                state = "accepted" if answer.status_code == 200 else "failed"
                await session.execute(text("UPDATE naive SET state = :s WHERE n = :n"), {"s": state, "n": n})

    begun = time.time()
    async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        await asyncio.gather(*(work(client) for _ in range(workers)))
    ended = time.time()
    await engine.dispose()
    return begun, ended
