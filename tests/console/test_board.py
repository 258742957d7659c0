"""What a duty officer sees first."""

import re
from datetime import UTC, datetime

import httpx

from app.db.engine import transaction
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, confirm
from app.flows.house import House
from tests.console.conftest import csrf_of
from tests.console.delivered import accepted, aired, failed, issued, newest
from tests.making import make_alert, make_outlet, make_partner


async def _board(officer: httpx.AsyncClient) -> str:
    answer = await officer.get("/console/")
    assert answer.status_code == 200
    return answer.text


async def _retract(officer: httpx.AsyncClient, code: str) -> None:
    form = {"csrf": csrf_of(await _board(officer)), "reason": "found", "confirm": code, "line": ""}
    assert (await officer.post(f"/console/alerts/{code}/retract", data=form)).status_code == 303


def _card(page: str, code: str) -> str:
    found = re.search(rf'<article class="card [a-z]+" id="card-{code}">.*?</article>', page, re.DOTALL)
    assert found is not None, f"{code} has no card"
    return found[0]


def _top(page: str) -> str:
    """What needs a person."""
    found = re.search(r'<section class="needs.*?</section>', page, re.DOTALL)
    assert found is not None
    return found[0]


async def test_a_quiet_night(officer: httpx.AsyncClient) -> None:
    page = await _board(officer)
    assert "目前没有正在发布的紧急寻人" in page
    assert "目前没有需要人工处理的事项" in page


async def test_a_live_alert_is_a_card_with_its_facts_and_counts(house: House, officer: httpx.AsyncClient) -> None:
    outlets = [await make_outlet(house) for _ in range(5)]
    code = await make_alert(house)
    given = await newest(house, code)
    await aired(house, given[outlets[0]])
    await aired(house, given[outlets[1]])
    await accepted(house, given[outlets[2]])
    await failed(house, given[outlets[3]])
    card = _card(await _board(officer), code)
    for fact in ("实发", "李小明", "男，7岁", "陕西省西安市雁塔区小寨地铁站B口", "已失踪", "40分", code, "100 公里"):
        assert fact in card
    counts = re.findall(r"<b>(\d+)</b> (\S+)</li>", card)
    assert counts == [("2", "已播出"), ("0", "已接收"), ("1", "待确认"), ("1", "未送达"), ("1", "失败")]
    assert f'href="/console/alerts/{code}/retract">撤回<span' in card


async def test_a_drill_never_looks_like_the_real_thing(house: House, officer: httpx.AsyncClient) -> None:
    real = await make_alert(house)
    drills = {await make_alert(house, status="exercise"): "演练", await make_alert(house, status="test"): "测试"}
    page = await _board(officer)
    assert page.index(f"card-{real}") < page.index('class="drills"') < min(page.index(f"card-{d}") for d in drills)
    card = _card(page, real)
    assert 'class="card actual"' in card
    assert "演练" not in card
    assert "测试" not in card
    for code, mark in drills.items():
        card = _card(page, code)
        assert 'class="card actual"' not in card
        assert f"{mark}：不是真实警情" in card
        assert f">撤回{mark}<span" in card
        assert "实发" not in card


async def test_what_needs_a_person_is_on_top(house: House, officer: httpx.AsyncClient) -> None:
    refused, silent, fine = [await make_outlet(house, name=n) for n in ("电子屏甲", "电子屏乙", "电子屏丙")]
    code = await make_alert(house)
    given = await newest(house, code)
    await failed(house, given[refused])
    await accepted(house, given[silent], minutes_ago=30)
    await aired(house, given[fine])
    page = await _board(officer)
    top = _top(page)
    assert f'href="/console/alerts/{code}?stage=failed"' in top
    assert "送达失败 1" in top
    assert "回执超时 1" in top
    assert "已播出" not in top


