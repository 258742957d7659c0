"""One's own account: the password, the second factor from enrolment to sign-in, and sessions."""

import html
import re
import time
from collections.abc import AsyncIterator

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from app.db.engine import transaction
from app.flows import sign_in
from app.flows.house import House
from tests.console.conftest import NAME, PASSWORD, browser, csrf_of, let_in
from tests.flows.ledger import one, rows

NEW = "rote Felder 秦岭"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "_hasher", PasswordHasher(time_cost=1, memory_cost=1024))


@pytest.fixture
async def person(app: FastAPI, house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with a password who has signed in; no administrator."""
    async with transaction(house.engine) as session:
        await sign_in.set_password(session, "管理员", PASSWORD)
        await sign_in.set_password(session, NAME, PASSWORD)
    async with browser(app) as someone:
        await let_in(house, someone)
        yield someone


def code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


async def enrol(house: House, person: httpx.AsyncClient) -> tuple[str, list[str]]:
    """The secret and the recovery codes; the code that was used is forgotten."""
    page = (await person.get("/console/me/totp")).text
    secret = re.search(r'id="secret">([A-Z2-7]{32})<', page)
    offer = re.search(r'name="offer" value="([^"]+)"', page)
    assert secret is not None
    assert offer is not None
    form = {"csrf": csrf_of(page), "offer": html.unescape(offer[1])}
    wrong = await person.post("/console/me/totp", data=form | {"code": "12"})
    assert wrong.status_code == 422
    assert secret[1] in wrong.text, "what was scanned still counts"
    done = await person.post("/console/me/totp", data=form | {"code": code(secret[1])})
    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", done.text)
    assert len(codes) == 10, done.text
    await rows(house, "UPDATE account SET totp_step = totp_step - 3 WHERE totp_step > 0")
    return secret[1], codes


async def half(app: FastAPI, someone: httpx.AsyncClient, onward: str = "/console/receipts") -> httpx.Response:
    form = {"name": NAME, "password": PASSWORD, "next": onward}
    sent = await someone.post("/console/sign-in", data=form)
    assert sent.headers["location"].startswith("/console/sign-in/code?next=")
    assert "huijia_session" not in someone.cookies
    return sent


async def test_the_code_is_asked_for_and_leads_on(house: House, person: httpx.AsyncClient, app: FastAPI) -> None:
    secret, _ = await enrol(house, person)
    async with browser(app) as someone:
        sent = await half(app, someone)
        assert "六位数字" in (await someone.get(sent.headers["location"])).text
        assert (await someone.get("/console/")).status_code == 303, "half way is not in"
        form = {"code": code(secret), "next": "/console/receipts"}
        wrong = await someone.post("/console/sign-in/code", data=form | {"code": "000000"})
        assert wrong.status_code == 401
        entered = await someone.post("/console/sign-in/code", data=form)
        assert entered.headers["location"] == "/console/receipts"
        assert (await someone.get("/console/")).status_code == 200
        again = await someone.post("/console/sign-in/code", data=form)
        assert again.headers["location"].endswith("why=late"), "half way only once"


async def test_a_link_asks_for_it_too_and_a_recovery_code_will_do(
    house: House, person: httpx.AsyncClient, app: FastAPI
) -> None:
    _, codes = await enrol(house, person)
    async with transaction(house.engine) as session:
        token = await sign_in.one_time_link(session, NAME)
    async with browser(app) as someone:
        sent = await someone.post(f"/console/enter/{token}")
        assert sent.headers["location"].startswith("/console/sign-in/code")
        entered = await someone.post("/console/sign-in/code", data={"code": codes[3]})
        assert entered.headers["location"] == "/console/"
        assert "剩 9 个恢复码" in (await someone.get("/console/me")).text


async def test_wrong_codes_are_slowed_and_the_right_one_waits_too(
    house: House, person: httpx.AsyncClient, app: FastAPI
) -> None:
    secret, _ = await enrol(house, person)
    async with browser(app) as someone:
        await half(app, someone)
        for _ in range(4):
            assert (await someone.post("/console/sign-in/code", data={"code": "000000"})).status_code == 401
        slowed = await someone.post("/console/sign-in/code", data={"code": code(secret)})
        assert slowed.status_code == 429
        assert int(slowed.headers["retry-after"]) >= 1
        async with browser(app) as elsewhere:
            await half(app, elsewhere)
            other = await elsewhere.post("/console/sign-in/code", data={"code": code(secret)})
            assert other.status_code == 429, "the password again gains no more tries"
    assert await one(house, "SELECT count(*) FROM audit WHERE act = 'code_wrong'") == 4


@pytest.mark.parametrize("forged", ["", "x", "gAAAAA", None])
async def test_nobody_is_half_way_by_themselves(
    house: House, person: httpx.AsyncClient, app: FastAPI, forged: str | None
) -> None:
    await enrol(house, person)
    id = await one(house, "SELECT id FROM account WHERE name = :n", n=NAME)
    cookie = forged if forged is not None else house.seal.close(f'["totp",{id},"x"]'.encode()).decode()
    async with browser(app) as someone:
        headers = {"cookie": f"huijia_halfway={cookie}"}
        answer = await someone.post("/console/sign-in/code", data={"code": "000000"}, headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?next=%2Fconsole%2F&why=late")


async def test_another_s_offer_enrols_nobody(house: House, person: httpx.AsyncClient, app: FastAPI) -> None:
    async with browser(app) as other:
        await let_in(house, other, "管理员")
        page = (await other.get("/console/me/totp")).text
    offer = re.search(r'name="offer" value="([^"]+)"', page)
    secret = re.search(r'id="secret">([A-Z2-7]{32})<', page)
    assert offer is not None
    assert secret is not None
    form = {"csrf": csrf_of((await person.get("/console/me/totp")).text), "offer": offer[1], "code": code(secret[1])}
    assert (await person.post("/console/me/totp", data=form)).status_code == 422
    assert await rows(house, "SELECT 1 FROM account WHERE totp_sealed IS NOT NULL") == []


async def test_turned_off_with_a_code(house: House, person: httpx.AsyncClient, app: FastAPI) -> None:
    secret, codes = await enrol(house, person)
    csrf = csrf_of((await person.get("/console/me/totp")).text)
    assert (await person.post("/console/me/totp/off", data={"csrf": csrf, "code": "1"})).status_code == 422
    renewed = await person.post("/console/me/totp/renew", data={"csrf": csrf, "code": codes[0]})
    assert len(re.findall(r"<code>([A-Z2-7-]{19})</code>", renewed.text)) == 10
    off = await person.post("/console/me/totp/off", data={"csrf": csrf, "code": code(secret)})
    assert off.headers["location"].endswith("result=off")
    async with browser(app) as someone:
        entered = await someone.post("/console/sign-in", data={"name": NAME, "password": PASSWORD})
        assert entered.headers["location"] == "/console/"


async def test_a_password_is_changed_with_the_old_one(house: House, person: httpx.AsyncClient, app: FastAPI) -> None:
    csrf = csrf_of((await person.get("/console/me")).text)
    form = {"csrf": csrf, "old": PASSWORD, "new": NEW, "again": NEW}
    for bad, field in (({"old": "wrong"}, "old"), ({"new": "short"}, "new"), ({"again": "other"}, "again")):
        answer = await person.post("/console/me/password", data=form | bad)
        assert answer.status_code == 422
        assert f'id="{field}-fault"' in answer.text
        assert PASSWORD not in answer.text
    async with browser(app) as elsewhere:
        await let_in(house, elsewhere)
        assert (await person.post("/console/me/password", data=form)).headers["location"].endswith("result=password")
        assert (await elsewhere.get("/console/")).status_code == 303, "signed out everywhere else"
    assert (await person.get("/console/")).status_code == 200
    async with browser(app) as someone:
        for password, status in ((PASSWORD, 401), (NEW, 303)):
            tried = await someone.post("/console/sign-in", data={"name": NAME, "password": password})
            assert tried.status_code == status


async def test_guessing_the_old_password_is_slowed(house: House, person: httpx.AsyncClient) -> None:
    csrf = csrf_of((await person.get("/console/me")).text)
    form = {"csrf": csrf, "old": "wrong", "new": NEW, "again": NEW}
    for _ in range(4):
        assert (await person.post("/console/me/password", data=form)).status_code == 422
    assert (await person.post("/console/me/password", data=form | {"old": PASSWORD})).status_code == 429


async def test_one_s_own_sessions(house: House, person: httpx.AsyncClient, app: FastAPI) -> None:
    async with browser(app) as elsewhere, browser(app) as stranger:
        await let_in(house, elsewhere)
        await let_in(house, stranger, "管理员")
        page = (await person.get("/console/me")).text
        assert page.count("192.0.2.7") >= 2
        (there,) = re.findall(r'name="session" value="([0-9a-f]{64})"', page)
        theirs = await one(
            house, "SELECT encode(token_hash, 'hex') FROM console_session s JOIN account a ON a.id = account_id "
            "WHERE a.name = '管理员'",
        )  # fmt: skip
        csrf = csrf_of(page)
        for session, result in ((theirs, "gone"), (there, "ended"), (there, "gone")):
            answer = await person.post("/console/me/sessions", data={"csrf": csrf, "session": session})
            assert answer.headers["location"].endswith(f"result={result}")
        assert (await elsewhere.get("/console/")).status_code == 303
        assert (await stranger.get("/console/")).status_code == 200
