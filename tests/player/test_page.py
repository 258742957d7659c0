"""In a real browser: a notice is on the screen, and then it is not; and the ledger knows both."""

import asyncio
import hashlib
import io
from typing import Any

import orjson
import pytest
from PIL import Image
from playwright.async_api import Browser, Route

from app.db import media, outlets
from app.db.engine import transaction
from app.flows import play
from app.flows.house import House
from tests.dispatch.far import rows
from tests.flows.acts import amended, record, retracted
from tests.making import make_alert
from tests.player.stage import FACES, open_screen, portrait, receipts, said
from tests.serving import Station, until

SHORT: dict[str, Any] = {"settings": {"seconds": 3, "correction_seconds": 2}}


@pytest.mark.parametrize("face", FACES)
async def test_it_is_on_and_then_it_is_not(browser: Browser, here: Station, face: str) -> None:
    screen = await open_screen(browser, here, face, **SHORT)
    await screen.is_black()
    code = await make_alert(here.house, portrait())
    await screen.shows("紧急寻人", "李小明", "线索请拨110")
    photo = screen.page.locator("img")
    assert await photo.evaluate("img => img.naturalWidth") == 600
    await said(here.house, screen.outlet, (1, "aired"))
    box = await screen.page.evaluate(
        "[...document.querySelectorAll('.said, .said li, .title, img')].every(e => { const b = e.getBoundingClientRect(); "
        "return b.left >= -1 && b.top >= -1 && b.right <= innerWidth + 1 && b.bottom <= innerHeight + 1; })"
    )
    assert box, "every word and the photo within the panel"
    await retracted(here.house, code)
    await screen.shows("寻人结束", "李某某的寻人已经结束")
    left = await screen.page.content()
    assert "李小明" not in left
    assert "<img" not in left
    await said(here.house, screen.outlet, (1, "aired"), (2, "taken_down"))
    await screen.is_black()
    assert screen.errors == []


async def test_without_a_correction_it_is_black_at_once(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here, settings={"correction_seconds": 0})
    code = await make_alert(here.house)
    await said(here.house, screen.outlet, (1, "aired"))
    await retracted(here.house, code)
    await screen.is_black(2)
    await said(here.house, screen.outlet, (1, "aired"), (2, "taken_down"))


