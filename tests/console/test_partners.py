"""The partners' pages: registered, changed, their keys shown once and revoked; and who may not."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.db.engine import transaction
from app.flows.house import House
from app.flows.principal import recognise
from tests.console.conftest import csrf_of
from tests.making import make_outlet, make_partner


async def _sql(house: House, statement: str) -> list[tuple[Any, ...]]:
    async with transaction(house.engine) as session:
        done = await session.execute(text(statement))
        return [tuple(r) for r in done] if done.returns_rows else []


async def test_a_partner_is_registered_once(house: House, officer: httpx.AsyncClient) -> None:
    csrf = csrf_of((await officer.get("/console/partners")).text)
    form = {"csrf": csrf, "name": "西安地铁", "phone": "029-12345678", "silent_minutes": "7"}
    for bad, field in (({"name": ""}, "name"), ({"name": "字" * 61}, "name"), ({"silent_minutes": "0"}, "silent_minutes"),
                       ({"silent_minutes": "x"}, "silent_minutes"), ({"phone": "1" * 21}, "phone")):  # fmt: skip
        answer = await officer.post("/console/partners", data=form | bad)
        assert answer.status_code == 422
        assert f'id="{field}-fault"' in answer.text
    assert (await officer.post("/console/partners", data=form)).status_code == 303
    again = await officer.post("/console/partners", data=form | {"phone": "110"})
    assert again.status_code == 422
    assert await _sql(house, "SELECT name, phone, silent_minutes FROM partner") == [("西安地铁", "029-12345678", 7)]


async def test_a_partner_is_changed(house: House, officer: httpx.AsyncClient) -> None:
    id = await make_partner(house, "西安地铁")
    csrf = csrf_of((await officer.get(f"/console/partners/{id}")).text)
    changed = {"csrf": csrf, "phone": "029-87654321", "silent_minutes": "9"}
    assert (await officer.post(f"/console/partners/{id}", data=changed)).status_code == 303
    assert (await officer.post(f"/console/partners/{id}", data=changed | {"silent_minutes": "-1"})).status_code == 422
    assert await _sql(house, "SELECT name, phone, silent_minutes FROM partner") == [("西安地铁", "029-87654321", 9)]


async def test_a_key_is_shown_once_works_and_is_revoked(house: House, officer: httpx.AsyncClient) -> None:
    id = await make_partner(house)
    csrf = csrf_of((await officer.get(f"/console/partners/{id}")).text)
    key = ""
    for live in ("1", "0", ""):
        answer = await officer.post(f"/console/partners/{id}/keys", data={"csrf": csrf, "live": live, "label": "机房"})
        found = re.search(r'id="secret">(hj_(live|test)_[^<]+)<', answer.text)
        assert found
        key = found[1]
        assert found[2] == ("live" if live == "1" else "test"), "what was not chosen is not live"
    number = key.split("_")[2]
    async with transaction(house.engine) as session:
        who = await recognise(session, key)
    assert who is not None
    assert who.partner_id == id
    page = (await officer.get(f"/console/partners/{id}")).text
    assert number in page
    assert key not in page
    [(logged,)] = await _sql(
        house, f"SELECT detail::text FROM audit WHERE act = 'key_issue' AND detail->>'key' = '{number}'"
    )
    assert key.split("_")[3] not in str(logged)
    revoked = await officer.post(f"/console/partners/{id}/keys/{number}/revoke", data={"csrf": csrf})
    assert revoked.headers["location"].endswith("result=revoked")
    again = await officer.post(f"/console/partners/{id}/keys/{number}/revoke", data={"csrf": csrf})
    assert again.headers["location"].endswith("result=before")
    async with transaction(house.engine) as session:
        assert await recognise(session, key) is None


async def test_a_key_of_another_partner_is_not_revoked_here(house: House, officer: httpx.AsyncClient) -> None:
    mine, other = await make_partner(house, "甲"), await make_partner(house, "乙")
    csrf = csrf_of((await officer.get(f"/console/partners/{mine}")).text)
    await officer.post(f"/console/partners/{mine}/keys", data={"csrf": csrf, "live": "1"})
    [(number,)] = await _sql(house, "SELECT id FROM api_key")
    answer = await officer.post(f"/console/partners/{other}/keys/{number}/revoke", data={"csrf": csrf})
    assert answer.status_code == 404
    assert await _sql(house, "SELECT revoked_at FROM api_key") == [(None,)]


@pytest.mark.parametrize("role", ["viewer", "operator", "officer"])
@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/keys", "/{id}/keys/k/revoke"])
async def test_only_an_administrator_may(house: House, officer: httpx.AsyncClient, path: str, role: str) -> None:
    id = await make_partner(house)
    csrf = csrf_of((await officer.get(f"/console/partners/{id}")).text)
    await _sql(house, f"UPDATE account SET role = '{role}'")
    answer = await officer.post(
        f"/console/partners{path.format(id=id)}", data={"csrf": csrf, "name": "乙", "phone": "1", "live": "1"}
    )
    assert answer.status_code == 403
    assert await _sql(house, "SELECT 1 FROM audit WHERE act <> 'sign_in'") == []
    assert await _sql(house, "SELECT phone FROM partner") == [("029-12345678",)]


async def test_a_silent_partner_is_shown(house: House, officer: httpx.AsyncClient) -> None:
    await make_outlet(house, partner="失联单位", carrier="feed")
    await _sql(house, "UPDATE outlet SET created_at = now() - interval '1 hour'")
    assert "失联" in (await officer.get("/console/partners?q=失联单位")).text.split("<tbody>")[1]
    assert "失联 1" in (await officer.get("/console/outlets")).text
