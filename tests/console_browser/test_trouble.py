"""What goes wrong while somebody looks: the server goes, the stream goes, the session ends, two act at once; and names that
break pages."""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from app.db.engine import transaction
from app.flows import sign_in
from app.flows.tell import CHANGED
from tests.console.delivered import aired, newest
from tests.console.retraction import state_of
from tests.console_browser import eyes, scene
from tests.console_browser.desk import NAME, desk, put_out
from tests.dispatch.far import rows
from tests.flows.acts import retracted
from tests.making import make_alert
from tests.serving import Station

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER, PASSWORD = "马国强", "korrekt-pferd-9"
STRANGE = (
    "<script>alert(1)</script>",
    "阿卜杜热合曼·买买提艾力·阿布都克热木·吐尔逊江·玉素甫·依明江·库尔班尼亚孜艾",
    "ئالىم ئەكبەر",
    "𠮷𡈽㛃㐆",
    "Aleksandra-Wilhelmina-Konstantinopolskay",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outlets(here: Station) -> Sequence[int]:
    return await scene.outlets(here.house, 6)


@pytest_asyncio.fixture(loop_scope="module")
async def code(here: Station, outlets: Sequence[int]) -> AsyncIterator[str]:
    """A search of its own for each test; it is over afterwards."""
    made = await scene.search(here.house, scene.CHILDREN[0], 0)
    for delivery in (await newest(here.house, made)).values():
        await aired(here.house, delivery)
    yield made
    if await state_of(here.house, made) == "active":
        await retracted(here.house, made)


async def _later(page: Page, seconds: int) -> None:
    """The page's own clock goes on."""
    await page.clock.run_for(seconds * 1000)


async def test_without_the_stream_the_page_asks_and_says_so(browser: Browser, here: Station, code: str) -> None:
    async with desk(browser, here, "phone") as at:
        await at.context.route("**/console/changes*", lambda route: route.abort())
        await at.page.clock.install()
        page = await at.open(f"/console/alerts/{code}")
        await _later(page, 5)
        await expect(page.locator("#lost")).to_contain_text("改为每 5 秒刷新一次")
        await retracted(here.house, code)
        await _later(page, 6)
        await expect(page.locator(".up b")).to_be_visible()


async def test_a_session_that_ends_in_the_middle_of_a_retraction(browser: Browser, here: Station, code: str) -> None:
    async with transaction(here.house.engine) as session:
        await sign_in.set_password(session, NAME, PASSWORD)
    async with desk(browser, here, "phone") as at:
        page = await at.open(f"/console/alerts/{code}/retract")
        await page.get_by_label("警情不实").check()
        await page.click("#own summary")
        await page.locator("input[name=line]").fill("感谢各位市民的关注")
        await expect(page.locator("#correction")).to_contain_text("感谢各位市民的关注")
        await put_out(here, await at.token())
        async with page.expect_response("**/standing"):  # a page that looks by itself does not go away by itself
            await rows(here.house, "SELECT pg_notify(:channel, '')", channel=CHANGED)
        await page.locator(f".names button[value='{code}']").click()
        await expect(page.locator(".urgent")).to_contain_text("撤回尚未执行")
        assert await eyes.faults(page) == []
        assert await state_of(here.house, code) == "active"
        await page.get_by_label("用户名").fill(NAME)
        await page.get_by_label("密码").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/alerts/{code}/retract")
        await expect(page.get_by_label("警情不实")).to_be_checked()
        await expect(page.locator("input[name=line]")).to_have_value("感谢各位市民的关注")
        await page.locator(f".names button[value='{code}']").click()
        await page.wait_for_url("**result=retracted")


async def test_a_board_whose_session_has_ended_leads_to_the_door(browser: Browser, here: Station, code: str) -> None:
    async with desk(browser, here) as at:
        page = await at.open(f"/console/alerts/{code}?stage=aired")
        await put_out(here, await at.token())
        await scene.search(here.house, scene.CHILDREN[3], 3)
        await retracted(here.house, code)
        await page.wait_for_url("**/sign-in?next=**")
        await expect(page.get_by_role("status")).to_contain_text("登录已过期")
        assert await page.locator("[name=next]").input_value() == f"/console/alerts/{code}?stage=aired"


async def test_two_officers_at_once(browser: Browser, here: Station, code: str) -> None:
    """One retracts; the other's pages, whatever they are doing there, show no name any more, and no harm is done."""
    name = scene.CHILDREN[0][0]
    async with desk(browser, here) as one, desk(browser, here, name=OTHER) as other:
        await rows(here.house, "UPDATE account SET role = 'officer' WHERE name = :n", n=OTHER)
        looking = await other.open(f"/console/alerts/{code}")
        choosing, asked, changing = [await other.context.new_page() for _ in range(3)]
        await choosing.goto(f"{here.base}/console/retract")
        await choosing.locator("#sift").fill(name)
        await expect(choosing.locator(".takes > li:visible")).to_have_count(1)
        await asked.goto(f"{here.base}/console/alerts/{code}/retract")
        await asked.get_by_label("误发").check()
        await changing.goto(f"{here.base}/console/alerts/{code}/update")
        page = await one.open(f"/console/alerts/{code}/retract")
        await page.get_by_label("已找到").check()
        await page.locator(f".names button[value='{code}']").click()
        await page.wait_for_url("**result=retracted")
        await expect(looking.locator(".up b")).to_be_visible()
        await expect(choosing.locator("#none")).to_be_visible()
        await expect(asked.get_by_role("status").first).to_contain_text("已经结束，不需要撤回")
        await expect(changing.get_by_role("alert")).to_contain_text("不能再更新")
        for shown in (looking, choosing, asked, changing):
            assert name not in await shown.title()
            assert name not in await shown.locator("body").inner_text()
            assert not await shown.locator(f"img[alt^='{name}']").count()


async def test_two_press_at_the_same_moment(browser: Browser, here: Station, code: str) -> None:
    async with desk(browser, here) as one, desk(browser, here, name=OTHER) as other:
        pages = [await at.open(f"/console/alerts/{code}/retract") for at in (one, other)]
        for page in pages:
            await page.get_by_label("已找到").check()
        for page in pages:
            await page.locator(f".names button[value='{code}']").click()
        for page in pages:
            await page.wait_for_url("**result=*")
        first, second = sorted(pages, key=lambda page: page.url, reverse=True)
        assert [page.url.partition("result=")[2] for page in (first, second)] == ["retracted", "before"]
        await expect(second.get_by_role("status").first).to_contain_text("没有重复发送")


async def test_no_name_breaks_a_page(browser: Browser, here: Station, outlets: Sequence[int]) -> None:
    made = {name: await make_alert(here.house, minor__name=name, minor__features=name * 3) for name in STRANGE}
    async with desk(browser, here) as large, desk(browser, here, "phone") as at:
        for board in (await large.open("/console/"), await at.open("/console/")):
            for name, code in made.items():
                assert await board.locator(f"#card-{code} h3 bdi").inner_text() == name
            assert await eyes.too_wide(board) == []
        for name, code in made.items():
            for path in (f"/console/alerts/{code}", f"/console/alerts/{code}/retract", f"/p/{code}"):
                page = await at.open(path)
                assert await page.get_by_text(name, exact=True).first.is_visible(), (name, path)
                assert await eyes.too_wide(page) == [], (name, path)
        assert large.errors + at.errors == []
    for code in made.values():
        await retracted(here.house, code)


async def test_the_exercise_of_the_same_name_is_no_confirmation(browser: Browser, here: Station, code: str) -> None:
    drill = await scene.search(here.house, scene.CHILDREN[0], 0, status="exercise")
    async with desk(browser, here) as at:
        page = await at.open(f"/console/alerts/{code}/retract")
        buttons = [page.locator(f".names button[value='{one}']") for one in (code, drill)]
        styles = [await b.evaluate("b => getComputedStyle(b).borderTopStyle") for b in buttons]
        assert styles == ["solid", "dashed"]
        await expect(buttons[1]).to_contain_text("演练")
        await page.get_by_label("已找到").check()
        await buttons[1].click()
        await expect(page.locator("[role=alert].wrong")).to_contain_text("没有执行任何操作")
    assert [await state_of(here.house, one) for one in (code, drill)] == ["active", "active"]
    await retracted(here.house, drill)


async def test_the_server_is_started_anew_while_somebody_looks(browser: Browser, here: Station, code: str) -> None:
    async with desk(browser, here) as at:
        await at.page.clock.install()
        page = await at.open("/console/")
        await expect(page.locator("#lost")).to_be_hidden()
        await here.stop()
        await _later(page, 6)
        await expect(page.locator("#lost")).to_contain_text("的情况，已过去")
        await expect(page.locator(f"#card-{code}")).to_be_visible()  # what was known is still there
        assert await page.evaluate("document.body.classList.contains('stale')"), "and looks as old as it is"
        assert await eyes.faults(page) == []
        await retracted(here.house, code)
        await here.start()
        await _later(page, 6)
        await expect(page.locator(f"#card-{code}")).to_have_count(0)
        await expect(page.locator("body")).not_to_have_class("stale")
        await expect(page.locator("#lost")).to_be_hidden(timeout=8000)
