"""Filling in a record by hand: every fault at once beside its field, nothing that was typed is lost, nothing goes out."""

import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from app.console.geography import place
from app.db.engine import transaction
from app.domain.beijing import BEIJING
from app.domain.geo import Point
from app.flows.house import House
from app.flows.look import opened as opened_record
from app.flows.propose import looked_at
from tests.console.conftest import browser, csrf_of, end_sessions, let_in
from tests.console.officers import ISSUE, PREVIEW, at_the_desk, filled, make_officer, marks, proposed, sent, typed
from tests.flows.ledger import dump, one, rows
from tests.making import make_alert, make_outlet, photo_bytes

HTMX: dict[str, Any] = {"headers": {"hx-request": "true"}}


@pytest.fixture
async def wang(house: House, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    someone = await at_the_desk(house, app, "王建国", "010233")
    yield someone
    await someone.aclose()


def fault_beside(page: str, name: str) -> str:
    found = re.search(rf'<span class="fault" id="{name}-fault"[^>]*>([^<]*)<', page)
    return unescape(found[1]) if found else ""


def value_of(page: str, name: str) -> str:
    found = re.search(rf'<input id="{name}" name="{name}"[^>]* value="([^"]*)"', page)
    if found is None:
        found = re.search(rf'<textarea id="{name}"[^>]*>([^<]*)</textarea>', page)
    assert found is not None, name
    return unescape(found[1])


async def test_an_empty_form_says_everything_that_is_missing_and_chooses_nothing(wang: httpx.AsyncClient) -> None:
    page = (await wang.get(ISSUE)).text
    assert not re.search(r'type="radio"[^>]*checked', page), "whether it is real is somebody's decision"
    assert value_of(page, "phone") == "029-85250110"
    assert "王建国，警号 010233" in page
    answer = await sent(wang, page, {})
    assert answer.status_code == 422
    missing = (
        "name",
        "lost_at",
        "address",
        "case_number",
        "basis",
        "guardian_name",
        "guardian_relation",
        "guardian_phone",
    )
    for name in missing:
        assert fault_beside(answer.text, name) == "还没有填，请填写。", name
        assert f'aria-describedby="{name}' in answer.text
    for name in ("status", "sex", "guardian_told"):
        assert fault_beside(answer.text, name) == "还没有选，请选择。", name
    assert fault_beside(answer.text, "age") == "出生日期与年龄须至少填一项。填写出生日期或年龄。"
    summary = answer.text.split('id="faults"')[1].split("</div>")[0]
    assert "tabindex" in summary
    assert "有 12 处需要更正，还没有提交" in summary
    assert re.findall(r'<a href="#(\w+)">', summary)[:4] == ["status", "name", "sex", "age"], "in the order of the page"
    for name in re.findall(r'<a href="#(\w+)">', summary):
        assert f'id="{name}"' in answer.text, "a link that leads somewhere"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("age", "七", "应为整数。填写整数。"),
        ("age", "18", "过大，不得大于 17。核对后填写。"),
        ("height_cm", "1.18", "应为整数。填写整数。"),
        ("lon", "34.2", "过小，不得小于 73.0。核对后填写。"),
        ("lat", "北纬", "应为数字。填写数字。"),
        ("plate", "陕A1", "车牌格式不对。如 陕A12345、陕AD12345，不写间隔点；只知道一部分的写在描述。"),
        ("phone", "85250111", "电话格式不对。填写 110、手机号或带区号的座机，如 029-85250110。"),
        ("resident_id", "610113201901020010", "身份证号格式或校验码不对。逐位核对 18 位号码，末位 X 大写；没有可不填。"),
        ("case_number", "1", "案（事）件编号应为 23 位：一个大写字母、12 位机关代码、10 位数字。如 A6101130000002026110001。"),
        ("area_code", "610112", "本机关不能为这个区县发布。请选择管辖内的区县，或由当地、上级公安机关发布。"),
        ("duration_hours", "200", "过大，不得大于 168。核对后填写。"),
        ("suspect", "他", "内容过短，至少 2 字。补足内容。"),
    ],
)  # fmt: skip
async def test_a_fault_stands_beside_its_field_in_its_own_words(
    wang: httpx.AsyncClient, name: str, value: str, said: str
) -> None:
    answer = await filled(wang, None, **{name: value})
    assert answer.status_code == 422
    assert fault_beside(answer.text, name) == said
    if name != "area_code":
        assert value_of(answer.text, name) == value, "what was typed stays"
    assert value_of(answer.text, "clothing") == "红色短袖、蓝色短裤"


