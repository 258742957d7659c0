"""One alert: who took it, who aired it, who took it down, and what a person can do about the rest."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.console import outlets_table
from app.console.shown import shown
from app.db import outlets, views
from app.db.engine import clock, transaction
from app.domain.words import EndReason, ReceiptKind, Scope
from app.flows import end
from app.flows.house import House
from app.flows.principal import Principal
from app.flows.submit import Picture
from tests.console.conftest import csrf_of
from tests.console.delivered import accepted, aired, failed, newest, said
from tests.making import make_alert, make_outlet, photo_bytes

OFFICER = Principal("operator:韩晓东", Scope.OPERATOR, live=True)


async def _page(officer: httpx.AsyncClient, code: str, query: str = "") -> str:
    answer = await officer.get(f"/console/alerts/{code}{query}")
    assert answer.status_code == 200
    return answer.text


def _rows(page: str) -> list[str]:
    body = page[page.index('<table class="rows outlets">') :]
    return re.findall(r"<tr class=\"(?:wrong)?\">.*?</tr>", body, re.DOTALL)


async def _retract(house: House, code: str) -> None:
    async with transaction(house.engine) as session:
        await end.retract(session, OFFICER, code, EndReason.FOUND, "", press=house.press)


async def test_the_facts_are_those_of_the_public_and_no_others(house: House, officer: httpx.AsyncClient) -> None:
    code = await make_alert(house, Picture(photo_bytes(), "image/jpeg", 120, 160))
    page = await _page(officer, code)
    for public in ("李小明", "男，7岁", "约 118 厘米", "左眉有痣", "红色短袖", "小寨地铁站B口", "029-85250111", code):
        assert public in page
    for private in ("13800000000", "李强", "王建国", "赵敏", "A6101130", "监控视频", "108.9", "01-15"):
        assert private not in page
    assert re.search(rf'<img [^>]*src="/media/{code}/[0-9a-f]{{64}}\?expires=\d+&amp;signature=[0-9a-f]{{64}}"', page)


async def test_a_screen_that_has_vanished_is_told_of(house: House, officer: httpx.AsyncClient) -> None:
    outlet, _ = await make_outlet(house, name="一屏"), await make_outlet(house, name="二屏")
    code = await make_alert(house)
    async with transaction(house.engine) as session:
        await outlets.came_and_went(session, {outlet: datetime.now(UTC) - timedelta(minutes=3)})
    assert ["离线，自" in row for row in _rows(await _page(officer, code))] == [True, False]


async def test_each_outlet_has_its_stage_by_word_sign_and_colour_and_its_trouble_in_chinese(
    house: House, officer: httpx.AsyncClient
) -> None:
    one, two, three, four = [await make_outlet(house, name=f"第{n}屏") for n in "一二三四"]
    code = await make_alert(house)
    given = await newest(house, code)
    await aired(house, given[one])
    await failed(house, given[two], "gone", "HTTP 410")
    await accepted(house, given[three], minutes_ago=20)
    rows = _rows(await _page(officer, code))
    assert [re.findall(r"第.屏", row) for row in rows] == [["第二屏"], ["第三屏"], ["第四屏"], ["第一屏"]]
    refused, silent, waiting, fine = rows
    assert re.search(r'class="stage bad"><i[^>]*>✕</i>送达失败', refused)
    assert "对方的接收地址已失效" in refused
    assert "HTTP 410" in refused
    assert 'href="tel:029-12345678"' in refused
    assert re.search(r'class="stage warn"><i[^>]*>!</i>回执超时', silent)
    assert "tel:" in silent
    assert re.search(r'class="stage wait"><i[^>]*>…</i>待送达', waiting)
    assert re.search(r'class="stage good"><i[^>]*>▶</i>已播出', fine)
    assert "tel:" not in fine, "nobody has to be called"
    assert "户外电子屏" in fine
    assert four


async def test_filters_are_plain_links(house: House, officer: httpx.AsyncClient) -> None:
    screen, tv = await make_outlet(house), await make_outlet(house, name="一套", channel="tv")
    code = await make_alert(house)
    await failed(house, (await newest(house, code))[tv])
    page = await _page(officer, code)
    assert 'href="?stage=failed"' in page
    assert 'href="?channel=tv"' in page
    assert len(_rows(page)) == 2
    for query in ("?stage=failed", "?channel=tv", "?stage=failed&channel=tv"):
        rows = _rows(await _page(officer, code, query))
        assert len(rows) == 1
        assert "一套" in rows[0]
    for query in ("?stage=aired", "?stage=nonsense", "?channel=<script>", "?page=99"):
        page = await _page(officer, code, query)
        assert _rows(page) == []
        assert "没有符合条件的发布点" in page
    assert f'hx-get="/console/alerts/{code}?stage=failed" hx-trigger' in await _page(
        officer, code, "?stage=failed&result=asked"
    )
    assert screen


async def test_many_outlets_are_shown_a_page_at_a_time(
    house: House, officer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets_table, "PAGE", 2)
    for n in range(5):
        await make_outlet(house, name=f"屏{n}")
    code = await make_alert(house)
    first, second, third = [await _page(officer, code, f"?page={n}") for n in ("1", "2", "3")]
    assert [len(_rows(page)) for page in (first, second, third)] == [2, 2, 1]
    assert 'href="?page=2">下一页' in first
    assert "上一页" not in first
    assert "下一页" not in third
    assert len(_rows(await _page(officer, code, "?page=-1"))) == 2


async def test_a_failed_delivery_is_sent_again_once_or_all(house: House, officer: httpx.AsyncClient) -> None:
    outlets = [await make_outlet(house) for _ in range(3)]
    code = await make_alert(house)
    given = await newest(house, code)
    for outlet in outlets:
        await failed(house, given[outlet])
    page = await _page(officer, code)
    assert "全部重新发送（3）" in page
    form = {"csrf": csrf_of(page)}
    one = await officer.post(f"/console/alerts/{code}/ask-again", data=form | {"delivery": str(given[outlets[0]])})
    assert one.headers["location"] == f"/console/alerts/{code}?result=asked"
    page = await _page(officer, code, "?result=asked")
    assert "已重新排队发送" in page
    assert "全部重新发送（2）" in page
    await officer.post(f"/console/alerts/{code}/ask-again", data=form)
    assert "重新发送" not in (await _page(officer, code)).replace("已重新", "")
    nothing = await officer.post(f"/console/alerts/{code}/ask-again", data=form)
    assert "没有可以重新发送的失败投递" in (await officer.get(nothing.headers["location"])).text


@pytest.mark.parametrize("delivery", ["0", "9" * 18, "9" * 40, "-1", "x", "１"])
async def test_what_did_not_fail_cannot_be_sent_again(house: House, officer: httpx.AsyncClient, delivery: str) -> None:
    code = await make_alert(house)
    form = {"csrf": csrf_of(await _page(officer, code)), "delivery": delivery}
    refused = await officer.post(f"/console/alerts/{code}/ask-again", data=form)
    assert refused.status_code in (404, 409)
    assert "只有“失败”" in refused.text or "没有这条投递" in refused.text


async def test_after_the_end_the_page_counts_down_to_zero_and_names_who_is_still_up(
    house: House, officer: httpx.AsyncClient
) -> None:
    up, down, never, refused = [await make_outlet(house, name=f"第{n}屏") for n in "一二三四"]
    group = await make_outlet(
        house, name="一群", channel="dingtalk", carrier="dingtalk_robot",
        settings={"access_token": "a" * 64, "secret": "SEC" + "b" * 64},
    )  # fmt: skip
    code = await make_alert(house, Picture(photo_bytes(), "image/jpeg", 120, 160))
    given = await newest(house, code)
    for outlet in (up, down, group):
        await accepted(house, given[outlet])
    await failed(house, given[refused])
    await _retract(house, code)
    page = await _page(officer, code)
    assert "<b>3</b> 个发布点尚未确认撤下" in page
    assert "第四屏" in _rows(page)[3], "after the three that may still be up"
    taken = await newest(house, code)
    await failed(house, taken[up], "unreachable", "")
    await accepted(house, taken[group])
    await accepted(house, taken[down])
    await said(house, taken[down], ReceiptKind.TAKEN_DOWN)
    page = await _page(officer, code)
    assert "<b>1</b> 个发布点尚未确认撤下" in page
    rows = _rows(page)
    assert "第一屏" in rows[0]
    assert "撤回失败" in rows[0]
    assert "连接不上对方" in rows[0]
    assert "tel:029-12345678" in rows[0]
    assert ["送达失败" in row for row in rows] == [False, True, False, False, False], "it never showed anything"
    assert "tel:" not in rows[1]
    for row, stage in zip(rows[2:], ("已发更正", "已撤下", "未送出已取消"), strict=True):
        assert stage in row
    await said(house, taken[up], ReceiptKind.TAKEN_DOWN)
    assert "没有发布点还在播出" in await _page(officer, code)
    assert never


async def test_after_the_end_neither_name_nor_photo(house: House, officer: httpx.AsyncClient) -> None:
    code = await make_alert(house, Picture(photo_bytes(), "image/jpeg", 120, 160))
    await _retract(house, code)
    page = await _page(officer, code)
    for gone in ("李小明", "<img", "/media/", "小寨", "左眉", "红色", "118 厘米", "全部重新发送", f"{code}/retract"):
        assert gone not in page
    assert "李某某" in page
    assert "已撤回（已找到）" in page
    assert "值守员 韩晓东" in page


async def test_what_is_given_to_the_pages_after_the_end_holds_neither(house: House) -> None:
    code = await make_alert(house, Picture(photo_bytes(), "image/jpeg", 120, 160))
    for live in (True, False):
        async with transaction(house.engine) as session:
            (row,) = await views.alerts(session, live=live, limit=9)
            now = await clock(session)
        for at in (now, row["expires_at"]):
            alert = shown(row, house.media_secret, at)
            told = live and at == now
            assert (alert.facts is not None) is told
            assert (alert.photo is not None) is told
            assert alert.name == ("李小明" if told else "李某某")
            assert ("李小明" in repr(alert)) is told
        if live:
            await _retract(house, code)


async def test_an_outlet_that_airs_it_after_it_was_down_is_shown_first(
    house: House, officer: httpx.AsyncClient
) -> None:
    liar, fine = await make_outlet(house, name="电屏"), await make_outlet(house, name="甲屏")
    code = await make_alert(house)
    given = await newest(house, code)
    for outlet in (liar, fine):
        await accepted(house, given[outlet])
    await _retract(house, code)
    taken = await newest(house, code)
    for outlet in (fine, liar):
        await accepted(house, taken[outlet])
        await said(house, taken[outlet], ReceiptKind.TAKEN_DOWN, minutes_ago=5)
    await said(house, given[liar], ReceiptKind.AIRED)
    rows = _rows(await _page(officer, code))
    assert "电屏" in rows[0], "though 甲 comes before 电"
    assert "撤下后又报播出" in rows[0]
    assert "tel:" in rows[0]
    assert "撤下后又报播出" not in rows[1]


@pytest.mark.parametrize(("status", "mark"), [("exercise", "演练"), ("test", "测试")])
async def test_a_drill_is_marked_on_the_whole_page(
    house: House, officer: httpx.AsyncClient, status: str, mark: str
) -> None:
    page = await _page(officer, await make_alert(house, status=status))
    assert f'<body class="{status}"' in page
    assert f'<p class="drillbar">{mark}：不是真实警情</p>' in page
    assert f"<title>【{mark}】" in page
    assert f">撤回{mark}</a>" in page
    real = await _page(officer, await make_alert(house))
    assert '<body class="actual"' in real
    assert "drillbar" not in real
