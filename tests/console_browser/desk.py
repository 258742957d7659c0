"""A duty officer in front of the console: a window of a desktop or a phone, signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from app.db.engine import transaction
from app.flows import sign_in
from tests.serving import Station

DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SIZES = {"desktop": DESKTOP, "phone": PHONE}
NAME = "韩晓东"
PATIENCE = 20_000  # milliseconds: only what fails on a busy machine waits so long


@dataclass
class Desk:
    """``errors`` is what the page complained of: a script, or its own policy."""

    here: Station
    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)

    async def open(self, path: str) -> Page:
        await self.page.goto(self.here.base + path)
        return self.page

    async def token(self) -> str:
        """Of the session that the browser has."""
        return next(c["value"] for c in await self.context.cookies() if c["name"] == "huijia_session")


@asynccontextmanager
async def desk(
    browser: Browser, here: Station, size: str = "desktop", name: str = NAME, **more: Any
) -> AsyncIterator[Desk]:
    """Signed in as ``name``; the first of all is an administrator."""
    context = await browser.new_context(**SIZES[size], locale="zh-CN", timezone_id="Asia/Shanghai", **more)
    context.set_default_timeout(PATIENCE)
    await let_in(here, context, name)
    page = await context.new_page()
    made = Desk(here, context, page)
    page.on("pageerror", lambda error: made.errors.append(str(error)))
    page.on("console", lambda said: made.errors.append(_said(said)) if said.type == "error" else None)
    try:
        yield made
    finally:
        await context.close()


def _said(said: ConsoleMessage) -> str:
    return f"{said.text} {said.location['url']}"


async def let_in(here: Station, context: BrowserContext, name: str = NAME) -> str:
    """Give the browser a session; its token."""
    async with transaction(here.house.engine) as session:
        link = await sign_in.one_time_link(session, name)
        token = await sign_in.by_link(session, link)
    assert isinstance(token, str)
    await context.add_cookies(
        [{"name": "huijia_session", "value": token, "domain": "127.0.0.1", "path": "/console", "httpOnly": True}]
    )
    return token


async def put_out(here: Station, token: str) -> None:
    """What twelve hours do, or an administrator: the session is over, and the browser does not know."""
    async with transaction(here.house.engine) as session:
        await sign_in.sign_out(session, token)
