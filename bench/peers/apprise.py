"""Apprise: a list of addresses that are all told, from the process that asks. Nothing is written anywhere, and nothing is
signed: it cannot. A message's id goes as a header of its address."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import apprise

from bench.hosts import address
from bench.peers import issuer
from bench.peers.given import PORT

TEXT = "x" * 1400  # it wraps it into an object of its own: 1.5 KB on the wire


def told(n: int) -> str:
    """The n-th outlet as Apprise writes it."""
    return f"json://{address(n)}:{PORT}/hook?+webhook-id=dlv_{n}"


@asynccontextmanager
async def opened() -> AsyncIterator[issuer.Issue]:
    async def issue(count: int) -> float:
        everybody = apprise.Apprise()
        assert all(everybody.add(told(n)) for n in range(count))
        begun = time.time()
        assert await everybody.async_notify(body=TEXT)
        return begun

    yield issue


if __name__ == "__main__":
    issuer.serve(opened)
