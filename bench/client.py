"""The client that huijia sends with, and nothing else: no database, the same bytes, the same bounds."""

import asyncio
import base64
import hashlib
import hmac
import time
from datetime import timedelta

from pyreqwest.client import ClientBuilder

from bench.hosts import BODY, address

KEY = base64.b64decode("a" * 43 + "=")


async def send_all(outlets: int, port: int, in_flight: int = 2000) -> tuple[float, float]:
    """POST to every outlet on a new connection; the moments of the beginning and the end."""
    builder = ClientBuilder().follow_redirects(False).no_proxy().error_for_status(False)
    client = builder.gzip(False).brotli(False).deflate(False).zstd(False).pool_max_idle_per_host(0).build()
    room = asyncio.Semaphore(in_flight)
    limit = timedelta(seconds=8)

    async def one(n: int) -> None:
        async with room:
            stamp = str(int(time.time()))
            digest = hmac.new(KEY, f"dlv_{n}.{stamp}.".encode() + BODY, hashlib.sha256).digest()
            headers = {
                "content-type": "application/json",
                "webhook-id": f"dlv_{n}",
                "webhook-timestamp": stamp,
                "webhook-signature": "v1," + base64.b64encode(digest).decode(),
            }
            request = client.post(f"http://{address(n)}:{port}/hook").headers(headers).body_bytes(BODY).timeout(limit)
            async with request.build_streamed() as response:
                await response.body_reader.read(65536)

    begun = time.time()
    await asyncio.gather(*(one(n) for n in range(outlets)))
    ended = time.time()
    await client.close()
    return begun, ended
