"""The task of every peer that lets its user choose the client: huijia's own, so that what differs is the queue."""

from functools import cache

from pyreqwest.client import Client

from bench import client
from bench.peers.given import PORT


@cache
def ours() -> Client:
    """One for each process, made where it is first used: after a fork, that is."""
    return client.build()


async def deliver(n: int) -> None:
    """One signed POST to the n-th outlet; an exception is the peer's to record."""
    await client.send(ours(), n, PORT)