async def test_a_loss_ahead_of_the_clock_is_one_fault(wang: httpx.AsyncClient) -> None:
    ahead = f"{(datetime.now(UTC) + timedelta(hours=2)).astimezone(BEIJING):%Y-%m-%dT%H:%M}"
    page = (await filled(wang, lost_at=ahead)).text
    assert "有 1 处需要更正" in page
    assert fault_beside(page, "lost_at").startswith("时间在将来。")


async def test_no_fault_speaks_of_members(wang: httpx.AsyncClient) -> None:
    page = await filled(
        wang, birth_date="2015-01-01", age="3", lon="34.2", lat="108.9", resident_id="11010119900307371X"
    )
    said = " ".join(re.findall(r'class="fault"[^>]*>([^<]*)<', page.text))
    assert said
    assert not re.search(r"[a-z]{3,}", said), said


async def test_the_same_case_twice_is_told_at_the_form(house: House, wang: httpx.AsyncClient) -> None:
    code = await make_alert(house, case_number="A6101130000002026120001")
    assert code in fault_beside((await filled(wang)).text, "case_number")
    assert (await filled(wang, status="exercise")).status_code == 303
    other = "A6101130000002026120002"
    await proposed(wang, case_number=other)
    assert "已有一份信息在等第二名民警确认" in fault_beside((await filled(wang, case_number=other)).text, "case_number")


async def test_what_is_typed_is_kept_and_found_again(house: House, wang: httpx.AsyncClient) -> None:
    page = (await wang.get(ISSUE)).text
    saved = await sent(wang, page, {"name": "李小明", "clothing": "红色短袖\n蓝色短裤"}, path=f"{ISSUE}/draft", **HTMX)
    assert re.search(r"已存下 \d\d:\d\d:\d\d", saved.text)
    again = (await wang.get(ISSUE)).text
    assert "还没有提交的内容，可以接着填" in again
    assert value_of(again, "clothing") == "红色短袖\n蓝色短裤"
    assert "李小明" not in repr(await dump(house)), "sealed"
    cleared = await sent(wang, again, {}, path=f"{ISSUE}/clear")
    assert cleared.status_code == 303
    assert value_of((await wang.get(ISSUE)).text, "name") == ""
    assert await one(house, "SELECT count(*) FROM draft") == 0


async def test_nothing_is_lost_when_the_session_ends(house: House, wang: httpx.AsyncClient) -> None:
    page = (await wang.get(ISSUE)).text
    await end_sessions(house, wang)
    saved = await sent(wang, page, {"name": "李小明"}, path=f"{ISSUE}/draft", **HTMX)
    assert "登录已过期，内容已存下" in saved.text
    gone = await sent(wang, page, typed(), photo_bytes())
    assert gone.headers["location"] == "/console/sign-in?next=/console/issue&why=issue"
    assert "填写的内容都已存下" in (await wang.get(gone.headers["location"])).text
    await let_in(house, wang, "王建国")
    again = (await wang.get(ISSUE)).text
    assert value_of(again, "basis") == "监控视频与家属陈述一致"
    assert 'id="result"' in again, "the photo too"
    assert await one(house, "SELECT count(*) FROM proposal") == 0


async def test_a_form_whose_officer_cannot_be_known_is_kept_for_nobody(house: House, wang: httpx.AsyncClient) -> None:
    page = (await wang.get(ISSUE)).text
    await end_sessions(house, wang)
    for mark in ("", "forged", house.seal.close(b'["plates","x",null,"2026-01-01T00:00:00+00:00"]').decode()):
        answer = await sent(wang, page, {"name": "李小明", "mark": mark})
        assert answer.headers["location"] == "/console/sign-in?next=/console/issue&why=expired"
    assert await one(house, "SELECT count(*) FROM draft") == 0


