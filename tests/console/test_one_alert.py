"""The map, the course of events, what was given out, and what only the police see."""

import hashlib
import re
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.console.geography import FLAT, circle, place, sheet
from app.console.mapping import draw
from app.db import media
from app.db.engine import transaction
from app.domain.geo import Point, distance_km
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, confirm
from app.flows.enrol import AirDuty, Face
from app.flows.house import House
from app.flows.submit import Picture
from tests.console.conftest import browser, csrf_of, let_in
from tests.console.delivered import accepted, aired, failed, newest
from tests.flows.acts import retracted
from tests.making import make_alert, make_outlet, photo_bytes

XIAN = Point(108.95, 34.22)
PNG = b"\x89PNG\r\n\x1a\nnot really"


async def _alert(house: House, **changes: str) -> str:
    return await make_alert(house, Picture(photo_bytes(), "image/jpeg", 120, 160), **changes)


async def _prove(house: House, delivery: int, mime: str, body: bytes, evidence: str = "") -> str:
    digest = hashlib.sha256(body).hexdigest()
    async with transaction(house.engine) as session:
        await media.prove(session, digest, mime, body)
        at = (await session.execute(text("SELECT now()"))).scalar_one()
        stated = Stated(delivery, ReceiptKind.AIRED, at, evidence=evidence, proof=digest)
        await confirm(session, None, [stated], press=house.press)
    return digest


# ── The map ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_circle_is_a_circle_on_the_globe() -> None:
    for km in (100, 500):
        edge = circle(XIAN, km, corners=8)
        middle = place(XIAN)
        far = [((x - middle[0]) ** 2 + (y - middle[1]) ** 2) ** 0.5 for x, y in edge]
        assert all(abs(f - km) < km * FLAT for f in far)
    assert distance_km(XIAN, Point(108.95, 34.22 + 100 / 111.195)) == pytest.approx(100, rel=0.001)


def test_neighbours_keep_their_common_border() -> None:
    drawn = sheet().decode()
    counties = re.findall(r'class="c" d="([^"]+)"', drawn)
    assert len(counties) == 107
    corners = [set(re.findall(r"[0-9.]+ [0-9.]+", path)) for path in counties]
    assert all(any(len(one & other) > 1 for other in corners if other is not one) for one in corners)
    assert len(drawn) < 150_000


def test_ten_thousand_outlets_are_five_paths() -> None:
    rows: list[dict[str, Any]] = [
        {"stage": stage, "lon": 108 + n % 40 / 20, "lat": 33 + n // 40 / 20, "codes": None, "n": 5}
        for n in range(2000)
        for stage in ("aired", "failed")
    ]
    rows += [{"stage": "waiting", "lon": None, "lat": None, "codes": ["610000"], "n": 7}]
    rows += [{"stage": "waiting", "lon": None, "lat": None, "codes": [], "n": 3}]
    drawn = draw(XIAN, 300, rows)
    assert [(d.tone, d.number) for d in drawn.dots] == [("good", 10_000), ("wait", 7), ("bad", 10_000)]
    assert drawn.nowhere == 3
    x, y, width, height = drawn.box
    assert x <= drawn.middle[0] <= x + width
    assert y <= drawn.middle[1] <= y + height


async def test_the_map_says_in_words_what_it_shows(house: House, officer: httpx.AsyncClient) -> None:
    one, two = [await make_outlet(house) for _ in range(2)]
    code = await _alert(house)
    given = await newest(house, code)
    await aired(house, given[one])
    await failed(house, given[two])
    drawn = (await officer.get(f"/console/alerts/{code}/map")).text
    assert "走失地点周围 100 公里，2 个发布点，已播出、已收到或已撤下 1，失败 1" in drawn
    assert "不作划界依据" in drawn
    assert f'hx-get="/console/alerts/{code}/map"' in drawn
    assert (await officer.get("/console/alerts/HJ-2026-999999/map")).status_code == 404


# ── What happened ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_course_of_events_names_who_acted_and_counts_what_outlets_did(
    house: House, officer: httpx.AsyncClient
) -> None:
    outlets = [await make_outlet(house) for _ in range(3)]
    code = await _alert(house)
    given = await newest(house, code)
    for outlet in outlets:
        await aired(house, given[outlet])
    await officer.post(
        f"/console/alerts/{code}/record", data={"csrf": csrf_of((await officer.get(f"/console/alerts/{code}")).text)}
    )
    told = (await officer.get(f"/console/alerts/{code}/timeline")).text
    for said in (
        "发布，送往 3 个发布点",
        "公安机关系统",
        "3 个发布点报告播出",
        "查看了仅公安可见的信息",
        "值守员 韩晓东",
    ):
        assert said in told


