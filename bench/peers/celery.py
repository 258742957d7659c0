"""Celery on Redis: prefork, each process one call at a time, results kept in Redis. The client that one would pick is
requests."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache

import requests
from celery import Celery
from pyreqwest.client import SyncClient, SyncClientBuilder

from bench.client import LIMIT, headers
from bench.hosts import BODY, hook
from bench.peers import issuer
from bench.peers.given import PICKED, PORT, STORE

app = Celery("bench", broker=STORE, backend=STORE)
app.conf.update(task_ignore_result=False, result_expires=timedelta(hours=1), worker_prefetch_multiplier=16)


@cache
def ours() -> SyncClient:
    """One for each process, made after the fork."""
    builder = SyncClientBuilder().follow_redirects(False).no_proxy().error_for_status(True)
    return builder.gzip(False).brotli(False).deflate(False).zstd(False).pool_max_idle_per_host(0).build()


def deliver(n: int) -> None:
    """One signed POST to the n-th outlet."""
    url = hook(n, PORT)
    if PICKED:
        limit = LIMIT.total_seconds()
        requests.post(url, data=BODY, headers=headers(n), timeout=limit, allow_redirects=False).raise_for_status()
        return
    request = ours().post(url).headers(headers(n)).body_bytes(BODY).timeout(LIMIT)
    request.build().send().bytes()


take = app.task(name="deliver")(deliver)


@asynccontextmanager
async def opened() -> AsyncIterator[issuer.Issue]:
    def hand_over(count: int) -> float:
        begun = time.time()
        with app.producer_pool.acquire(block=True) as producer:
            for n in range(count):
                take.apply_async((n,), producer=producer)
        return begun

    async def issue(count: int) -> float:
        return await asyncio.to_thread(hand_over, count)

    yield issue


if __name__ == "__main__":
    issuer.serve(opened)
