"""The client that huijia sends with, and nothing else: no database, the same bytes, the same bounds."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder

from bench.hosts import BODY, address

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


def build() -> Client:
    """As ``app.dispatch.wire`` does, but that no connection is kept."""
    builder = ClientBuilder().follow_redirects(False).no_proxy().error_for_status(False)
    return builder.gzip(False).brotli(False).deflate(False).zstd(False).pool_max_idle_per_host(0).build()


async def send(client: Client, n: int, port: int) -> None:
    """One signed POST to the n-th outlet."""
    request = client.post(f"http://{address(n)}:{port}/hook").headers(headers(n)).body_bytes(BODY).timeout(LIMIT)
    async with request.build_streamed() as response:
        await response.body_reader.read(65536)
        assert response.status == 200, response.status


async def send_all(outlets: int, port: int, in_flight: int = 2000) -> tuple[float, float]:
    """POST to every outlet on a new connection; the moments of the beginning and the end."""
    client = build()
    room = asyncio.Semaphore(in_flight)

    async def one(n: int) -> None:
        async with room:
            await send(client, n, port)

    begun = time.time()
    await asyncio.gather(*(one(n) for n in range(outlets)))
    ended = time.time()
    await client.close()
    return begun, ended
