"""Every page, on a desktop and on a phone: for who reads it, hears it, or has no mouse."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from app.db.engine import transaction
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, confirm
from tests.console.delivered import newest
from tests.console_browser import eyes, scene
from tests.console_browser.desk import SIZES, Desk, desk
from tests.dispatch.far import rows
from tests.serving import Station

pytestmark = pytest.mark.asyncio(loop_scope="module")

# By name; {live}, {drill}, {ended}, {ending} are alerts of the scene, {outlet} one of its outlets.
PAGES = {
    "sign in": "/console/sign-in?why=retract",
    "a link": "/console/enter/nobody",
    "board": "/console/",
    "alert": "/console/alerts/{live}",
    "drill": "/console/alerts/{drill}",
    "ended": "/console/alerts/{ended}",
    "coming down": "/console/alerts/{ending}",
    "filtered": "/console/alerts/{live}?stage=failed&find=屏",
    "content": "/console/alerts/{live}/content",
    "pace": "/console/alerts/{ended}/numbers",
    "one outlet": "/console/alerts/{ending}/outlets/{outlet}",
    "which one": "/console/retract",
    "retract": "/console/alerts/{live}/retract",
    "retract a drill": "/console/alerts/{drill}/retract",
    "update": "/console/alerts/{live}/update",
    "numbers": "/console/numbers",
    "outlets": "/console/outlets",
    "an outlet": "/console/outlets/{outlet}",
    "edit": "/console/outlets/{outlet}/edit",
    "enrol": "/console/outlets/new",
    "enrol a screen": "/console/outlets/new?partner=1&channel=screen&carrier=vnnox",
    "partners": "/console/partners",
    "partner": "/console/partners/1",
    "receipts": "/console/receipts",
    "trouble": "/console/alerts/HJ-2026-999999",
    "the child's page": "/p/{live}",
    "the child's page, ended": "/p/{ended}",
}
SAYS_NO = {"trouble": 404, "the child's page, ended": 410}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def places(here: Station) -> Mapping[str, object]:
    codes = await scene.night(here.house)
    async with transaction(here.house.engine) as session:
        stray = Stated(None, ReceiptKind.AIRED, datetime.now(UTC), "开机自检", said_for="D-20261126-17")
        await confirm(session, 1, [stray], press=here.house.press)
    await rows(
        here.house,
        "INSERT INTO attempt (delivery_id, outlet_id, number, lane, started_at, finished_at, outcome, worker) "
        "SELECT id, outlet_id, 1, 'push', now(), now() + interval '70 milliseconds', 'accepted', 'x' FROM delivery",
    )
    found = {
        "live": codes[0],
        "drill": (await rows(here.house, "SELECT code FROM alert WHERE status = 'exercise'"))[0].code,
        "ended": (await rows(here.house, "SELECT code FROM alert WHERE ended_at IS NOT NULL ORDER BY id"))[0].code,
        "ending": (await rows(here.house, "SELECT code FROM alert WHERE ended_at IS NOT NULL ORDER BY id DESC"))[
            0
        ].code,
    }
    return found | {"outlet": min(await newest(here.house, found["ending"]))}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desks(browser: Browser, here: Station, places: Mapping[str, object]) -> AsyncIterator[Mapping[str, Desk]]:
    """A window of each size; what moves may be seen at the first and not at the second."""
    async with AsyncExitStack() as stack:
        wishes = {"desktop": {}, "phone": {"reduced_motion": "reduce"}}
        yield {size: await stack.enter_async_context(desk(browser, here, size, **wishes[size])) for size in SIZES}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_for_everybody(
    desks: Mapping[str, Desk], places: Mapping[str, object], name: str, size: str
) -> None:
    at = desks[size]
    at.errors.clear()
    page = await at.open(PAGES[name].format(**places))
    if await page.locator("#map").count():
        await page.wait_for_selector("#map svg")
        await page.wait_for_selector("#timeline li")
    assert await eyes.too_wide(page) == []
    assert await eyes.run_together(page) == []
    assert await eyes.cut_legends(page) == []
    assert await eyes.unseen_focus(page) == []
    if size == "desktop":
        assert await eyes.faults(page, but="color-contrast") == []
    else:  # the colours are the same on both, and the dearest to look at
        assert await eyes.faults(page) == []
        assert await eyes.moving(page) == 0
        await page.emulate_media(color_scheme="dark")
        assert await eyes.faults(page, "color-contrast") == [], "in the dark"
        await page.emulate_media(color_scheme="light")
    answered = f"{SAYS_NO[name]} (" if name in SAYS_NO else "an error that none should be"
    assert [said for said in at.errors if answered not in said] == []


@pytest.mark.parametrize("path", ["/console/alerts/{}", "/console/alerts/{}/retract", "/p/{}"])
async def test_the_photo_of_a_drill_is_grey_wherever_it_is_shown(
    desks: Mapping[str, Desk], places: Mapping[str, object], path: str
) -> None:
    at = desks["desktop"]
    for name, look in (("drill", "grayscale(1)"), ("live", "none")):
        page = await at.open(path.format(places[name]))
        photo = page.locator("main img[src*='/media/']").first
        assert await photo.evaluate("el => getComputedStyle(el).filter") == look, name


async def test_the_eyes_can_see(browser: Browser) -> None:
    """What no page may be is noticed."""
    page = await (await browser.new_context(viewport={"width": 390, "height": 844})).new_page()
    await page.set_content(
        "<style>button:focus { outline: none } b { display: block; width: 500px; color: #eee; background: #fff;"
        " animation: go 9s } @keyframes go { to { opacity: .9 } }"
        "td { display: inline; padding: 0 }</style><button>x</button><b>pale</b><img src='data:,'>"
        "<div style='position: relative'><a href='#a'>under</a><p style='position: absolute; inset: 0; margin: 0'>over</p></div>"
        "<table><tr><td>17:19:15</td><td>0.0 秒</td></tr></table>"
        f"<fieldset class='sheet'><legend>{'三、什么时候、在哪里走失 ' * 6}</legend></fieldset>"
    )
    found = "\n".join(await eyes.faults(page))
    assert "color-contrast" in found
    assert "image-alt" in found
    assert [line[:2] for line in await eyes.too_wide(page)] == ["<b"]
    assert [line.split(":")[0] for line in await eyes.unseen_focus(page)] == ["not drawn", "hidden"]
    assert await eyes.run_together(page) == ["17:19:15|0.0 秒"]
    assert len(await eyes.cut_legends(page)) == 1
    assert await eyes.moving(page) == 1
    await page.context.close()
