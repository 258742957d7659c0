"""What is not done at night: signing in, enrolling an outlet and looking after it, numbers; and an update of a search."""

import asyncio
import csv
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from app.db.engine import transaction
from app.dispatch.trial import Trials
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from app.flows import sign_in
from tests.conftest import fresh_database, house_on
from tests.console_browser import scene
from tests.console_browser.desk import NAME, SIZES, desk
from tests.dispatch.far import rows
from tests.dispatch.loopback import read_json, serving
from tests.making import make_partner, press_of
from tests.serving import Station, station

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "korrekt-pferd-9"
SECRET = "whsec_" + "azazazazazazazazazazazazazazazazazazazazaza="


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(browser: Browser, server: str) -> AsyncIterator[Station]:
    """It may call this machine, so that an outlet here can be tried."""
    async with fresh_database(server) as url, house_on(url) as house:
        wire = HttpWire(allowed=read_networks("127.0.0.1"))
        async with station(replace(house, trier=Trials(house.engine, house.seal, press_of(house), wire))) as made:
            yield made
        await wire.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def codes(here: Station) -> Sequence[str]:
    return await scene.night(here.house)


@pytest.mark.parametrize("size", SIZES)
async def test_signing_in_leads_back_to_where_one_wanted_to_go(browser: Browser, here: Station, size: str) -> None:
    async with transaction(here.house.engine) as session:
        await sign_in.set_password(session, NAME, PASSWORD)
    context = await browser.new_context(**SIZES[size])
    page = await context.new_page()
    await page.goto(f"{here.base}/console/outlets?q=屏")
    await expect(page.get_by_label("用户名")).to_be_focused()
    await page.keyboard.type(NAME)
    await page.keyboard.press("Tab")
    await page.keyboard.type("falsches-pferd")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("用户名或密码不正确")
    await expect(page.get_by_label("密码")).to_be_focused()
    assert await page.get_by_label("用户名").input_value() == NAME
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/outlets?q=*")
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_role("status")).to_contain_text("已退出")
    await page.goto(f"{here.base}/console/")
    assert "/sign-in" in page.url
    await context.close()


async def test_an_outlet_is_enrolled_tried_paused_changed_and_given_a_new_key(browser: Browser, here: Station) -> None:
    heard: list[str] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await read_json(reader))["data"]["kind"])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    await make_partner(here.house, "西安地铁")
    async with serving(behave) as address, desk(browser, here) as at:
        page = await at.open("/console/outlets")
        await page.get_by_role("link", name="登记发布点").click()
        await page.get_by_label("协作单位").select_option(label="西安地铁")
        await page.get_by_label("渠道").select_option("screen")
        await page.get_by_label("传输方式").select_option("webhook")
        await page.get_by_role("button", name="下一步").click()
        await page.get_by_label("名称").fill("钟楼站大屏")
        await page.locator("#set-url").fill("ftp://nowhere")
        await page.locator("#set-secret").fill(SECRET)
        await page.get_by_label("服务区划").fill("610113")
        await page.get_by_label("接收测试").check()
        await page.get_by_role("button", name="保存", exact=True).click()
        await expect(page.locator("#set-url-fault")).to_be_visible()
        assert await page.locator("#set-url").get_attribute("aria-describedby") == "set-url-hint set-url-fault"
        await page.locator("#set-url").fill(address)
        await page.locator("#set-secret").fill(SECRET)
        await page.get_by_role("button", name="保存", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("已登记")
        await page.click("#test")
        await expect(page.get_by_role("status")).to_contain_text("测试已发出并已撤下")
        assert heard == ["publish", "retract"]
        await page.click("#pause")
        await expect(page.locator(".states")).to_contain_text("已暂停")
        await page.click("#pause")
        await expect(page.locator(".states")).not_to_contain_text("已暂停")
        await page.click("#edit")
        await page.get_by_label("回执时限").fill("9")
        await page.get_by_role("button", name="保存", exact=True).click()
        await expect(page.get_by_text("9 分钟")).to_be_visible()
        await page.click("#rotate")
        await expect(page.locator("#secret")).to_contain_text("whsec_")
        new = await page.locator("#secret").inner_text()
        await page.click("#done")
        assert new not in await page.content()
        assert at.errors[1:] == []
        assert "422" in at.errors[0], "the form that was wrong"


async def test_the_list_is_narrowed_on_a_phone(browser: Browser, here: Station, codes: Sequence[str]) -> None:
    await rows(here.house, "UPDATE outlet SET failures = 9, quarantined_at = now(), probe_at = now(), trouble = 'timeout' "
               "WHERE name = '电视台02'")  # fmt: skip
    async with desk(browser, here, "phone") as at:
        page = await at.open("/console/outlets")
        assert "电视台02" in await page.locator("tbody tr").first.inner_text(), "what is in trouble stands first"
        await page.get_by_role("searchbox").fill("地铁屏")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**q=*")
        names = await page.locator("tbody tr a").all_inner_texts()
        assert names
        assert all("地铁屏" in name for name in names if "屏" in name)
        await page.goto(f"{here.base}/console/")
        await expect(page.locator(".needs")).to_contain_text("隔离 1")
        await page.get_by_role("link", name="电视台02").tap()
        await expect(page.locator(".states")).to_contain_text("已隔离")
        assert at.errors == []


async def test_numbers_are_read_and_taken_along(
    browser: Browser, here: Station, codes: Sequence[str], tmp_path: Path
) -> None:
    async with desk(browser, here) as at:
        page = await at.open("/console/numbers")
        await expect(page.locator(".strip svg")).to_have_count(3)
        async with page.expect_download() as file:
            await page.click("#csv")
        kept = tmp_path / "numbers.csv"
        await (await file.value).save_as(kept)
        table = list(csv.reader(kept.read_text(encoding="utf-8-sig").splitlines()))
        assert len(table) == 1 + 16
        assert table[0][0] == "编号"
        assert not any("李小明" in cell for line in table for cell in line), "numbers have no names"
        await page.click("table.numbers a >> nth=0")
        await expect(page.locator(".figures li")).to_have_count(3)
        assert at.errors == []


@pytest.mark.parametrize("size", SIZES)
async def test_a_search_is_told_anew(browser: Browser, here: Station, codes: Sequence[str], size: str) -> None:
    code = codes[6 + list(SIZES).index(size)]
    name = scene.CHILDREN[6 + list(SIZES).index(size)][0]
    async with desk(browser, here, size) as at:
        page = await at.open(f"/console/alerts/{code}")
        await page.click("#update")
        await page.get_by_label("身高").fill("12")
        await page.get_by_label("衣着").fill("黄色雨衣")
        await page.get_by_role("button", name="下一步").click()
        await expect(page.locator("#height-fault")).to_be_visible()
        assert await page.get_by_label("衣着").input_value() == "黄色雨衣"
        await page.get_by_label("身高").fill("121")
        await page.get_by_role("button", name="下一步").click()
        await expect(page.locator(".changes")).to_contain_text("红色短袖、蓝色短裤")
        await expect(page.locator(".seen .said").first).to_contain_text("黄色雨衣")
        await page.locator(".names button", has_text=name).and_(page.locator(f"[value='{code}']")).click()
        await page.wait_for_url("**result=updated")
        await expect(page.locator(".facts").first).to_contain_text("黄色雨衣")
        await expect(page.locator(".notices li")).to_have_count(2)
