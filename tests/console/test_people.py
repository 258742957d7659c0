"""The pages of people: added with a link shown once, changed, locked, let in again; and the log of who did what."""

import re

import httpx
import pytest
from fastapi import FastAPI

from app.console.audit_words import ACTS
from app.flows.house import House
from tests.console.conftest import NAME, browser, csrf_of, let_in
from tests.flows.ledger import one, rows
from tests.making import ORGAN, make_alert, make_organ

OFFICER = {"role": "officer", "organ_code": ORGAN, "number": "010233", "phone": "029-85250110"}


async def added(house: House, officer: httpx.AsyncClient, **form: str) -> tuple[int, str]:
    """The new person, and the path of their link."""
    csrf = csrf_of((await officer.get("/console/people")).text)
    page = await officer.post("/console/people", data={"csrf": csrf, "name": "王敏", "role": "operator"} | form)
    assert page.status_code == 200, page.text
    link = re.search(r'id="secret">http://huijia.test(/console/enter/[^<]+)<', page.text)
    assert link is not None
    return await one(house, "SELECT max(id) FROM account"), link[1]


async def press(officer: httpx.AsyncClient, id: int, act: str) -> httpx.Response:
    csrf = csrf_of((await officer.get(f"/console/people/{id}")).text)
    return await officer.post(f"/console/people/{id}/{act}", data={"csrf": csrf})


async def test_added_and_let_in_once(house: House, officer: httpx.AsyncClient, app: FastAPI) -> None:
    await make_organ(house)
    id, link = await added(house, officer, **OFFICER)
    async with browser(app) as new:
        assert (await new.post(link)).status_code == 303
        assert "王敏" in (await new.get("/console/me")).text
        assert (await new.get("/console/people")).status_code == 403
        assert "人员</a>" not in (await new.get("/console/")).text, "what one may not open is not offered"
    found = await rows(house, "SELECT role, organ_code, number, phone FROM account WHERE id = :id", id=id)
    assert [tuple(r) for r in found] == [("officer", ORGAN, "010233", "029-85250110")]
    listed = (await officer.get("/console/people")).text
    assert "民警" in listed
    assert link.rpartition("/")[2] not in listed, "shown once"


@pytest.mark.parametrize(
    ("bad", "field"),
    [({"name": ""}, "name"), ({"name": "字" * 21}, "name"), ({"name": NAME}, "name"), ({"role": "king"}, "role"),
     ({"role": ""}, "role"), ({"organ_code": ""}, "organ_code"), ({"organ_code": "610000000009"}, "organ_code"),
     ({"organ_code": "x"}, "organ_code"), ({"number": ""}, "number"), ({"number": "<b>"}, "number"),
     ({"phone": ""}, "phone"), ({"phone": "call me"}, "phone")],
)  # fmt: skip
async def test_what_is_wrong_is_named(
    house: House, officer: httpx.AsyncClient, bad: dict[str, str], field: str
) -> None:
    await make_organ(house)
    csrf = csrf_of((await officer.get("/console/people")).text)
    answer = await officer.post("/console/people", data={"csrf": csrf, "name": "王敏"} | OFFICER | bad)
    assert answer.status_code == 422, answer.text
    assert f'id="{field}-fault"' in answer.text
    assert await one(house, "SELECT count(*) FROM account") == 1


async def test_changed_locked_and_unlocked(house: House, officer: httpx.AsyncClient, app: FastAPI) -> None:
    id, link = await added(house, officer)
    async with browser(app) as person:
        await person.post(link)
        assert (await person.get("/console/")).status_code == 200
        csrf = csrf_of((await officer.get(f"/console/people/{id}")).text)
        saved = await officer.post(f"/console/people/{id}", data={"csrf": csrf, "role": "viewer", "phone": "110"})
        assert saved.headers["location"].endswith("result=saved")
        assert "观察员" in (await person.get("/console/me")).text
        assert (await press(officer, id, "lock")).headers["location"].endswith("result=locked")
        assert (await press(officer, id, "lock")).headers["location"].endswith("result=nothing")
        assert (await person.get("/console/")).status_code == 303
        assert "已锁定" in (await officer.get("/console/people")).text
        assert (await press(officer, id, "unlock")).headers["location"].endswith("result=unlocked")
        await let_in(house, person, "王敏")
        assert (await press(officer, id, "sessions")).headers["location"].endswith("result=ended")
        assert (await person.get("/console/")).status_code == 303
    acts = [r.act for r in await rows(house, "SELECT act FROM audit WHERE actor = 'operator:韩晓东' ORDER BY id")]
    assert acts == ["person_add", "person_edit", "person_lock", "person_lock", "person_unlock", "sessions_end"]


async def test_a_reset_shows_a_new_link(house: House, officer: httpx.AsyncClient, app: FastAPI) -> None:
    id, old = await added(house, officer)
    page = await press(officer, id, "password")
    fresh = re.search(r"(/console/enter/[^<]+)<", page.text)
    assert fresh is not None
    async with browser(app) as person:
        assert (await person.post(old)).status_code == 410
        assert (await person.post(fresh[1])).status_code == 303


async def test_the_last_administrator_stays(house: House, officer: httpx.AsyncClient) -> None:
    me = await one(house, "SELECT id FROM account WHERE name = :me", me=NAME)
    csrf = csrf_of((await officer.get(f"/console/people/{me}")).text)
    assert (await officer.post(f"/console/people/{me}/lock", data={"csrf": csrf})).status_code == 409
    refused = await officer.post(f"/console/people/{me}", data={"csrf": csrf, "role": "viewer"})
    assert refused.status_code == 422
    assert "最后一位管理员" in refused.text
    assert await one(house, "SELECT role FROM account WHERE disabled_at IS NULL") == "admin"


async def test_pages_that_are_not_there(officer: httpx.AsyncClient) -> None:
    assert (await officer.get("/console/people/99")).status_code == 404
    assert (await officer.get("/console/people/x")).status_code == 404
    csrf = csrf_of((await officer.get("/console/people")).text)
    assert (await officer.post("/console/people/1/dance", data={"csrf": csrf})).status_code == 404


async def test_the_log_says_who_did_what(house: House, officer: httpx.AsyncClient) -> None:
    code = await make_alert(house)
    await added(house, officer)
    await rows(house, "INSERT INTO audit (actor, act) SELECT 'key:abc', 'outlet_add' FROM generate_series(1, 60)")
    page = (await officer.get("/console/audit")).text
    assert "第 1 / 2 页" in page
    assert "接口密钥 abc" in page
    mine = (await officer.get(f"/console/audit?who={NAME}")).text
    body = mine.split("<tbody>")[1]
    assert "新增人员" in body
    assert "人员 王敏" in body
    assert "角色 值守员" in body
    assert "登录" in body, "what is written by the number of the account is theirs too"
    assert "接口密钥" not in body
    about = (await officer.get(f"/console/audit?alert={code.lower()}")).text.split("<tbody>")[1]
    assert about.count("<tr") == 1
    assert "发布" in about
    assert f'href="/console/alerts/{code}"' in about
    assert "应如" in (await officer.get("/console/audit?alert=nonsense")).text
    assert "没有符合条件" in (await officer.get("/console/audit?who=没有这个人")).text
    assert "没有符合条件" in (await officer.get("/console/audit?who=%25&alert=HJ-2026-999999")).text


async def test_what_is_written_has_words(house: House) -> None:
    """Of the acts of people at the console."""
    said = {
        "submit",
        "retracted",
        "sign_in",
        "code_wrong",
        "person_add",
        "drill_schedule",
        "password_change",
        "totp_on",
    }
    assert said <= ACTS.keys()
