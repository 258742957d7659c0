"""The platform calls huijia back: states as they change, and heartbeats."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from sandbox.ebd.packet import Rejected, opened
from sandbox.ebd.server import Post

LOOK_SECONDS = 0.1

log = logging.getLogger("sandbox.ebd")


class Caller:
    """``told`` are the codes that huijia answered with, in order; ``None`` for no answer that can be read."""

    def __init__(self, client: httpx.AsyncClient, post: Post, *, beat_seconds: float = 30.0) -> None:
        self.told: list[int | None] = []
        self._client = client
        self._post = post
        self._beat_seconds = beat_seconds

    async def run(self) -> None:
        """Until cancelled. Says nothing before huijia has said where to."""
        beaten = 0.0
        loop = asyncio.get_running_loop()
        while True:
            if self._post.callback:
                if loop.time() - beaten >= self._beat_seconds:
                    beaten = loop.time()
                    await self.beat()
                await self.report()
            await asyncio.sleep(LOOK_SECONDS)

    async def report(self) -> None:
        """Tell every state that has changed since it was told."""
        now = self._post.clock()
        for one in list(self._post.platform.changed(now)):
            await self.send(*self._post.voice.report(one.ebmid, one.ebdid, now))

    async def beat(self) -> None:
        """One heartbeat."""
        await self.send(*self._post.voice.heartbeat(self._post.clock()))

    async def send(self, ebdid: str, tar: bytes) -> int | None:
        """One packet to huijia, and the ResultCode of its answer."""
        form = {"file": (f"EBDT_{ebdid}.tar", tar, "application/octet-stream")}
        try:
            reply = await self._client.post(self._post.callback, files=form)
            name = reply.headers["content-disposition"].partition("filename=")[2]
            answer = opened(name, reply.content)
            code: int | None = int(answer.text("EBDResponse/ResultCode"))
        except (httpx.HTTPError, Rejected, ValueError, KeyError) as error:
            log.warning("no answer to a report that can be read (%s)", type(error).__name__)
            code = None
        self.told.append(code)
        return code


@asynccontextmanager
async def calling(post: Post, client: httpx.AsyncClient, beat_seconds: float = 30.0) -> AsyncIterator[None]:
    """While the platform calls back by itself."""
    running = asyncio.create_task(Caller(client, post, beat_seconds=beat_seconds).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
