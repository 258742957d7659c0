"""A huijia that follows its ledger and answers on a port of this machine, as `huijia api` runs it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import uvicorn
from fastapi import FastAPI

from app.flows.house import House
from app.main import build_app
from tests.api.stage import Stage, set_stage


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The address. On leaving, open streams are let go first."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=3)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[door]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, not an event
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            app.state.desk.close()
            server.should_exit = True
            await serving


@asynccontextmanager
async def served(house: House) -> AsyncIterator[Stage]:
    """A stage over a real connection."""
    async with listening(build_app(house)) as address, httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield await set_stage(house, client)


@dataclass
class Event:
    """One server-sent event."""

    id: str = ""
    kind: str = "message"
    data: Any = None


@dataclass
class Stream:
    """Reads a stream as a browser does."""

    lines: AsyncIterator[str]
    retry: int = 0
    last_id: str = ""
    seen: list[Event] = field(default_factory=list)

    async def next(self, kind: str | None = None, seconds: float = 5) -> Event:
        """The next event, or the next of that kind."""
        async with asyncio.timeout(seconds):
            while True:
                event = await self._event()
                self.seen.append(event)
                if kind in (None, event.kind):
                    return event

    async def _event(self) -> Event:
        event = Event()
        async for line in self.lines:
            name, _, value = line.partition(": ")
            if not line and event.data is not None:
                return event
            if name == "id":
                event.id = self.last_id = value
            elif name == "event":
                event.kind = value
            elif name == "data":
                event.data = orjson.loads(value)
            elif name == "retry":
                self.retry = int(value)
        raise EOFError("the stream has ended")


@asynccontextmanager
async def streaming(stage: Stage, who: str, path: str = "/v1/feed/stream", **headers: str) -> AsyncIterator[Stream]:
    """An open stream of this partner."""
    sent = stage.bearer(who) | {name.replace("_", "-"): value for name, value in headers.items()}
    async with stage.client.stream("GET", path, headers=sent) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer.aiter_lines())