async def test_a_form_goes_into_the_account_that_opened_it(house: House, app: FastAPI, wang: httpx.AsyncClient) -> None:
    page = (await wang.get(ISSUE)).text
    await end_sessions(house, wang)
    await let_in(house, wang, "赵敏")  # the next shift signs in at the same machine
    await make_officer(house, "赵敏", "010871")
    refused = await sent(wang, page, typed())
    assert refused.status_code == 403
    assert "另一个账号" in refused.text
    assert [r.account for r in await rows(house, "SELECT account FROM draft")] == ["王建国"]
    assert value_of((await wang.get(ISSUE)).text, "name") == ""


async def test_a_form_of_an_earlier_session_is_no_reason_to_lose_it(house: House, wang: httpx.AsyncClient) -> None:
    page = (await wang.get(ISSUE)).text
    await end_sessions(house, wang)
    await let_in(house, wang, "王建国")
    assert (await sent(wang, page, typed())).headers["location"] == PREVIEW


async def test_nothing_is_lost_when_the_database_is_away(wang: httpx.AsyncClient, stranded: httpx.AsyncClient) -> None:
    page = (await wang.get(ISSUE)).text
    held = await sent(stranded, page, typed(clothing='红色"短袖"\n</textarea>'))
    assert held.status_code == 503
    kept = {
        n: unescape(v) for n, v in re.findall(r'<textarea hidden name="(\w+)">(.*?)</textarea>', held.text, re.DOTALL)
    }
    assert kept["clothing"] == '红色"短袖"\n</textarea>'
    answer = await wang.post(ISSUE, files={name: (None, value) for name, value in kept.items()})
    assert answer.headers["location"] == PREVIEW, "the button of that page does the rest"


async def test_a_photo_is_cut_on_the_server(wang: httpx.AsyncClient) -> None:
    page = (await wang.get(ISSUE)).text
    portrait = await sent(wang, page, typed(), photo_bytes(400, 300), path=f"{ISSUE}/photo", **HTMX)
    assert 'id="crop_left"' in portrait.text
    cut = {"crop_left": "25", "crop_right": "25", "crop_top": "10", "crop_bottom": "0"}
    answer = await sent(wang, page, cut, path=f"{ISSUE}/photo", **HTMX)
    shown = re.search(r'src="(/console/issue/photo\?crop=[^"]+)"', answer.text)
    assert shown is not None
    body = (await wang.get(unescape(shown[1]))).content
    assert Image.open(io.BytesIO(body)).size == (200, 270)
    whole = (await wang.get(f"{ISSUE}/photo")).content
    assert Image.open(io.BytesIO(whole)).size == (400, 300), "and can be cut otherwise"
    too_far = await sent(wang, page, cut | {"crop_right": "70"}, path=f"{ISSUE}/photo", **HTMX)
    assert fault_beside(too_far.text, "photo") == "裁得太多，剩下的部分看不清。少裁一些，宽高至少留 64 像素。"
    assert "裁得太多" in fault_beside((await sent(wang, page, {})).text, "photo")
    new = await sent(wang, page, {}, photo_bytes(300, 300), path=f"{ISSUE}/photo", **HTMX)
    assert 'name="crop_left" value="0"' in new.text, "another photo is not cut as the last one was"
    gone = await sent(wang, page, {"remove": "1"}, path=f"{ISSUE}/photo")
    assert gone.headers["location"] == f"{ISSUE}#portrait"
    assert 'id="result"' not in (await wang.get(ISSUE)).text
    assert (await wang.get(f"{ISSUE}/photo")).status_code == 404


async def test_a_photo_that_is_none_is_told_and_the_rest_is_kept(wang: httpx.AsyncClient) -> None:
    answer = await filled(wang, b"no photo at all")
    assert answer.status_code == 422
    assert fault_beside(answer.text, "photo") == "照片不是 JPEG、PNG 或 WebP。另存为 JPEG 后再传。"
    assert value_of(answer.text, "basis") == "监控视频与家属陈述一致"