async def test_an_update_takes_its_place(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    facts = record()
    code = await make_alert(here.house, case_number=facts.case_number)
    await screen.shows("李小明")
    await amended(here.house, code, record(minor__clothing="黄色雨衣"))
    await screen.shows("更新寻人信息", "黄色雨衣")
    await said(here.house, screen.outlet, (1, "aired"), (2, "aired"))


async def test_two_take_turns_and_each_says_so_once(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here, **SHORT)
    first = await make_alert(here.house, minor__name="李小明")
    await screen.shows("李小明")
    await make_alert(here.house, minor__name="王小红")
    for name in ("王小红", "李小明", "王小红"):
        await screen.shows(name, within=8)
        assert await screen.page.locator("#stage > *").count() == 1
    assert await receipts(here.house, screen.outlet) == [(1, "aired"), (1, "aired")]
    await retracted(here.house, first)
    await screen.shows("王小红", within=8)
    await said(here.house, screen.outlet, (1, "aired"), (1, "aired"), (2, "taken_down"))
    await asyncio.sleep(3)
    await screen.shows("王小红")


@pytest.mark.parametrize(("status", "word"), [("exercise", "演练"), ("test", "测试")])
async def test_a_drill_says_so_all_over(browser: Browser, here: Station, status: str, word: str) -> None:
    screen = await open_screen(browser, here, **SHORT)
    code = await make_alert(here.house, portrait(), status=status)
    await screen.shows(f"【{word}】紧急寻人", f"{word}信息，请勿转发")
    assert await screen.page.locator(".veil span").all_inner_texts() == [word] * 30
    assert await screen.page.locator(f"article.{status}").count() == 1
    await said(here.house, screen.outlet, (1, "aired"))
    await retracted(here.house, code)
    await screen.shows(f"【{word}】寻人结束")
    assert await screen.page.locator(".veil").count() == 1
    await said(here.house, screen.outlet, (1, "aired"), (2, "taken_down"))


async def test_what_is_real_is_not_marked(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    await make_alert(here.house)
    await screen.shows("紧急寻人")
    assert await screen.page.locator(".mark").count() == 0


async def test_a_link_that_is_revoked_goes_dark(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    await make_alert(here.house)
    await screen.shows("李小明")
    async with transaction(here.house.engine) as session:
        enrolled = (await outlets.enrolled(session, [screen.outlet]))[screen.outlet]
        await play.revoke_links(session, enrolled, "test")
    await screen.is_black(3)
    assert "链接已作废" in await screen.page.inner_text("#word")
    await screen.page.reload()
    assert "没有这个播放页" in await screen.page.inner_text("#word")
    assert "李小明" not in await screen.page.content()


async def test_a_page_that_is_loaded_anew_shows_it_again_and_says_nothing_twice(
    browser: Browser, here: Station
) -> None:
    screen = await open_screen(browser, here, **SHORT)
    code = await make_alert(here.house)
    await said(here.house, screen.outlet, (1, "aired"))
    kept = await screen.page.evaluate("JSON.stringify(localStorage)")
    assert "李小明" not in kept
    await screen.page.reload()
    await screen.shows("李小明")
    await asyncio.sleep(1.5)
    assert await receipts(here.house, screen.outlet) == [(1, "aired")]
    await retracted(here.house, code)
    await said(here.house, screen.outlet, (1, "aired"), (2, "taken_down"))


async def test_markup_in_a_name_is_words(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    await make_alert(here.house, minor__features="<img src=x onerror=document.title=1>", minor__clothing="<b>红</b>")
    await screen.shows("<b>红</b>")
    assert await screen.page.locator("#stage img, #stage .lines b").count() == 0
    assert await screen.page.title() == "回家 · 播放页"


async def test_a_new_edition_is_taken_on_when_nothing_is_on(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    loads: list[str] = []
    screen.page.on("load", lambda page: loads.append(page.url))

    async def newer(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(json=await answer.json() | {"edition": "another"})

    await screen.page.route("**/now", newer)
    await screen.page.route("**/events", lambda route: route.abort())
    await screen.page.reload()

    async def twice() -> bool:
        return len(loads) == 2

    await until(twice)
    await asyncio.sleep(4)
    assert len(loads) == 2, "once for an edition, not again and again"


async def test_the_console_knows_that_a_page_has_gone(browser: Browser, here: Station) -> None:
    screen = await open_screen(browser, here)
    await make_alert(here.house)
    await said(here.house, screen.outlet, (1, "aired"))
    found = await rows(here.house, "SELECT heard_at > now() - interval '20 seconds' AS there FROM outlet")
    assert found[0].there


def poster() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1920, 1080), "#c8102e").save(out, "JPEG")
    return out.getvalue()


async def add_poster(house: House, code: str) -> None:
    """As the studio keeps one: by its content, and listed in the rendition."""
    body = poster()
    digest = hashlib.sha256(body).hexdigest()
    (alert,) = await rows(house, "SELECT id FROM alert WHERE code = :c", c=code)
    made = {
        "role": "poster", "mime": "image/jpeg", "sha256": digest, "size": len(body), "width": 1920, "height": 1080,
        "seconds": None, "url": "",
    }  # fmt: skip
    async with transaction(house.engine) as session:
        row = {"sha256": digest, "role": "poster", "mime": "image/jpeg", "body": body, "width": 1920, "height": 1080}
        await media.keep(session, alert.id, 1, [row])
    await rows(
        house,
        "UPDATE rendition SET body = jsonb_set(body, '{media}', body -> 'media' || CAST(:m AS jsonb)) "
        "WHERE alert_id = :a AND number = 1",
        m=orjson.dumps([made]).decode(), a=alert.id,
    )  # fmt: skip


@pytest.mark.parametrize("face", FACES)
async def test_the_poster_is_shown_whole_and_nothing_but_the_poster(browser: Browser, here: Station, face: str) -> None:
    screen = await open_screen(browser, here, face, **SHORT)
    code = await make_alert(here.house, portrait())
    await screen.shows("李小明")
    await add_poster(here.house, code)
    await screen.page.reload()
    shown = screen.page.locator("article.whole img.poster")
    await shown.wait_for()
    width, height = FACES[face]
    box = await shown.bounding_box()
    assert box == {"x": 0, "y": 0, "width": width, "height": height}
    assert await shown.evaluate("img => getComputedStyle(img).objectFit") == "contain"
    assert await screen.text() == ""
    await retracted(here.house, code)
    await screen.shows("寻人结束")
    assert "<img" not in await screen.page.content()
    await said(here.house, screen.outlet, (1, "aired"), (2, "taken_down"))
