"""From the first key to the notice that is out: two officers, two browsers, a desktop and a telephone."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from app.db.engine import transaction
from app.flows import sign_in
from app.flows.house import House
from tests.console.officers import make_officer, typed
from tests.console_browser.portrait import portrait
from tests.flows.ledger import one
from tests.making import make_outlet
from tests.serving import Station, browsing, station, until

SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
CHOSEN = ("status", "sex", "guardian_told", "area_code", "lon", "lat", "datum")


async def at_the_desk(browser: Browser, here: Station, name: str, number: str, size: str) -> Page:
    """An officer's own browser."""
    async with transaction(here.house.engine) as session:
        link = await sign_in.one_time_link(session, name)
    await make_officer(here.house, name, number, organ="610100000000", area="610100")
    context = await browser.new_context(**SIZES[size])
    page = await context.new_page()
    page.set_default_timeout(6000)
    await page.goto(f"{here.base}/console/enter/{link}")
    await page.click("main button")
    return page


async def fill_in(page: Page) -> None:
    facts = typed()
    for name in ("status", "sex", "guardian_told"):
        await page.check(f"[name={name}][value={facts[name]}]")
    for name, value in facts.items():
        if name not in CHOSEN:
            await page.fill(f"#{name}", value)


async def is_as_wide_as_the_screen(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", list(SIZES))
async def test_a_record_goes_from_one_officer_over_another_to_the_public(house: House, size: str) -> None:
    async with browsing() as browser, station(house) as here:
        async with transaction(house.engine) as session:
            await sign_in.set_password(session, "管理员", None)
        await make_outlet(house)
        wang = await at_the_desk(browser, here, "王建国", "010233", size)
        errors: list[str] = []
        wang.on("pageerror", lambda error: errors.append(str(error)))
        await wang.goto(f"{here.base}/console/issue")
        await wang.keyboard.press("Tab")
        await wang.click("text=下一步：核对公众所见")
        await wang.wait_for_selector("#faults:focus")
        await is_as_wide_as_the_screen(wang)

        await fill_in(wang)
        spot = wang.locator("svg[data-pick]")
        await spot.scroll_into_view_if_needed()
        box = await spot.bounding_box()
        assert box is not None
        await spot.click(position={"x": box["width"] * 0.575, "y": box["height"] * 0.4})
        await wang.wait_for_selector("#spot:has-text('十字是走失地点')")
        assert await wang.input_value("#area_code") == "610112"
        await wang.set_input_files(
            "#photo", {"name": "kind.jpg", "mimeType": "image/jpeg", "buffer": portrait(3, 600, 800)}
        )
        await wang.fill("#crop_left", "20")
        await wang.wait_for_selector("#result img[src*='crop=20-0-0-0']")

        await wang.context.set_offline(True)
        await wang.fill("#note", "断网时写的")
        await wang.wait_for_selector("#saved:has-text('没有存下')")
        await wang.click("text=下一步：核对公众所见")
        await wang.wait_for_selector("#saved:has-text('还没有提交')")
        assert await wang.input_value("#note") == "断网时写的"
        await wang.context.set_offline(False)
        await wang.click("text=下一步：核对公众所见")
        await wang.wait_for_url("**/issue/preview")
        await is_as_wide_as_the_screen(wang)
        assert "断网时写的" in await wang.inner_text("main")
        await wang.click("text=提交给另一名民警确认")
        await wang.wait_for_selector("h1:has-text('等待第二名民警确认')")

        zhao = await at_the_desk(browser, here, "赵敏", "010871", size)
        await zhao.goto(f"{here.base}/console/")
        await zhao.click(".needs a:has-text('等待第二名民警确认')")
        await zhao.click("text=打开，核实并确认")
        await zhao.wait_for_selector(".whose img")
        await is_as_wide_as_the_screen(zhao)
        assert await one(house, "SELECT count(*) FROM alert") == 0
        await zhao.click("button:has-text('李小明')")
        await zhao.wait_for_selector(".done:has-text('已确认发出')")
        assert await one(house, "SELECT count(*) FROM delivery") == 1
        assert errors == []


async def test_whoever_is_signed_out_while_typing_loses_nothing(house: House) -> None:
    async with browsing() as browser, station(house) as here:
        async with transaction(house.engine) as session:
            await sign_in.set_password(session, "管理员", None)
        page = await at_the_desk(browser, here, "王建国", "010233", "desktop")
        await page.goto(f"{here.base}/console/issue")
        token = next(c["value"] for c in await page.context.cookies() if c["name"] == "huijia_session")
        async with transaction(house.engine) as session:
            await sign_in.sign_out(session, token)
        await page.fill("#clothing", "红色短袖")
        await page.click("#saved a:has-text('重新登录后接着填')")
        await page.wait_for_selector("text=填写的内容都已存下")
        async with transaction(house.engine) as session:
            link = await sign_in.one_time_link(session, "王建国")
        await page.goto(f"{here.base}/console/enter/{link}")
        await page.click("main button")
        await page.goto(f"{here.base}/console/issue")

        async def is_there() -> bool:
            return await page.input_value("#clothing") == "红色短袖"

        await until(is_there)