async def test_the_place_is_pointed_at_or_chosen(house: House, app: FastAPI) -> None:
    city = await at_the_desk(house, app, "孙立", "020001", organ="610100000000", area="610100")
    page = (await city.get(ISSUE)).text
    assert '<optgroup label="西安市">' in page
    assert "610113" in page
    assert "610402" not in page, "an organ chooses among its own"
    x, y = place(Point(108.9465, 34.2245))
    answer = await sent(city, page, {"x": f"{x:.2f}", "y": f"{y:.2f}"}, path=f"{ISSUE}/place", **HTMX)
    assert '<option value="610113" selected>' in answer.text
    assert re.fullmatch(r"108\.94\d\d", value_of(answer.text, "lon"))
    assert re.fullmatch(r"34\.22\d\d", value_of(answer.text, "lat"))
    assert '<option value="WGS84" selected>' in answer.text
    assert "十字是走失地点" in answer.text
    away = await sent(city, page, {"x": "1e9", "y": "nan"}, path=f"{ISSUE}/place", **HTMX)
    assert "十字是走失地点" in away.text, "a point beyond the sheet changes nothing"
    await city.aclose()


@pytest.mark.parametrize(
    ("lon", "lat", "said"),
    [
        ("108.947", "34.224", "十字是走失地点"),
        ("109.5", "34.5", "十字不在本机关管辖的区县内"),
        ("", "", "没有坐标，按区县中心"),
        ("x", "y", "点一下走失的地方"),
    ],
)
async def test_the_map_says_what_it_shows(wang: httpx.AsyncClient, lon: str, lat: str, said: str) -> None:
    page = (await wang.get(ISSUE)).text
    answer = await sent(wang, page, {"area_code": "610113", "lon": lon, "lat": lat}, path=f"{ISSUE}/place", **HTMX)
    assert said in answer.text
    assert ('class="cross' in answer.text) == (said != "点一下走失的地方")


async def test_the_map_of_a_neighbour_has_no_borders_to_be_outside_of(house: House, app: FastAPI) -> None:
    away = await at_the_desk(house, app, "孙立", "020001", organ="620100000000", area="620100")
    page = (await away.get(ISSUE)).text
    facts = {"area_code": "620102", "lon": "103.83", "lat": "36.05", "datum": "WGS84"}
    assert "十字是走失地点" in (await sent(away, page, facts, path=f"{ISSUE}/place", **HTMX)).text
    await away.aclose()


async def test_a_clock_field_with_seconds_is_read(wang: httpx.AsyncClient) -> None:
    assert (await filled(wang, lost_at=typed()["lost_at"] + ":30")).headers["location"] == PREVIEW


async def test_without_a_position_it_is_the_countys_middle_and_that_is_said(
    house: House, wang: httpx.AsyncClient
) -> None:
    path = await proposed(wang, lon="", lat="", datum="BD09")
    async with transaction(house.engine) as session:
        record, _ = await looked_at(session, int(path.rpartition("/")[2]), seal=house.seal)
    assert (record.loss.datum, round(record.loss.lon, 1), round(record.loss.lat, 1)) == ("WGS84", 108.9, 34.2)
    await filled(wang, lon="", lat="", case_number="A6101130000002026120002")
    assert "没有填坐标，覆盖范围按区县中心计算" in (await wang.get(PREVIEW)).text


async def test_the_preview_shows_all_that_would_go_out_and_to_how_many(house: House, wang: httpx.AsyncClient) -> None:
    for channel in ("tv", "radio", "screen", "billboard", "dingtalk", "partner"):
        await make_outlet(house, channel=channel)
    await make_outlet(house, lon=110.2, lat=38.3)  # Yulin: beyond a hundred kilometres
    await filled(wang, photo_bytes())
    page = (await wang.get(PREVIEW)).text
    assert "<b>6</b> 个发布点，走失地点周围 100 公里" in page
    for medium in ("电视", "广播", "户外电子屏", "电子广告牌", "钉钉群", "协作平台"):
        assert re.search(rf'<h2 id="h-medium-\d">{medium}[ <]', page), medium
    for text in ("字幕", "播音稿", "群消息", "陕A12345 白色面包车", "029-85250111", "监控视频与家属陈述一致"):
        assert text in page, text
    assert await one(house, "SELECT count(*) FROM proposal") == 0, "looking proposes nothing"
    photo = re.search(r'src="(/console/plates/[^"]+/photo)"', page)
    assert photo is not None
    assert Image.open(io.BytesIO((await wang.get(photo[1])).content)).size == (120, 160)


