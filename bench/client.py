"""The client that huijia sends with, and nothing else: no database, the same bytes, the same bounds."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder

from bench.hosts import BODY, hook

KEY = base64.b64decode("a" * 43 + "=")
LIMIT = timedelta(seconds=8)


def headers(n: int, body: bytes = BODY) -> Mapping[str, str]:
    """Signed as Standard Webhooks 1.0 says."""
    stamp = str(int(time.time()))
    digest = hmac.new(KEY, f"dlv_{n}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": f"dlv_{n}",
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def build(*, keeps: timedelta | None = None, http2: bool = False) -> Client:
    """As ``app.dispatch.ways`` does; no connection is kept, or all are, for so long. (Peers import this beside what they run
    with, and nothing of huijia's.)"""
    builder = ClientBuilder().follow_redirects(False).no_proxy().error_for_status(False).http2(http2)
    builder = builder.gzip(False).brotli(False).deflate(False).zstd(False)
    return (builder.pool_idle_timeout(keeps) if keeps else builder.pool_max_idle_per_host(0)).build()


async def send(client: Client, n: int, url: str) -> str:
    """One signed POST to the n-th outlet, which is there; the protocol that it was answered by."""
    request = client.post(url).headers(headers(n)).body_bytes(BODY).timeout(LIMIT)
    async with request.build_streamed() as response:
        await response.body_reader.read(65536)
        assert response.status == 200, response.status
        return response.version


async def send_by(
    client: Client, outlets: Iterable[int], port: int, in_flight: int = 2000, *, tls: bool = False
) -> float:
    """POST to each of these outlets; the moment of the beginning."""
    room = asyncio.Semaphore(in_flight)

    async def one(n: int) -> None:
        async with room:
            await send(client, n, hook(n, port, tls=tls))

    begun = time.time()
    await asyncio.gather(*map(one, outlets))
    return begun


async def send_all(outlets: int, port: int, in_flight: int = 2000, *, tls: bool = False) -> tuple[float, float]:
    """POST to every outlet on a new connection; the moments of the beginning and the end."""
    client = build()
    begun = await send_by(client, range(outlets), port, in_flight, tls=tls)
    ended = time.time()
    await client.close()
    return begun, ended