# ── What was given out, and what came back ──────────────────────────────────────────────────────────────────────────


async def test_what_outlets_were_given_is_shown_whole(house: House, officer: httpx.AsyncClient) -> None:
    await make_outlet(house)
    await make_outlet(house, name="一套", channel="tv")
    code = await _alert(house)
    page = (await officer.get(f"/console/alerts/{code}/content")).text
    assert "电视" in page
    assert "户外电子屏" in page
    assert "李小明" in page
    assert "029-85250111" in page


async def test_what_each_version_is_for_can_be_told_and_a_chat_is_read_as_in_the_chat(
    house: House, officer: httpx.AsyncClient
) -> None:
    await make_outlet(house, name="一套", channel="tv")
    await make_outlet(house, name="二套<i>", channel="tv", duty=AirDuty(5, 10))
    await make_outlet(house, name="窄条屏", channel="billboard", panel=Face(columns=12))
    for n in range(4):
        await make_outlet(house, name=f"志愿者群{n}", channel="dingtalk", carrier="feed")
    code = await _alert(house, minor__name="李**小**明<b>")
    page = (await officer.get(f"/console/alerts/{code}/content")).text
    kinds = re.findall(r"<(?:h3|b)>([^<]+?) ?(?:</b> )?<span class=\"sub\">([^<]*)</span>", page)
    assert sorted(kinds) == sorted(
        [
            ("标准版式", "1 个发布点：一套 · 网络回调"),
            ("先独占 5 分钟，每 10 分钟重播", "1 个发布点：二套&lt;i&gt; · 网络回调"),
            ("每行 12 字", "1 个发布点：窄条屏 · 网络回调"),
            ("标准版式", "4 个发布点：志愿者群0、志愿者群1、志愿者群2 等 · 主动拉取"),
        ]
    )
    chat = page[page.index("志愿者群0") :]
    assert "<strong>李＊＊小＊＊明＜b＞</strong>" in chat
    assert "· 身高" in chat
    assert "**" not in chat.partition("群消息")[2].partition("按钮")[0]


async def test_every_try_is_told_with_its_time_and_how_long_it_took(house: House, officer: httpx.AsyncClient) -> None:
    outlet = await make_outlet(house)
    code = await _alert(house)
    delivery = (await newest(house, code))[outlet]
    async with transaction(house.engine) as session:
        await session.execute(
            text(
                "INSERT INTO attempt (delivery_id, outlet_id, number, lane, started_at, finished_at, outcome, worker) "
                "VALUES (:d, :o, 1, 'push', now(), now() + interval '70 milliseconds', 'accepted', 'x')"
            ),
            {"d": delivery, "o": outlet},
        )
    page = (await officer.get(f"/console/alerts/{code}/outlets/{outlet}")).text
    assert "户外电子屏 · 网络回调</span>" in page
    assert "webhook" not in page
    cells = re.findall(r'<td data-is="(第|时间|用时)"[^>]*>([^<]+)</td>', page)
    assert [name for name, _ in cells] == ["第", "时间", "用时"]
    assert cells[2][1] == "0.1 秒"


@pytest.mark.parametrize(("status", "kept"), [("actual", False), ("exercise", True)])
async def test_after_the_end_no_proof_shows_the_child(
    house: House, officer: httpx.AsyncClient, status: str, kept: bool
) -> None:
    """A frame of what was on shows the name and the face. That there is one is still said; of a drill it is still shown."""
    outlet = await make_outlet(house)
    code = await _alert(house, status=status)
    link = "https://cloud.example/shot.jpg"
    delivery = (await newest(house, code))[outlet]
    await accepted(house, delivery)
    digest = await _prove(house, delivery, "image/png", PNG, link)
    path = f"/console/alerts/{code}/outlets/{outlet}"
    assert link in (await officer.get(path)).text
    await retracted(house, code)
    page = (await officer.get(path)).text
    assert (f"/console/proof/{digest}" in page, link in page) == (kept, kept)
    assert ("已存档" in page) is not kept
    assert (await officer.get(f"/console/proof/{digest}")).status_code == (200 if kept else 404)


