"""Nobody gets in unasked, nobody else's form is obeyed, and everybody comes back to where they wanted to go."""

import httpx
import pytest

from app.flows.house import House
from tests.console.conftest import csrf_of, end_sessions, let_in
from tests.making import make_alert

SHUT = ["/console/", "/console/receipts", "/console/alerts/{code}", "/console/alerts/{code}/retract"]
ACTS = ["/console/sign-out", "/console/alerts/{code}/ask-again", "/console/alerts/{code}/retract"]
OPEN = ["/console/sign-in", "/console/enter/nothing", "/console/no-such-page"]


@pytest.mark.parametrize("path", SHUT)
async def test_every_page_asks_who_is_there_and_leads_back(house: House, visitor: httpx.AsyncClient, path: str) -> None:
    path = path.format(code=await make_alert(house))
    sent = await visitor.get(path + "?stage=failed")
    assert sent.status_code == 303
    assert sent.headers["location"] == f"/console/sign-in?next={path}%3Fstage%3Dfailed"
    assert "李小明" not in sent.text
    asked = await visitor.get(sent.headers["location"])
    assert f'name="next" value="{path}?stage=failed"' in asked.text


@pytest.mark.parametrize("path", [*ACTS, "/console/alerts/{code}/retract/correction"])
async def test_no_act_without_a_session(house: House, visitor: httpx.AsyncClient, path: str) -> None:
    sent = await visitor.post(path.format(code=await make_alert(house)), data={"csrf": "x"})
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/console/sign-in?next=/console/")


async def test_a_stream_or_a_fragment_without_a_session_is_refused_and_its_page_sent_to_sign_in(
    visitor: httpx.AsyncClient,
) -> None:
    stream = await visitor.get("/console/changes", headers={"accept": "text/event-stream"})
    assert stream.status_code == 401
    shown = {"hx-request": "true", "hx-current-url": "http://huijia.test/console/alerts/HJ-2026-000001?stage=failed"}
    fragment = await visitor.get("/console/alerts/HJ-2026-000001", headers=shown)
    assert fragment.status_code == 401
    assert fragment.headers["hx-redirect"] == "/console/sign-in?next=/console/alerts/HJ-2026-000001%3Fstage%3Dfailed"


@pytest.mark.parametrize("path", ACTS)
@pytest.mark.parametrize("mark", [None, "", "wrong", "é"])
async def test_a_form_that_is_not_ours_is_refused(
    house: House, officer: httpx.AsyncClient, path: str, mark: str | None
) -> None:
    code = await make_alert(house)
    sent = await officer.post(
        path.format(code=code), data={"reason": "found", "confirm": code} | ({} if mark is None else {"csrf": mark})
    )
    assert sent.status_code == 403
    assert (await officer.get("/console/")).status_code == 200, "still signed in"
    assert "李小明" in (await officer.get(f"/p/{code}")).text, "still live"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_can_post_nothing_even_with_the_right_mark(
    house: House, officer: httpx.AsyncClient, site: str
) -> None:
    code = await make_alert(house)
    mark = csrf_of((await officer.get("/console/")).text)
    sent = await officer.post(
        f"/console/alerts/{code}/retract",
        data={"csrf": mark, "reason": "found", "confirm": code},
        headers={"sec-fetch-site": site},
    )
    assert sent.status_code == 403
    assert "别的网站" in sent.text
    assert (await officer.get(f"/p/{code}")).status_code == 200
    assert (await officer.post("/console/sign-in", headers={"sec-fetch-site": site})).status_code == 403


@pytest.mark.parametrize("path", [*SHUT, *OPEN])
async def test_every_answer_has_the_security_headers(house: House, officer: httpx.AsyncClient, path: str) -> None:
    answer = await officer.get(path.format(code=await make_alert(house)))
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_refusals_have_the_security_headers_too(visitor: httpx.AsyncClient) -> None:
    for answer in (await visitor.get("/console/"), await visitor.post("/console/sign-in", content=b"x" * 20_000)):
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.test/", "//evil.test/", "/\\evil.test", "/console/../p/x", "/console//evil.test", "/p/HJ-2026-000001",
     "javascript:alert(1)", "/console/\r\nset-cookie: a=b", "/console/sign-in?next=/console/", ""],
)  # fmt: skip
async def test_signing_in_leads_to_our_own_pages_only(
    visitor: httpx.AsyncClient, password: str, elsewhere: str
) -> None:
    entered = await visitor.post("/console/sign-in", data={"name": "韩晓东", "password": password, "next": elsewhere})
    assert entered.status_code == 303
    assert entered.headers["location"] == "/console/"


async def test_the_session_cookie(visitor: httpx.AsyncClient, secure_visitor: httpx.AsyncClient, password: str) -> None:
    form = {"name": "韩晓东", "password": password, "next": "/console/receipts"}
    plain = await visitor.post("/console/sign-in", data=form)
    assert plain.headers["location"] == "/console/receipts"
    cookie = plain.headers["set-cookie"]
    assert cookie.startswith("huijia_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console;" in cookie
    assert "Secure" not in cookie
    assert "Secure" in (await secure_visitor.post("/console/sign-in", data=form)).headers["set-cookie"]


async def test_signing_out_ends_the_session(house: House, officer: httpx.AsyncClient) -> None:
    token = officer.cookies["huijia_session"]
    gone = await officer.post("/console/sign-out", data={"csrf": csrf_of((await officer.get("/console/")).text)})
    assert gone.headers["location"] == "/console/sign-in?why=out"
    assert "huijia_session" not in officer.cookies
    again = await officer.get("/console/", headers={"cookie": f"huijia_session={token}"})
    assert again.status_code == 303
    assert "已退出" in (await officer.get(gone.headers["location"])).text


async def test_a_session_that_ran_out_says_so(house: House, officer: httpx.AsyncClient) -> None:
    await end_sessions(house, officer)
    sent = await officer.get("/console/receipts")
    assert "登录已过期" in (await officer.get(sent.headers["location"])).text
    await let_in(house, officer)
    assert (await officer.get("/console/receipts")).status_code == 200


@pytest.mark.parametrize("code", ["HJ-1", "x", "HJ-2026-000001%00", "HJ-2026-999999", "%E6%9D%8E", "hj-2026-000001'--"])
async def test_an_alert_that_is_not_there(house: House, officer: httpx.AsyncClient, code: str) -> None:
    mark = csrf_of((await officer.get("/console/")).text)
    for path in (f"/console/alerts/{code}", f"/console/alerts/{code}/retract"):
        answer = await officer.get(path)
        assert answer.status_code == 404
        assert "没有编号为" in answer.text
    form = {"csrf": mark, "reason": "found", "confirm": "HJ-2026-999999", "line": ""}
    assert (await officer.post(f"/console/alerts/{code}/ask-again", data=form)).status_code == 404
    assert (await officer.post(f"/console/alerts/{code}/retract", data=form)).status_code in (404, 422)


async def test_while_the_database_is_away_it_is_said_in_chinese(stranded: httpx.AsyncClient) -> None:
    cookie = {"cookie": "huijia_session=whatever"}
    for answer in (
        await stranded.get("/console/", headers=cookie),
        await stranded.post("/console/sign-in", data={"name": "韩晓东", "password": "whatever"}),
        await stranded.get("/p/HJ-2026-000001"),
    ):
        assert answer.status_code == 503
        assert answer.headers["cache-control"] == "no-store"
        assert "数据库暂时连接不上" in answer.text or "请直接拨打 110" in answer.text
