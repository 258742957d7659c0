"""One page, one confirmation, one officer; nothing typed is ever lost."""

import re
from html import unescape

import httpx
import pytest
from sqlalchemy import text

from app.db import alerts
from app.db.alerts import STANDING_CORRECTION
from app.db.engine import transaction
from app.domain.words import AlertState
from app.flows.house import House
from tests.console.retraction import aired_alert, confirm, filled, state_of


def _names(page: str) -> list[tuple[str, str]]:
    """The buttons that confirm: what they send, and the name on them."""
    found = re.findall(r'<button [^>]*name="confirm" value="([^"]*)"[^>]*>(.*?)</button>', page, re.DOTALL)
    return [(of, re.sub(r".*<bdi>(.*)</bdi>.*", r"\1", inner)) for of, inner in found]


async def test_the_page_says_whose_alert_it_is_and_asks_once(house: House, officer: httpx.AsyncClient) -> None:
    code = await aired_alert(house)
    page = (await officer.get(f"/console/alerts/{code}/retract")).text
    assert re.search(rf'<img class="photo large"[^>]*src="/media/{code}/', page)
    assert '<p class="name"><bdi>李小明</bdi></p>' in page
    assert "男，7岁" in page
    assert f'<p class="code">{code}</p>' in page
    assert '<span class="mark actual">实发</span>' in page
    assert re.findall(r'name="reason" value="(\w+)" required[^>]*> ([^<]+)<', page) == [
        ("found", "已找到"), ("issued_in_error", "误发"), ("report_untrue", "警情不实"),
    ]  # fmt: skip
    assert _names(page) == [("", "确认"), (code, "李小明")], "the first, which Enter presses, names nobody"
    assert "看清照片和姓名，按下确认，立即撤回实发" in page
    assert "checked" not in page, "nothing is confirmed before it is read"
    assert page.count("autofocus") == 1


async def test_the_name_is_found_among_those_that_are_most_like_it(house: House, officer: httpx.AsyncClient) -> None:
    code = await aired_alert(house)
    for name in ("张伟", "李小红", "欧阳一", "王小明", "赵六"):
        await aired_alert(house, minor__name=name)
    drill = await aired_alert(house, status="exercise")
    page = (await officer.get(f"/console/alerts/{code}/retract")).text
    names = _names(page)[1:]
    assert len(names) == 4
    assert {name for _, name in names} == {"李小明", "李小红", "王小明"}
    assert {of for of, name in names if name == "李小明"} == {code, drill}
    assert "实发 · 男，7岁" in page
    assert "演练 · 男，7岁" in page
    other = next(of for of, name in names if name == "李小红")
    form = await filled(officer, code) | {"confirm": other}
    refused = await confirm(officer, code, form)
    assert refused.status_code == 422
    assert "您按下的是另一条寻人" in refused.text
    for one in (code, other):
        assert await state_of(house, one) is AlertState.ACTIVE


async def test_every_live_alert_can_be_taken_back_from_anywhere(house: House, officer: httpx.AsyncClient) -> None:
    assert "没有什么可以撤回" in (await officer.get("/console/retract")).text
    code, drill = await aired_alert(house), await aired_alert(house, status="exercise", minor__name="王小红")
    page = (await officer.get("/console/retract")).text
    assert page.index(f'href="/console/alerts/{code}/retract"') < page.index(f'href="/console/alerts/{drill}/retract"')
    for said in ("李小明", "王小红", "男，7岁", "实发", "演练"):
        assert said in page
    for path in ("/console/", f"/console/alerts/{code}", f"/console/alerts/{code}/content", "/console/retract"):
        assert 'href="/console/retract" accesskey="r"' in (await officer.get(path)).text


@pytest.mark.parametrize(("status", "mark"), [("exercise", "演练"), ("test", "测试")])
async def test_a_drill_is_retracted_on_a_page_that_looks_different(
    house: House, officer: httpx.AsyncClient, status: str, mark: str
) -> None:
    drill, real = await aired_alert(house, status=status), await aired_alert(house)
    page = (await officer.get(f"/console/alerts/{drill}/retract")).text
    other = (await officer.get(f"/console/alerts/{real}/retract")).text
    for said in (f'<body class="{status} retracting"', f"立即撤回{mark}<", f'<p class="status"><span class="mark {status}"',
                 "drillbar", f"<title>【{mark}】撤回", f"【{mark}】寻人结束"):  # fmt: skip
        assert said in page
        assert said not in other
    for said in ('<body class="actual retracting"', "立即撤回实发<", '<p class="status"><span class="mark actual"'):
        assert said in other
        assert said not in page


