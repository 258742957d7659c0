"""By password, slowed when it is wrong; by a link that works once."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from app.db.engine import transaction
from app.flows import sign_in
from app.flows.house import House
from tests.console.conftest import NAME, browser


async def _try(someone: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    return await someone.post("/console/sign-in", data={"name": name, "password": password})


async def test_what_is_wrong_is_said_and_the_name_is_kept(visitor: httpx.AsyncClient, password: str) -> None:
    wrong = await _try(visitor, NAME, "not-the-password")
    assert wrong.status_code == 401
    assert "用户名或密码不正确" in wrong.text
    assert f'value="{NAME}"' in wrong.text
    assert "not-the-password" not in wrong.text
    unknown = await _try(visitor, "没有这个人", "not-the-password")
    assert "用户名或密码不正确" in unknown.text, "a name that does not exist looks like a wrong password"
    assert "请输入用户名和密码" in (await _try(visitor, "", "")).text


async def test_a_name_cannot_break_out_of_the_page(visitor: httpx.AsyncClient) -> None:
    for name in ('"><script>alert(1)</script>', "a\x00b"):
        answer = await _try(visitor, name, "whatever-it-is")
        assert answer.status_code == 401
        assert "<script>" not in answer.text


async def test_failures_are_slowed_for_that_name_and_the_wait_is_said(
    visitor: httpx.AsyncClient, app: FastAPI, password: str
) -> None:
    for _ in range(4):
        assert (await _try(visitor, NAME, "wrong")).status_code == 401
    slowed = await _try(visitor, NAME, password)
    assert slowed.status_code == 429, "even the right password waits"
    assert int(slowed.headers["retry-after"]) >= 1
    assert f"请等 {slowed.headers['retry-after']} 秒后再试" in slowed.text
    assert "huijia_session" not in visitor.cookies
    assert (await _try(visitor, "另一个人", "wrong")).status_code == 401, "others at this address are not held up"


async def test_the_wait_passes(visitor: httpx.AsyncClient, password: str) -> None:
    for _ in range(4):
        await _try(visitor, NAME, "wrong")
    await asyncio.sleep(2.05)
    assert (await _try(visitor, NAME, password)).status_code == 303


async def test_many_at_once_gain_nothing(visitor: httpx.AsyncClient, password: str) -> None:
    answers = await asyncio.gather(*(_try(visitor, NAME, f"guess-{n}") for n in range(12)))
    assert sum(a.status_code == 401 for a in answers) == 4
    assert sum(a.status_code == 429 for a in answers) == 8


async def test_success_forgets_the_failures(visitor: httpx.AsyncClient, password: str) -> None:
    for _ in range(3):
        await _try(visitor, NAME, "wrong")
    assert (await _try(visitor, NAME, password)).status_code == 303
    for _ in range(3):
        assert (await _try(visitor, NAME, "wrong")).status_code == 401


async def test_looking_at_a_link_does_not_spend_it(house: House, app: FastAPI) -> None:
    async with transaction(house.engine) as session:
        token = await sign_in.one_time_link(session, NAME)
    async with browser(app) as preview:
        for _ in range(3):
            seen = await preview.get(f"/console/enter/{token}")
            assert "进入控制台" in seen.text
        await preview.head(f"/console/enter/{token}")
        assert not preview.cookies
    async with browser(app) as person:
        entered = await person.post(f"/console/enter/{token}")
        assert (entered.status_code, entered.headers["location"]) == (303, "/console/")
        assert NAME in (await person.get("/console/")).text
    async with browser(app) as second:
        spent = await second.post(f"/console/enter/{token}")
        assert spent.status_code == 410
        assert "已用过或已过期" in spent.text
        assert not second.cookies


@pytest.mark.parametrize("token", ["nothing", "%00", "a" * 3000])
async def test_a_link_that_nobody_made(visitor: httpx.AsyncClient, token: str) -> None:
    assert (await visitor.post(f"/console/enter/{token}")).status_code == 410