async def test_exercises_do_not_push_what_is_real_out_of_sight(house: House, officer: httpx.AsyncClient) -> None:
    outlet = await make_outlet(house)
    drills = [await make_alert(house, status=status) for status in ("exercise", "test", *("exercise",) * 8)]
    for code in drills:
        await failed(house, delivery := (await newest(house, code))[outlet])
        await issued(house, delivery, seconds_ago=900)
    top = _top(await _board(officer))
    assert "目前没有真实警情需要人工处理" in top
    assert 'class="needs "' in top, "nothing presses"
    assert "最久未送达" in top.partition("<details")[2]
    code = await make_alert(house)
    await failed(house, delivery := (await newest(house, code))[outlet])
    await issued(house, delivery, seconds_ago=100)
    top = _top(await _board(officer))
    assert 'class="needs some bad"' in top
    seen, _, folded = top.partition('<details id="drill-needs"')
    assert f'href="/console/alerts/{code}?stage=failed"' in seen
    assert f'id="oldest" href="/console/alerts/{code}"' in seen, "the oldest of all is an exercise's"
    assert "共 1 件未送达" in seen
    assert not any(drill in seen for drill in drills)
    assert "演练和测试：10 条有发布点要处理</summary>" in folded
    assert all(f'href="/console/alerts/{drill}?stage=failed"' in folded for drill in drills)
    assert "共 10 件未送达" in folded


async def test_take_downs_that_fail_need_a_person_after_the_end_but_old_refusals_do_not(
    house: House, officer: httpx.AsyncClient
) -> None:
    up, refused = [await make_outlet(house) for _ in range(2)]
    code = await make_alert(house)
    given = await newest(house, code)
    await aired(house, given[up])
    await failed(house, given[refused])
    await _retract(officer, code)
    page = await _board(officer)
    assert "送达失败" not in page
    await failed(house, (await newest(house, code))[up])
    page = await _board(officer)
    top = _top(page)
    assert "撤回失败 1" in top
    assert "李某某" in top


async def test_the_oldest_undelivered_is_named_with_its_age(house: House, officer: httpx.AsyncClient) -> None:
    outlet = await make_outlet(house, name="收不到的屏")
    code = await make_alert(house)
    assert "最久未送达" not in await _board(officer), "it was sent a moment ago"
    delivery = (await newest(house, code))[outlet]
    await failed(house, delivery)
    await issued(house, delivery, seconds_ago=200)
    page = await _board(officer)
    assert "最久未送达" in page
    assert "收不到的屏" in page
    assert "3分2" in page


async def test_a_receipt_that_fits_nothing_is_shown(house: House, officer: httpx.AsyncClient) -> None:
    partner = await make_partner(house, "长安路政")
    async with transaction(house.engine) as session:
        stray = Stated(None, ReceiptKind.AIRED, datetime.now(UTC), note="<b>七号屏</b>", said_for="dlv_404")
        await confirm(session, partner, [stray], press=house.press)
    assert "有 1 条回执对不上任何投递" in await _board(officer)
    listed = (await officer.get("/console/receipts")).text
    for said in ("长安路政", "dlv_404", "已播出", "&lt;b&gt;七号屏&lt;/b&gt;"):
        assert said in listed


async def test_what_has_ended_shows_neither_name_nor_photo(house: House, officer: httpx.AsyncClient) -> None:
    outlet = await make_outlet(house)
    code = await make_alert(house)
    await aired(house, (await newest(house, code))[outlet])
    await _retract(officer, code)
    page = await _board(officer)
    assert "李小明" not in page
    assert "<img" not in page
    assert "小寨" not in page
    assert "李某某" in page
    assert "已撤回（已找到）" in page
    assert re.findall(r"<b>(\d+)</b> (\S+)</li>", page) == [("1", "待撤下")]


async def test_facts_cannot_break_out_of_the_page(house: House, officer: httpx.AsyncClient) -> None:
    evil = "<script>alert(1)</script>"
    await make_outlet(house, name=evil, partner=evil)
    code = await make_alert(house, minor__name=evil, loss__address=f'"{evil}', minor__features=evil)
    for path in ("/console/", f"/console/alerts/{code}", f"/console/alerts/{code}/retract", f"/p/{code}"):
        page = (await officer.get(path)).text
        assert "<script>" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
