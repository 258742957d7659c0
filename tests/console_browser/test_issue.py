"""From the first key to the notice that is out: two officers, two browsers, on a desktop and on a telephone."""

import pytest
from playwright.async_api import Browser, Page, expect

from app.db.engine import transaction
from app.flows import sign_in
from tests.console.officers import ISSUE, make_officer, typed
from tests.console_browser import eyes
from tests.console_browser.desk import SIZES, Desk, desk, let_in, put_out
from tests.console_browser.portrait import portrait
from tests.dispatch.far import rows
from tests.making import make_outlet
from tests.serving import Station

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHOSEN = ("status", "sex", "guardian_told", "area_code", "lon", "lat", "datum")


async def _officer(here: Station, at: Desk, name: str, number: str) -> Page:
    async with transaction(here.house.engine) as session:
        await sign_in.set_password(session, "管理员", None)
    await make_officer(here.house, name, number, organ="610100000000", area="610100")
    return at.page


async def _for_everybody(page: Page) -> None:
    assert await eyes.too_wide(page) == []
    assert await eyes.cut_legends(page) == []
    assert await eyes.cut_legends(page) == []
    assert await eyes.faults(page) == []
    assert await eyes.unseen_focus(page) == []


async def _fill_in(page: Page, case: str) -> None:
    facts = typed(case_number=case)
    for name in ("status", "sex", "guardian_told"):
        await page.check(f"[name={name}][value={facts[name]}]")
    for name, value in facts.items():
        if name not in CHOSEN:
            await page.fill(f"#{name}", value)


async def _point_at_the_north_of_the_city(page: Page) -> None:
    spot = page.locator("svg[data-pick]")
    await spot.scroll_into_view_if_needed()
    box = await spot.bounding_box()
    assert box is not None
    await spot.click(position={"x": box["width"] * 0.575, "y": box["height"] * 0.4})
    await expect(page.locator("#spot")).to_contain_text("十字是走失地点")
    assert await page.input_value("#area_code") == "610112"


async def _while_the_line_is_cut(page: Page) -> None:
    await page.context.set_offline(True)
    await page.fill("#note", "断网时写的")
    await expect(page.locator("#saved")).to_contain_text("没有存下")
    await page.click("text=下一步：核对公众所见")
    await expect(page.locator("#saved")).to_contain_text("还没有提交")
    assert await page.input_value("#note") == "断网时写的"
    await page.context.set_offline(False)


@pytest.mark.parametrize("size", SIZES)
async def test_a_record_goes_from_one_officer_over_another_to_the_public(
    browser: Browser, here: Station, size: str
) -> None:
    case = f"A61011300000020261200{list(SIZES).index(size):02d}"
    await make_outlet(here.house)
    async with desk(browser, here, size, "王建国") as first, desk(browser, here, size, "赵敏") as second:
        page = await _officer(here, first, "王建国", "010233")
        await first.open(ISSUE)
        await page.click("text=下一步：核对公众所见")
        await expect(page.locator("#faults")).to_be_focused()
        await _for_everybody(page)
        first.errors.clear()  # a 422 is what was wanted

        await _fill_in(page, case)
        await _point_at_the_north_of_the_city(page)
        await page.set_input_files(
            "#photo", {"name": "1.jpg", "mimeType": "image/jpeg", "buffer": portrait(3, 600, 800)}
        )
        await page.fill("#crop_left", "20")
        await page.wait_for_selector("#result img[src*='crop=20-0-0-0']")
        assert await eyes.faults(page) == []
        assert first.errors == []
        await _while_the_line_is_cut(page)
        await page.click("text=下一步：核对公众所见")
        await expect(page.locator("h1")).to_contain_text("核对公众所见")
        await expect(page.locator("main")).to_contain_text("断网时写的")
        await _for_everybody(page)
        await page.click("text=提交给另一名民警确认")
        await expect(page.locator("h1")).to_contain_text("等待第二名民警确认")

        page = await _officer(here, second, "赵敏", "010871")
        await second.open("/console/")
        await page.click(".needs a:has-text('等待第二名民警确认')")
        await expect(page.locator("h1")).to_contain_text("等待第二名民警确认")
        await _for_everybody(page)
        await page.click("text=打开，核实并确认")
        await page.wait_for_selector(".whose img")
        await _for_everybody(page)
        assert await rows(here.house, f"SELECT 1 FROM alert WHERE case_number = '{case}'") == []
        await page.click("button[value^=TJ]:has-text('李小明')")
        await expect(page.locator(".done")).to_contain_text("已确认发出")
        assert len(await rows(here.house, f"SELECT 1 FROM alert WHERE case_number = '{case}'")) == 1
        assert second.errors == []


async def test_whoever_is_signed_out_while_typing_loses_nothing(browser: Browser, here: Station) -> None:
    async with desk(browser, here, name="孙立") as at:
        page = await _officer(here, at, "孙立", "020001")
        await at.open(ISSUE)
        token = next(c["value"] for c in await at.context.cookies() if c["name"] == "huijia_session")
        await put_out(here, token)
        await page.fill("#clothing", "红色短袖")
        await page.click("#saved a:has-text('重新登录后接着填')")
        await expect(page.locator("main")).to_contain_text("填写的内容都已存下")
        await let_in(here, at.context, "孙立")
        await at.open(ISSUE)
        assert await page.input_value("#clothing") == "红色短袖"
