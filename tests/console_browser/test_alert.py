"""The page of one alert: live, filtered, proved; what only the police see; on paper."""

import hashlib
import io
import wave
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from app.db import media
from app.db.engine import transaction
from app.dispatch.studio import Studio
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, confirm
from tests.conftest import fresh_database, house_on
from tests.console.delivered import aired, failed, newest
from tests.console_browser import scene
from tests.console_browser.desk import desk
from tests.console_browser.portrait import portrait
from tests.dispatch.far import rows
from tests.making import make_outlet
from tests.serving import Station, station

pytestmark = pytest.mark.asyncio(loop_scope="module")

LASTS = (
    "a => new Promise((ok, no) => { a.onloadedmetadata = () => ok(a.duration); a.onerror = no; a.preload = 'metadata'; "
    "a.load(); })"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(browser: Browser, server: str) -> AsyncIterator[Station]:
    """With a studio: an alert has its posters and its spoken text, however long they take."""
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr("app.dispatch.studio.WITHIN_SECONDS", 60.0)
        async with fresh_database(server) as url, house_on(url) as house, station(house, Studio(1)) as made:
            yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def code(here: Station) -> str:
    """One search; a station, a screen and eight more know of it."""
    await scene.outlets(here.house, 10)
    return await scene.search(here.house, scene.CHILDREN[0], 0)


def _sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x00\x20" * 8000)
    return out.getvalue()


async def _proved(here: Station, delivery: int, mime: str, body: bytes) -> None:
    digest = hashlib.sha256(body).hexdigest()
    async with transaction(here.house.engine) as session:
        await media.prove(session, digest, mime, body)
        stated = Stated(delivery, ReceiptKind.AIRED, datetime.now(UTC), proof=digest)
        await confirm(session, None, [stated], press=here.house.press)


async def _outlets(page: Page) -> Sequence[str]:
    return await page.locator("table.outlets a.name").all_inner_texts()


async def _pressed(page: Page) -> set[str]:
    """Press the map beside the dot of what failed, as fingers do; the failed ones among the outlets that it names."""
    x, y = await page.locator("#map > svg .dots.bad").evaluate(
        "dot => { const at = new DOMPoint(...dot.getAttribute('d').match(/M([\\d.]+) ([\\d.]+)/).slice(1).map(Number));"
        " const there = at.matrixTransform(dot.ownerSVGElement.getScreenCTM()); return [there.x, there.y] }"
    )
    async with page.expect_response("**/near?*"):
        await page.mouse.click(x + 8, y)
    await expect(page.locator("#near li").first).to_be_visible()
    return set(await page.locator("#near li:has(.bad) a").all_inner_texts())


async def test_it_counts_by_itself_filters_and_finds(browser: Browser, here: Station, code: str) -> None:
    deliveries = await newest(here.house, code)
    first, second, third = list(deliveries.items())[:3]
    async with desk(browser, here) as at:
        page = await at.open(f"/console/alerts/{code}")
        await page.evaluate("window.same = true")
        total = len(deliveries)
        await expect(page.locator("#h-outlets .n")).to_have_text(str(total))
        await expect(page.locator(".chip", has_text="待送达")).to_contain_text(str(total))
        await expect(page.locator("#map > svg .dots")).to_have_count(1)
        await aired(here.house, first[1])
        await failed(here.house, second[1], "bad_credentials", "HTTP 401")
        await aired(here.house, third[1])
        await expect(page.locator(".chip.good", has_text="已播出")).to_contain_text("2")
        await expect(page.locator(".chip.bad", has_text="送达失败")).to_contain_text("1")
        await expect(page.locator("#map > svg .dots.bad")).to_have_count(1)
        await expect(page.locator("#timeline")).to_contain_text("2 个发布点报告播出")
        assert await page.evaluate("window.same"), "all of it without loading the page anew"
        name = (await _outlets(page))[0]
        await page.locator("#map > svg").scroll_into_view_if_needed()
        assert await _pressed(page) == {name}
        await page.locator(".chip.bad", has_text="送达失败").click()
        await expect(page.locator("table.outlets a.name")).to_have_text([name])
        await expect(page.get_by_text("对方不认可密钥、签名或地址")).to_be_visible()
        await page.locator(".chip", has_text="全部").first.click()
        await page.get_by_label("找发布点或协作单位").fill("秦岭")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**find=*")
        assert 0 < len(await _outlets(page)) < total
        assert await page.get_by_label("找发布点或协作单位").input_value() == "秦岭"
        assert at.errors == []


async def test_attempts_and_proof_are_seen_and_heard(browser: Browser, here: Station, code: str) -> None:
    deliveries = await newest(here.house, code)
    outlet, delivery = list(deliveries.items())[3]
    await rows(
        here.house,
        "INSERT INTO attempt (delivery_id, outlet_id, number, lane, started_at, finished_at, outcome, reason, worker) "
        "VALUES (:d, :o, 1, 'push', now() - interval '2 s', now() - interval '1 s', 'retry', 'timeout', 'w'), "
        "(:d, :o, 2, 'push', now() - interval '1 s', now(), 'accepted', null, 'w')",
        d=delivery, o=outlet,
    )  # fmt: skip
    await _proved(here, delivery, "image/jpeg", portrait(5, 320, 180))
    await _proved(here, delivery, "audio/wav", _sound())
    async with desk(browser, here, "phone") as at:
        page = await at.open(f"/console/alerts/{code}?stage=aired")
        await page.locator(f"#outlet-{outlet}").tap()
        await page.wait_for_url(f"**/outlets/{outlet}")
        await expect(page.locator("tbody tr")).to_have_count(2)
        await expect(page.locator("tbody")).to_contain_text("对方超时未答复，是否播出不明")
        assert await page.locator(".proofs img").evaluate("img => img.decode().then(() => img.naturalWidth)") == 320
        assert await page.locator(".proofs audio").evaluate(LASTS) == pytest.approx(1, abs=0.1)
        assert at.errors == []


async def test_posters_and_the_spoken_text_are_shown_as_they_went_out(
    browser: Browser, here: Station, code: str
) -> None:
    async with desk(browser, here) as at:
        page = await at.open(f"/console/alerts/{code}/content")
        for picture in await page.locator(".posters img").all():
            await picture.scroll_into_view_if_needed()
            assert await picture.evaluate("img => img.decode().then(() => img.naturalWidth)") > 100
        assert await page.locator(".posters img").count() >= 2
        await expect(page.locator(".medium audio")).to_have_count(1)
        assert await page.locator(".medium audio").evaluate(LASTS) > 5
        assert at.errors == []


async def test_what_only_the_police_see_is_opened_beside_it_and_noted(
    browser: Browser, here: Station, code: str
) -> None:
    async with desk(browser, here) as at:
        page = await at.open(f"/console/alerts/{code}")
        assert "李强" not in await page.content()
        await page.click("#open-record")
        await expect(page.locator(".police")).to_contain_text("李强")
        await expect(page.locator(".police")).to_contain_text("13800000000")
        await expect(page.get_by_role("status").first).to_contain_text("这次查看已记入日志")
        public, police = [await page.locator(f"section:has(#h-{name})").bounding_box() for name in ("public", "police")]
        assert public is not None
        assert police is not None
        assert public["x"] + public["width"] < police["x"], "side by side"
        await page.goto(f"{here.base}/console/alerts/{code}")
        await expect(page.locator("#timeline")).to_contain_text("查看了仅公安可见的信息")


async def test_on_paper_it_is_a_poster(browser: Browser, here: Station, code: str, tmp_path: Path) -> None:
    async with desk(browser, here) as at:
        page = await at.open(f"/console/alerts/{code}")
        await page.evaluate("window.print = () => { window.printed = true }")
        await page.click("#print")
        assert await page.evaluate("window.printed")
        await page.emulate_media(media="print")
        await expect(page.locator(".printed")).to_be_visible()
        for unwanted in (".top", "#live", ".aside", ".crumb"):
            await expect(page.locator(unwanted).first).to_be_hidden()
        text = await page.locator(".printed").inner_text()
        assert "紧急寻人" in text
        assert "李小明" in text
        assert "110" in text
        paper = await page.pdf(prefer_css_page_size=True)
        assert paper.count(b"/Type /Page\n") == 1, "one sheet"
        assert at.errors == []


async def test_an_exercise_never_looks_like_the_real_one(browser: Browser, here: Station, code: str) -> None:
    """The same child, the same photo: the word, the frame, the ground and the paper differ."""
    await make_outlet(here.house, name="演练屏")
    drill = await scene.search(here.house, scene.CHILDREN[0], 0, status="exercise")
    async with desk(browser, here) as at:
        page = await at.open("/console/")
        card = page.locator(f"#card-{drill}")
        await expect(card).to_contain_text("演练：不是真实警情")
        assert await page.locator(f".drills #card-{drill}").count() == 1
        assert await page.locator(f".drills #card-{code}").count() == 0
        look = "e => { const s = getComputedStyle(e); return [s.borderTopStyle, s.backgroundColor] }"
        assert await card.evaluate(look) != await page.locator(f"#card-{code}").evaluate(look)
        grounds = []
        for one in (code, drill):
            for path in ("", "/retract", "/content", "/numbers"):
                await at.open(f"/console/alerts/{one}{path}")
                assert ("【演练】" in await page.title()) == (one == drill), (one, path)
                assert (await page.locator(".drillbar").count() == 1) == (one == drill)
            grounds.append(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert grounds[0] != grounds[1]
        await at.open(f"/console/alerts/{drill}")
        await page.emulate_media(media="print")
        assert "演练" in await page.locator(".printed").inner_text()