async def test_a_proof_is_shown_to_whoever_is_signed_in_and_to_nobody_else(
    house: House, officer: httpx.AsyncClient, visitor: httpx.AsyncClient
) -> None:
    outlet = await make_outlet(house)
    code = await _alert(house)
    delivery = (await newest(house, code))[outlet]
    await accepted(house, delivery)
    digest = await _prove(house, delivery, "image/png", PNG, "https://tv.example.cn/clip?id=1")
    assert "有播出证据" in (await officer.get(f"/console/alerts/{code}")).text
    page = (await officer.get(f"/console/alerts/{code}/outlets/{outlet}")).text
    assert f'src="/console/proof/{digest}"' in page
    assert 'href="https://tv.example.cn/clip?id=1" target="_blank" rel="noopener noreferrer"' in page
    got = await officer.get(f"/console/proof/{digest}")
    assert (got.content, got.headers["content-type"]) == (PNG, "image/png")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert (await visitor.get(f"/console/proof/{digest}")).status_code == 303
    for none in ("0" * 64, "x", "../board"):
        assert (await officer.get(f"/console/proof/{none}")).status_code == 404


async def test_what_a_far_end_sent_is_never_a_page_of_ours(house: House, officer: httpx.AsyncClient) -> None:
    outlet = await make_outlet(house)
    code = await _alert(house)
    delivery = (await newest(house, code))[outlet]
    digest = await _prove(house, delivery, "text/html", b"<script>alert(1)</script>", "javascript:alert(1)")
    got = await officer.get(f"/console/proof/{digest}")
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"] == "attachment"
    page = (await officer.get(f"/console/alerts/{code}/outlets/{outlet}")).text
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


# ── What only the police see ────────────────────────────────────────────────────────────────────────────────────────


async def test_the_sealed_record_is_opened_on_request_and_every_look_is_written(
    house: House, officer: httpx.AsyncClient
) -> None:
    code = await _alert(house)
    page = (await officer.get(f"/console/alerts/{code}")).text
    private = ("13800000000", "李强", "父亲", "王建国", "010233", "A6101130", "监控视频与家属陈述一致")
    assert not any(fact in page for fact in private)
    for _ in range(2):
        opened = await officer.post(f"/console/alerts/{code}/record", data={"csrf": csrf_of(page)})
        assert opened.status_code == 200
        assert all(fact in opened.text for fact in private)
        assert "这次查看已记入日志" in opened.text
    assert (await officer.get(f"/console/alerts/{code}/record")).status_code in (404, 405), "no link or reload opens it"
    async with transaction(house.engine) as session:
        looks = await session.execute(text("SELECT actor, detail::text FROM audit WHERE act = 'looked'"))
        assert looks.all() == [("operator:韩晓东", "{}")] * 2


async def test_somebody_else_does_not_open_it(
    house: House, officer: httpx.AsyncClient, visitor: httpx.AsyncClient
) -> None:
    code = await _alert(house)
    page = (await officer.get(f"/console/alerts/{code}")).text
    refused = [
        await officer.post(f"/console/alerts/{code}/record", data={"csrf": "x"}),
        await visitor.post(f"/console/alerts/{code}/record", data={"csrf": csrf_of(page)}),
    ]
    async with browser(officer._transport.app) as second:  # type: ignore[attr-defined]
        await let_in(house, second, "值守员乙")
        theirs = (await second.get(f"/console/alerts/{code}")).text
        assert "只有民警可以打开" in theirs
        assert 'id="update"' not in theirs
        refused.append(await second.post(f"/console/alerts/{code}/record", data={"csrf": csrf_of(theirs)}))
        refused.append(await second.get(f"/console/alerts/{code}/update"))
    assert [r.status_code for r in refused] == [403, 303, 403, 403]
    assert not any("13800000000" in r.text for r in refused)
    async with transaction(house.engine) as session:
        looks = await session.execute(text("SELECT count(*) FROM audit WHERE act = 'looked'"))
        assert looks.scalar_one() == 0
