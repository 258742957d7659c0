"""A screen with a real browser in front of it."""

import io
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw
from playwright.async_api import Browser, Page
from sqlalchemy import text

from app.db import outlets
from app.db.engine import transaction
from app.flows import play
from app.flows.enrol import Face
from app.flows.house import House
from app.flows.submit import Picture
from tests.making import make_outlet
from tests.serving import Station, until

FACES = {"landscape": (1920, 1080), "portrait": (1080, 1920), "strip": (1920, 360)}


def portrait() -> Picture:
    """A face that nobody has, upright, as photos from home are."""
    picture = Image.new("RGB", (600, 800), "#7fb2d6")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((130, 540, 470, 800), fill="#c0392b")
    draw.ellipse((170, 180, 430, 520), fill="#f2c9a0")
    draw.pieslice((150, 140, 450, 460), 180, 360, fill="#2b1d14")
    for x in (245, 355):
        draw.ellipse((x - 16, 330, x + 16, 362), fill="#2b1d14")
    draw.arc((250, 380, 350, 460), 20, 160, fill="#a0522d", width=9)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return Picture(out.getvalue(), "image/jpeg", 600, 800)


@dataclass
class Screen:
    """An outlet with its page open. ``errors`` is what the page complained of."""

    outlet: int
    url: str
    page: Page
    errors: list[str] = field(default_factory=list)

    async def text(self) -> str:
        return await self.page.inner_text("#stage")

    async def shows(self, *words: str, within: float = 6) -> None:
        await until(lambda: self._has(words), within)

    async def is_black(self, within: float = 6) -> None:
        async def empty() -> bool:
            return not await self.page.locator("#stage > *").count()

        await until(empty, within)

    async def _has(self, words: tuple[str, ...]) -> bool:
        said = await self.text()
        return all(word in said for word in words)


async def make_link(house: House, outlet: int) -> str:
    async with transaction(house.engine) as session:
        found = (await outlets.enrolled(session, [outlet]))[outlet]
        return await play.make_link(session, found, "test")


async def open_screen(browser: Browser, here: Station, face: str = "landscape", **changes: Any) -> Screen:
    width, height = FACES[face]
    facts: dict[str, Any] = {"carrier": "player", "settings": {}, "panel": _panel(face)} | changes
    outlet = await make_outlet(here.house, **facts)
    url = f"{here.base}/play/{await make_link(here.house, outlet)}"
    context = await browser.new_context(viewport={"width": width, "height": height})
    page = await context.new_page()
    screen = Screen(outlet, url, page)
    page.on("pageerror", lambda error: screen.errors.append(str(error)))
    page.on("console", lambda said: screen.errors.append(said.text) if said.type == "error" else None)
    await page.goto(url)
    return screen


def _panel(face: str) -> Face:
    columns, rows = {"landscape": (20, 9), "portrait": (14, 12), "strip": (24, 3)}[face]
    return Face(*FACES[face], columns, rows)


async def receipts(house: House, outlet: int) -> list[tuple[int, str]]:
    """(number of the notice, kind), in the order in which they were said."""
    statement = (
        "SELECT d.number, r.kind FROM receipt r JOIN delivery d ON d.id = r.delivery_id "
        "WHERE d.outlet_id = :o ORDER BY r.id"
    )
    async with transaction(house.engine) as session:
        return [(r.number, r.kind) for r in await session.execute(text(statement), {"o": outlet})]


async def said(house: House, outlet: int, *wanted: tuple[int, str], within: float = 8) -> None:
    async def so() -> bool:
        return await receipts(house, outlet) == list(wanted)

    await until(so, within)
