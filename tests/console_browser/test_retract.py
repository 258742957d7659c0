"""A retraction, from the thought to the last screen: by keyboard alone, by mouse, on a phone."""

from collections.abc import Mapping, Sequence

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from app.domain.words import ReceiptKind
from tests.console.delivered import accepted, newest, said
from tests.console.retraction import state_of
from tests.console_browser import scene
from tests.console_browser.desk import desk
from tests.console_browser.scene import CHILDREN
from tests.serving import Station

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def codes(here: Station) -> Sequence[str]:
    """Twelve searches; an exercise bears the first one's name, and the fifth child is called almost as the first."""
    return await scene.night(here.house)


async def _down(here: Station, deliveries: Mapping[int, int]) -> None:
    """The outlets take the retraction and say that they are down."""
    for delivery in deliveries.values():
        await accepted(here.house, delivery)
        await said(here.house, delivery, ReceiptKind.TAKEN_DOWN)


async def _focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.innerText || document.activeElement.id"))


async def test_the_right_one_among_twelve_by_keyboard_alone(
    browser: Browser, here: Station, codes: Sequence[str]
) -> None:
    code, name, place = codes[0], CHILDREN[0][0], CHILDREN[0][3]
    async with desk(browser, here) as at:
        page = await at.open("/console/")
        await page.keyboard.press("Alt+r")
        await page.wait_for_url("**/console/retract")
        await expect(page.locator("#sift")).to_be_focused()
        await page.keyboard.type(name)
        await expect(page.locator(".takes > li:visible")).to_have_count(2)  # the exercise has the same name
        await page.keyboard.press("Enter")
        assert page.url.endswith("/console/retract"), "two fit: nobody is chosen"
        await page.keyboard.type(f" 实发 {place[:4]}")
        await expect(page.locator(".takes > li:visible")).to_have_count(1)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/alerts/{code}/retract")
        await expect(page.locator("input[name=reason]").first).to_be_focused()
        await page.keyboard.press("Enter")
        assert page.url.endswith("/retract"), "Enter alone does nothing"
        await page.keyboard.press("Space")
        for _ in range(6):
            await page.keyboard.press("Tab")
            if name in (shown := await _focused(page)) and code[-4:] in shown:
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/alerts/{code}?result=retracted")
        assert at.errors == []
        told = await newest(here.house, code)
        await expect(page.locator(".up b")).to_have_text(str(len(told)))
        await expect(page.locator(".calls li")).to_have_count(len(told))
        assert not await page.get_by_text(name).count(), "the name is gone from the moment of the end"
        first, *others, mute = told.items()
        await _down(here, dict([first]))
        await expect(page.locator(".up b")).to_have_text(str(len(told) - 1))
        await _down(here, dict(others))
        await expect(page.locator(".up b")).to_have_text("1")  # again and again, not once
        last = page.locator(".calls li")
        await expect(last).to_have_count(1)
        await expect(last.locator("a.tel")).to_have_attribute("href", "tel:029-12345678")
        await page.locator(f"#phoned-{mute[1]}").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**result=phoned")
        await expect(page.locator(".up.none")).to_contain_text("没有发布点还在播出")
        await expect(page.locator("#timeline")).to_contain_text("电话确认已撤下")


async def test_by_mouse_the_name_of_another_is_no_confirmation(
    browser: Browser, here: Station, codes: Sequence[str]
) -> None:
    code = codes[1]
    async with desk(browser, here) as at:
        page = await at.open("/console/")
        await page.click(f"#retract-{code}")
        await page.get_by_label("误发").check()
        names = page.locator(".names button")
        assert await names.count() == 4
        await page.locator(f".names button:not([value='{code}'])").first.click()
        await expect(page.locator("[role=alert].wrong")).to_contain_text("没有执行任何操作")
        await expect(page.get_by_label("误发")).to_be_checked()
        assert await state_of(here.house, code) == "active"
        await page.locator(f".names button[value='{code}']").click()
        await page.wait_for_url("**result=retracted")
        assert await state_of(here.house, code) == "retracted"
        await page.goto(f"{here.base}/console/")
        await expect(page.locator(f"#card-{code}")).to_have_count(0)
        await expect(page.locator(f"#ending-{code}")).to_be_visible()


async def test_on_a_phone_with_a_line_of_ones_own(browser: Browser, here: Station, codes: Sequence[str]) -> None:
    code = codes[2]
    async with desk(browser, here, "phone") as at:
        page = await at.open("/console/")
        await page.tap("#takeback")
        await page.tap(f"#take-{code}")
        await page.get_by_label("已找到").tap()
        await page.tap("#own summary")
        line = page.locator("input[name=line]")
        await line.fill(f"{CHILDREN[2][0]}已安全回家")
        await expect(page.locator("#correction .wrong")).to_be_visible()  # no name, and nothing of the child
        await line.fill("感谢各位市民的关注")
        await expect(page.locator("#correction .wrong")).to_have_count(0)
        await expect(page.locator("#correction")).to_contain_text("感谢各位市民的关注")
        await page.locator(f".names button[value='{code}']").tap()
        await page.wait_for_url("**result=retracted")
        await expect(page.locator(".calls .tel").first).to_be_visible()
        assert at.errors == []


async def test_who_comes_too_late_is_told_so(browser: Browser, here: Station, codes: Sequence[str]) -> None:
    code = codes[1]
    async with desk(browser, here) as at:
        page = await at.open(f"/console/alerts/{code}/retract")
        assert page.url.endswith(f"{code}?result=over")
        await expect(page.get_by_role("status").first).to_contain_text("已经结束，不需要撤回")