async def test_the_correction_is_shown_as_it_will_be_sent(house: House, officer: httpx.AsyncClient) -> None:
    code = await aired_alert(house)
    page = unescape((await officer.get(f"/console/alerts/{code}/retract")).text)
    assert "通知 <b>1</b> 个可能已播出的发布点下线" in page
    async with transaction(house.engine) as session:
        alert = await alerts.find(session, code)
        assert alert is not None
        (standing,) = (await alerts.renditions(session, alert.id, STANDING_CORRECTION)).values()
    assert "\n".join(standing["texts"]["lines"]) in page
    with_line = {"line": "感谢各位市民"}
    shown = (await officer.post(f"/console/alerts/{code}/retract/correction", data=with_line)).text
    await confirm(officer, code, await filled(officer, code) | with_line)
    async with transaction(house.engine) as session:
        (sent,) = (await alerts.renditions(session, alert.id, 2)).values()
    assert "感谢各位市民" in "".join(sent["texts"]["lines"])
    assert "\n".join(sent["texts"]["lines"]) in unescape(shown)


async def test_one_confirmation_takes_it_back(house: House, officer: httpx.AsyncClient) -> None:
    code = await aired_alert(house)
    done = await confirm(officer, code, await filled(officer, code, line=" 感谢各位市民 "))
    assert (done.status_code, done.headers["location"]) == (303, f"/console/alerts/{code}?result=retracted")
    page = (await officer.get(done.headers["location"])).text
    assert "撤回已生效" in page
    assert "<b>1</b> 个发布点尚未确认撤下" in page
    assert "附言：感谢各位市民" in page
    assert await state_of(house, code) is AlertState.RETRACTED
    async with transaction(house.engine) as session:
        who = await session.execute(text("SELECT ended_by, end_reason FROM alert WHERE code = :c"), {"c": code})
    assert tuple(who.one()) == ("operator:韩晓东", "found")
    assert (await officer.get(f"/p/{code}")).status_code == 410


async def test_retracting_twice_changes_nothing_and_says_so(house: House, officer: httpx.AsyncClient) -> None:
    code = await aired_alert(house)
    form = await filled(officer, code)
    await confirm(officer, code, form)
    again = await confirm(officer, code, form | {"reason": "report_untrue"})
    assert again.headers["location"] == f"/console/alerts/{code}?result=before"
    page = (await officer.get(again.headers["location"])).text
    assert "此前已经撤回，没有重复发送" in page
    assert "已撤回（已找到）" in page
    async with transaction(house.engine) as session:
        told = await session.execute(text("SELECT count(*) FROM delivery WHERE kind = 'retract'"))
    assert told.scalar_one() == 1
    late = await officer.get(f"/console/alerts/{code}/retract")
    assert late.headers["location"] == f"/console/alerts/{code}?result=over"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"confirm": ""}, "请看清照片和姓名，再按下这个孩子的姓名"),
        ({"confirm": "HJ-2026-999999"}, "您按下的是另一条寻人"),
        ({"reason": ""}, "请选择撤回原因"),
        ({"reason": "nonsense"}, "请选择撤回原因"),
        ({"line": "孩子已送医院"}, "附言含“医院”"),
        ({"line": "小朋友李小明已回家"}, "附言不得写孩子的姓名"),
        ({"line": "谢" * 61}, "附言最多 60 字"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    house: House, officer: httpx.AsyncClient, changes: dict[str, str], said: str
) -> None:
    code = await aired_alert(house)
    form = await filled(officer, code, line="感谢各位", reason="issued_in_error") | changes
    refused = await confirm(officer, code, form)
    assert refused.status_code == 422
    assert said in refused.text
    assert f'name="line" value="{form["line"]}"' in refused.text
    if form["reason"] == "issued_in_error":
        assert re.search(r'value="issued_in_error" required checked', refused.text)
    assert await state_of(house, code) is AlertState.ACTIVE
    (focused,) = re.findall(r"<[^>]* autofocus[ >][^>]*>?", refused.text)
    (field,) = changes
    fault = re.search(rf'id="{field}-fault"[^>]*>([^<]*)<', refused.text)
    assert fault is not None
    assert said in fault[1]
    if field == "reason":
        assert 'value="found"' in focused, "the first of them"
        assert '<fieldset data-fault="reason-fault" aria-describedby="reason-fault">' in refused.text
    elif field == "confirm":
        assert focused.startswith("<fieldset"), "not a button: Enter would press it"
        assert 'aria-describedby="confirm-fault"' in focused
    else:
        assert focused.startswith('<input id="line"')
        assert 'aria-describedby="line-fault"' in focused


async def test_the_line_may_not_break_out_of_the_page_or_hide_anything(
    house: House, officer: httpx.AsyncClient
) -> None:
    code = await aired_alert(house)
    form = await filled(officer, code, confirm="", line='"><script>alert(1)</script>')
    assert "<script>" not in (await confirm(officer, code, form)).text
    form |= {"confirm": code, "line": "感谢\u202e各位\u200b市民\x00"}
    done = await confirm(officer, code, form)
    assert "附言：感谢各位市民" in (await officer.get(done.headers["location"])).text


async def test_an_alert_whose_time_is_up_is_not_retracted(house: House, officer: httpx.AsyncClient) -> None:
    code = await aired_alert(house)
    form = await filled(officer, code)
    async with transaction(house.engine) as session:
        await session.execute(text("UPDATE alert SET state = 'expired', ended_at = now() WHERE code = :c"), {"c": code})
    refused = await confirm(officer, code, form)
    assert refused.status_code == 409
    assert "已到期结束，不能再做此操作" in refused.text
