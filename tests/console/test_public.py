"""What a phone shows: everything that helps to find the child, and after the end nothing at all."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from app.console.public import HEADERS
from app.db.engine import clock, transaction
from app.domain.media_url import media_allowed
from app.domain.words import EndReason, Scope
from app.flows import end
from app.flows.house import House
from app.flows.principal import Principal
from app.flows.submit import Picture
from tests.making import make_alert, photo_bytes


async def _alert(house: House, **changes: object) -> str:
    return await make_alert(house, Picture(photo_bytes(), "image/jpeg", 120, 160), **changes)


async def _gone(visitor: httpx.AsyncClient, code: str, mark: str = "") -> None:
    answer = await visitor.get(f"/p/{code}")
    assert answer.status_code == 410
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "搜寻已结束，谢谢" in answer.text
    for told in ("李小明", "李某某", "李", "<img", "media", "小寨", "7岁", "找到", "撤回", "029", code):
        assert told not in answer.text
    assert (f"{mark}信息，请勿转发" in answer.text) == bool(mark)


async def test_a_live_alert(house: House, visitor: httpx.AsyncClient) -> None:
    code = await _alert(house)
    answer = await visitor.get(f"/p/{code}")
    assert answer.status_code == 200
    page = answer.text
    for fact in ("<title>紧急寻人</title>", "李小明", "男，7岁，身高约 118 厘米", "左眉有痣", "红色短袖", "与家人走散",
                 "陕西省西安市雁塔区小寨地铁站B口", "西安市公安局雁塔分局", "更新"):  # fmt: skip
        assert fact in page
    assert 'href="tel:110"' in page
    assert 'href="tel:029-85250111"' in page
    for private in ("13800000000", "李强", "王建国", "赵敏", "A6101130", "监控视频", "108.9", "01-15", "演练", "测试"):
        assert private not in page


async def test_its_photo_has_a_signed_address(house: House, visitor: httpx.AsyncClient) -> None:
    code = await _alert(house)
    page = (await visitor.get(f"/p/{code}")).text
    found = re.search(r'src="/media/([^/]+)/([0-9a-f]{64})\?expires=(\d+)&amp;signature=([0-9a-f]+)"', page)
    assert found is not None
    alert, sha256, expires, signature = found.groups()
    assert alert == code
    async with transaction(house.engine) as session:
        now = await clock(session)
    for after, right in ((timedelta(0), True), (timedelta(hours=25), False)):
        allowed = media_allowed(house.media_secret, alert, sha256, int(expires), signature, now + after)
        assert allowed is right


@pytest.mark.parametrize(("status", "mark"), [("exercise", "演练"), ("test", "测试")])
async def test_a_drill_is_unmistakable(house: House, visitor: httpx.AsyncClient, status: str, mark: str) -> None:
    code = await _alert(house, status=status)
    page = (await visitor.get(f"/p/{code}")).text
    assert f"<title>【{mark}】紧急寻人</title>" in page
    assert f"<h1>【{mark}】紧急寻人</h1>" in page
    assert page.count(f'<p class="band">{mark}信息，请勿转发</p>') == 2, "above and below"
    assert '<body class="drill">' in page
    assert f"{mark}内容，请勿真的拨打" in page
    assert "<span>110</span>" in page
    assert "tel:" not in page, "a tap calls nobody"
    await _retract(house, code)
    await _gone(visitor, code, mark)


async def _retract(house: House, code: str) -> None:
    who = Principal("operator:韩晓东", Scope.OPERATOR, live=True)
    async with transaction(house.engine) as session:
        await end.retract(session, who, code, EndReason.FOUND, "感谢各位市民", press=house.press)


async def test_after_a_retraction_nothing(house: House, visitor: httpx.AsyncClient) -> None:
    code = await _alert(house)
    await _retract(house, code)
    await _gone(visitor, code)


async def test_when_the_time_is_up_nothing_even_before_the_sweep(house: House, visitor: httpx.AsyncClient) -> None:
    code = await _alert(house)
    async with transaction(house.engine) as session:
        await session.execute(text("UPDATE alert SET expires_at = now() WHERE code = :c"), {"c": code})
    await _gone(visitor, code)


@pytest.mark.parametrize("code", ["HJ-2026-999999", "nonsense", "HJ-2026-000001%00", "<script>", "é"])
async def test_what_is_not_there(visitor: httpx.AsyncClient, code: str) -> None:
    answer = await visitor.get(f"/p/{code}")
    assert answer.status_code == 404
    assert "没有找到这条寻人信息" in answer.text
    assert "<script" not in answer.text


async def test_the_page_needs_nothing_and_leaves_nothing(house: House, visitor: httpx.AsyncClient) -> None:
    code = await _alert(house)
    for answer in (await visitor.get(f"/p/{code}"), await visitor.get("/p/x"), await visitor.head(f"/p/{code}")):
        assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
        assert "set-cookie" not in answer.headers
    page = (await visitor.get(f"/p/{code.lower()}")).text
    assert "<script" not in page
    assert re.findall(r"<link[^>]*>", page) == ['<link rel="icon" type="image/svg+xml" href="/p/icon.svg">']
    assert "://" not in page
    assert " style=" not in page
    assert re.findall(r'(?:src|href)="(?!/media/|/p/icon\.svg|tel:)', page) == []
    assert not visitor.cookies


async def test_its_icon_lies_beside_it(house: House, visitor: httpx.AsyncClient) -> None:
    """The browser asks for nothing that is not there, and for nothing outside /p/ and /media/."""
    code = await make_alert(house)
    for path in (f"/p/{code}", "/p/nothing"):
        page = await visitor.get(path)
        assert '<link rel="icon" type="image/svg+xml" href="/p/icon.svg">' in page.text
        assert "img-src 'self';" in page.headers["content-security-policy"]
    icon = await visitor.get("/p/icon.svg")
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    assert icon.content.startswith(b"<svg")
