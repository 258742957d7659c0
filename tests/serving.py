"""huijia on a real port, and a real browser to look at it with."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import uvicorn
from playwright.async_api import Browser, async_playwright

from app.dispatch.press import HousePress
from app.dispatch.studio import Studio
from app.flows.house import House
from app.main import build_app
from tests.faults.processes import free_port

BROWSER = shutil.which("chromium") or shutil.which("chromium-headless-shell")


def needs_browser() -> None:
    if BROWSER is None:
        pytest.skip("no chromium to look with: make field")


@dataclass
class Station:
    """The service; it can be stopped and started again on its port."""

    house: House
    port: int
    serving: "asyncio.Task[None] | None" = None
    server: uvicorn.Server | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = build_app(self.house)
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        listening = socket.create_server(("127.0.0.1", self.port))
        self.live = app.state.live
        self.serving = asyncio.create_task(self.server.serve(sockets=[listening]))
        while not self.server.started:  # noqa: ASYNC110 - uvicorn has a flag, not an event
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        assert self.server is not None
        assert self.serving is not None
        self.live.close()
        self.server.should_exit = True
        await self.serving
        self.server = self.serving = None


@asynccontextmanager
async def station(house: House, studio: Studio | None = None) -> AsyncIterator[Station]:
    """``studio``: with one, notices have pictures and sounds."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    here = replace(house, base_url=base, press=HousePress(base, house.media_secret, studio))
    made = Station(here, port)
    await made.start()
    try:
        yield made
    finally:
        if made.server is not None:
            await made.stop()
        if studio is not None:
            studio.close()


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    needs_browser()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            await browser.close()


async def until(so: Callable[[], Awaitable[bool]], seconds: float = 6.0) -> None:
    async with asyncio.timeout(seconds):
        while not await so():  # noqa: ASYNC110 - what is waited for lies in a browser
            await asyncio.sleep(0.03)
