"""What is wrong is said in our own words, beside its field, and the focus is there: whatever language the browser speaks."""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Page, expect

from app.db.engine import transaction
from app.flows import sign_in
from tests.console.officers import make_officer
from tests.console.retraction import state_of
from tests.console_browser import eyes, scene
from tests.console_browser.desk import NAME, SIZES, Desk, desk
from tests.making import make_partner
from tests.serving import Station

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def codes(here: Station) -> Sequence[str]:
    async with transaction(here.house.engine) as session:
        await sign_in.set_password(session, NAME, None)  # the first account administers
    await make_officer(here.house, NAME, "010233", role="admin", organ="610100000000", area="610100")
    await scene.outlets(here.house, 5)
    return [await scene.search(here.house, child, n) for n, child in enumerate(scene.CHILDREN[:2])]


@pytest_asyncio.fixture(params=list(SIZES), loop_scope="module")
async def at(request: pytest.FixtureRequest, browser: Browser, here: Station, codes: object) -> AsyncIterator[Desk]:
    async with desk(browser, here, request.param) as made:
        yield made


async def _heard(page: Page) -> tuple[str, str]:
    """The tag and the description of what has the focus, as a screen reader has it."""
    found = await page.evaluate(
        "() => { const el = document.activeElement, by = el.getAttribute('aria-describedby') "
        "|| el.closest('fieldset')?.getAttribute('aria-describedby') || '';"
        " return [el.tagName + '#' + (el.id || el.name || el.className), "
        "by.split(' ').map(id => document.getElementById(id)?.textContent || '').join(' ').trim()] }"
    )
    return found[0], found[1]


async def _said_by_us(page: Page) -> None:
    """No form can bring up the browser's own words."""
    assert await page.evaluate("[...document.forms].every(form => form.noValidate)")


async def test_enter_without_a_reason(at: Desk, codes: Sequence[str]) -> None:
    page = await at.open(f"/console/alerts/{codes[0]}/retract")
    await _said_by_us(page)
    await page.keyboard.press("Enter")
    await expect(page.locator("#reason-fault")).to_have_text("请选择撤回原因。")
    assert await _heard(page) == ("INPUT#reason", "请选择撤回原因。")
    await page.locator(f".names button[value='{codes[0]}']").click()
    assert await _heard(page) == ("INPUT#reason", "请选择撤回原因。"), "nor by the name alone"
    assert await page.locator(".fault").count() == 1, "said once"
    assert await state_of(at.here.house, codes[0]) == "active"
    await page.keyboard.press("Space")
    await expect(page.locator("#reason-fault")).to_have_count(0)
    assert at.errors == []


async def test_a_name_that_is_refused_keeps_the_focus_at_the_names(at: Desk, codes: Sequence[str]) -> None:
    page = await at.open(f"/console/alerts/{codes[0]}/retract")
    await page.locator("input[value=found]").check()
    said = "您按下的是另一条寻人"
    await page.locator(f".names button[value='{codes[1]}']").click()
    await expect(page.locator("#confirm-fault")).to_contain_text(said)
    await expect(page.locator("#confirm-fault")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    assert page.url.endswith("/retract"), "nothing is pressed by it"
    tag, heard = await _heard(page)
    assert tag == "FIELDSET#press"
    assert said in heard
    await expect(page.locator("input[value=found]")).to_be_checked()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.matches('.names button:first-child')"), "on to the names"
    assert await eyes.faults(page) == []
    assert await state_of(at.here.house, codes[0]) == "active"


async def test_a_date_that_is_half_typed_is_not_passed_over(at: Desk) -> None:
    page = await at.open("/console/issue")
    await _said_by_us(page)
    await page.locator("#birth_date").focus()
    await page.keyboard.type("05")
    await page.get_by_role("button", name="下一步：核对公众所见").click()
    await expect(page.locator("#birth_date-fault")).to_have_text("日期没有填完整，或没有这一天。")
    tag, heard = await _heard(page)
    assert tag == "INPUT#birth_date"
    assert "日期没有填完整" in heard
    await page.fill("#birth_date", "2019-05-06")
    await expect(page.locator("#birth_date-fault")).to_have_count(0)
    await expect(page.locator("#birth_date-read")).to_have_text("即 2019年5月6日")
    await page.fill("#lost_at", "2026-11-02T03:04")
    await expect(page.locator("#lost_at-read")).to_have_text("即 2026年11月2日 03:04")


async def test_a_file_is_chosen_in_chinese(at: Desk, codes: Sequence[str]) -> None:
    page = await at.open(f"/console/alerts/{codes[0]}/update")
    field = page.locator(".field", has=page.locator("#photo"))
    await expect(field).to_contain_text("选择文件…")
    await expect(field.locator(".chosen")).to_have_text("没有选择文件")
    assert await page.locator("#photo").evaluate("el => getComputedStyle(el).opacity") == "0"
    await page.set_input_files("#photo", FilePayload(name="小明.jpg", mimeType="image/jpeg", buffer=b"x"))
    await expect(field.locator(".chosen")).to_have_text("小明.jpg")
    assert await eyes.unseen_focus(page) == []


async def test_a_name_that_is_taken(at: Desk) -> None:
    await make_partner(at.here.house, "秦岭传媒")
    page = await at.open("/console/partners")
    form = page.locator("form.stack").first
    await form.get_by_role("button").first.click()
    assert await _heard(page) == ("INPUT#name", "请填写单位名称。")
    await page.fill("#name", "秦岭传媒")
    await form.get_by_role("button").first.click()
    await expect(page.locator("#name-fault")).to_be_visible()
    tag, heard = await _heard(page)
    assert tag == "INPUT#name"
    assert heard == (await page.locator("#name-fault").inner_text()).removeprefix("✕").strip()


async def test_at_the_sign_in(browser: Browser, here: Station) -> None:
    page = await (await browser.new_context(locale="en-US")).new_page()
    await page.goto(f"{here.base}/console/sign-in")
    await _said_by_us(page)
    await page.keyboard.press("Enter")
    assert await _heard(page) == ("INPUT#name", "请填写用户名。")
    await page.keyboard.type("没有这个人")
    await page.get_by_label("密码").fill("falsches-pferd")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("密码")).to_be_focused()
    assert "用户名或密码不正确" in (await _heard(page))[1]
    await page.context.close()


async def test_without_scripts_the_server_says_it(browser: Browser, here: Station, codes: Sequence[str]) -> None:
    async with desk(browser, here, java_script_enabled=False) as plain:
        page = await plain.open(f"/console/alerts/{codes[0]}/retract")
        await page.locator("input[value=found]").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#reason-fault")).to_have_text("请选择撤回原因。")
        await expect(page.locator("#confirm-fault")).to_contain_text("再按下这个孩子的姓名")
        await expect(page.locator("input[value=found]")).to_be_focused()
