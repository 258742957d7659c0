"""The task of every peer that lets its user choose the client: huijia's own, so that what differs is the queue; or aiohttp,
which is what one picks who looks for a quick one."""

from functools import cache

import aiohttp
from pyreqwest.client import Client

from bench import client
from bench.hosts import BODY, hook
from bench.peers.given import PICKED, PORT


@cache
def ours() -> Client:
    """One for each process, made where it is first used: after a fork, that is."""
    return client.build()


async def deliver(n: int) -> None:
    """One signed POST to the n-th outlet; an exception is the peer's to record."""
    await (_by_aiohttp(n) if PICKED else client.send(ours(), n, hook(n, PORT)))


async def _by_aiohttp(n: int) -> None:
    session = _session()
    async with session.post(hook(n, PORT), data=BODY, headers=client.headers(n), allow_redirects=False) as answer:
        await answer.read()
        assert answer.status == 200, answer.status


@cache
def _session() -> aiohttp.ClientSession:
    limit = aiohttp.ClientTimeout(total=client.LIMIT.total_seconds())
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True), timeout=limit)