async def test_what_is_proposed_is_what_was_seen(house: House, wang: httpx.AsyncClient) -> None:
    await filled(wang)
    page = (await wang.get(PREVIEW)).text
    seen = page.split('name="seen" value="')[1].split('"')[0]
    await filled(wang, clothing="黑色外套")  # in another window
    answer = await wang.post(PREVIEW, data={"csrf": csrf_of(page), "seen": seen})
    assert answer.status_code == 409
    assert "表单在这期间又改过了" in answer.text
    assert "黑色外套" in answer.text
    assert await one(house, "SELECT count(*) FROM proposal") == 0


async def test_a_preview_of_what_is_wrong_leads_back(wang: httpx.AsyncClient) -> None:
    assert (await wang.get(PREVIEW)).headers["location"] == ISSUE
    await filled(wang, name="")
    assert (await wang.get(PREVIEW)).headers["location"] == ISSUE


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_the_form_is_for_officers(house: House, app: FastAPI, role: str) -> None:
    async with browser(app) as someone:
        await let_in(house, someone, "管理员")
        await let_in(house, someone, "值班员")
        await make_officer(house, "值班员", "030001", role=role)
        for path in (ISSUE, PREVIEW):
            assert (await someone.get(path)).status_code == 403
        assert (await sent(someone, 'name="csrf" value="x" name="mark" value="y"', typed())).status_code == 403
    assert await one(house, "SELECT count(*) FROM draft") == 0


async def test_an_officer_without_an_organ_is_told_what_to_do(house: House, app: FastAPI) -> None:
    async with browser(app) as someone:
        await let_in(house, someone, "管理员")  # the first account administers, and is no officer of any organ
        page = await someone.get(ISSUE)
    assert page.status_code == 403
    assert "你是管理员，可以自己登记" in page.text
    (id,) = [r.id for r in await rows(house, "SELECT id FROM account")]
    assert f'<a class="button main" id="way" href="/console/people/{id}" autofocus' in page.text


async def test_who_may_not_issue_is_told_whom_to_ask(house: House, app: FastAPI) -> None:
    async with browser(app) as first, browser(app) as someone:
        await let_in(house, first, "王<b>管理")
        await let_in(house, someone, "值班员")
        for role, said in (("operator", "你的账号是“值守员”"), ("officer", "只有登记了机关、警号和值班电话的民警")):
            await rows(house, "UPDATE account SET role = :role WHERE name = '值班员'", role=role)
            refused = await someone.get(ISSUE)
            assert refused.status_code == 403
            assert said in refused.text
            assert "请管理员在“人员”页修改：王&lt;b&gt;管理。" in refused.text
            assert 'href="/console/people' not in refused.text, "which would be refused as well"
        await rows(house, "UPDATE account SET disabled_at = now() WHERE name LIKE '王%'")
        assert "请联系系统维护人员" in (await someone.get(ISSUE)).text


async def test_another_site_fills_in_nothing(house: House, wang: httpx.AsyncClient) -> None:
    page = (await wang.get(ISSUE)).text
    foreign = await sent(wang, page, typed(), headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    unowned = await sent(wang, page, typed() | {"csrf": "x", "mark": "y"})
    assert unowned.status_code == 403
    assert await one(house, "SELECT count(*) FROM draft") == 0


async def test_the_record_is_the_one_that_was_typed(house: House, wang: httpx.AsyncClient) -> None:
    path = await proposed(wang, photo_bytes(), suspect="男，四十岁上下", note="内部")
    sealed = await one(house, "SELECT sealed FROM proposal WHERE id = :id", id=int(path.rpartition("/")[2]))
    record = opened_record(house.seal, sealed)
    assert (record.minor.name, record.minor.age, record.minor.height_cm) == ("李小明", 7, 118)
    assert (record.vehicle, record.suspect, record.note) == ("陕A12345 白色面包车", "男，四十岁上下", "内部")
    assert (record.reported_by.name, record.reported_by.number) == ("王建国", "010233")
    assert (record.verified_by.name, record.verified_by.phone) == ("", "029-85250111")
    assert marks((await wang.get(ISSUE)).text), "the form is ready for the next child"
    assert value_of((await wang.get(ISSUE)).text, "name") == ""
