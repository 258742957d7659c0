"""Every route of the console, and every role at it. What is not in the table follows the door's own rule: anybody who is
signed in may look, and acts take an operator."""

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from app.console.live import Live
from app.console.routes import console
from app.db.engine import transaction
from app.domain.words import Role, Scope
from app.flows.drills import DrillForm, start
from app.flows.house import House
from app.flows.principal import Principal
from tests.console.conftest import NAME, csrf_of
from tests.console.officers import make_officer
from tests.flows.ledger import one, rows
from tests.making import ORGAN, make_alert, make_outlet

NOBODY = "nobody"  # needs no session at all
OPEN = {
    "/sign-in": NOBODY, "/sign-in/code": NOBODY, "/enter/{token}": NOBODY, "/static/{name:path}": NOBODY,
    "/{path:path}": NOBODY,
}  # fmt: skip
LEAST: dict[tuple[str, str], Role] = {
    ("POST", "/sign-out"): Role.VIEWER,
    ("POST", "/me/password"): Role.VIEWER,
    ("POST", "/me/sessions"): Role.VIEWER,
    ("POST", "/me/totp"): Role.VIEWER,
    ("POST", "/me/totp/{act}"): Role.VIEWER,
    ("GET", "/people"): Role.ADMIN,
    ("POST", "/people"): Role.ADMIN,
    ("GET", "/people/{id}"): Role.ADMIN,
    ("POST", "/people/{id}"): Role.ADMIN,
    ("POST", "/people/{id}/password"): Role.ADMIN,
    ("POST", "/people/{id}/{act}"): Role.ADMIN,
    ("GET", "/audit"): Role.ADMIN,
    ("GET", "/drills/new"): Role.OPERATOR,
    ("GET", "/proposals/{id}"): Role.VIEWER,
    ("POST", "/alerts/{code}/record"): Role.OFFICER,
    ("GET", "/alerts/{code}/update"): Role.OFFICER,
    ("POST", "/alerts/{code}/update"): Role.OFFICER,
    ("GET", "/alerts/{code}/update/preview"): Role.OFFICER,
    ("POST", "/alerts/{code}/update/preview"): Role.OFFICER,
    ("GET", "/alerts/{code}/update/photo"): Role.OFFICER,
    **dict.fromkeys([("GET", f"/issue{part}") for part in ("", "/photo", "/preview")], Role.OFFICER),
    **dict.fromkeys([("POST", f"/issue{part}") for part in ("", "/draft", "/photo", "/place", "/clear")], Role.OFFICER),
    ("POST", "/issue/preview"): Role.OFFICER,
    **dict.fromkeys([("GET", f"/plates/{{said}}{part}") for part in ("", "/photo", "/{profile}/{n}")], Role.OFFICER),
    **dict.fromkeys(
        [
            ("POST", f"/proposals/{{id}}/{act}")
            for act in ("look", "confirm", "decline", "withdraw", "take-up", "let-go")
        ],
        Role.OFFICER,
    ),
    ("POST", "/partners"): Role.ADMIN,
    ("POST", "/partners/{id}"): Role.ADMIN,
    ("POST", "/partners/{id}/keys"): Role.ADMIN,
    ("POST", "/partners/{id}/keys/{key}/revoke"): Role.ADMIN,
    ("GET", "/outlets/new"): Role.ADMIN,
    ("POST", "/outlets/new"): Role.ADMIN,
    ("GET", "/outlets/{id}/edit"): Role.ADMIN,
    ("POST", "/outlets/{id}/edit"): Role.ADMIN,
    ("POST", "/outlets/{id}/rotate"): Role.ADMIN,
}
ISSUING = ("/issue", "/proposals/", "/plates/")  # officers of an organ, with a number and a telephone
QUERIES = {"/alerts/{code}/near": "?x=1&y=1"}
UPLOADS = {
    "/alerts/{code}/update",
    "/issue",
    "/issue/draft",
    "/issue/photo",
    "/issue/place",
    "/issue/clear",
}  # their forms are multipart


def walked(house: House) -> Iterator[tuple[str, str]]:
    """Method and path of every route that asks who is there."""
    for place in iter_route_contexts(console(house, Live()).routes):
        route = place.route
        if isinstance(route, APIRoute) and route.path not in OPEN:
            yield from ((method, route.path) for method in sorted(route.methods or ()))


def least(method: str, path: str) -> Role:
    rule = Role.OFFICER if path.startswith(ISSUING) else Role.VIEWER if method == "GET" else Role.OPERATOR
    return LEAST.get((method, path), rule)


OFFICER = "UPDATE account SET role = :role, organ_code = :organ, number = '010233', phone = '029-1' WHERE name = :me"


async def _places(house: House) -> dict[str, str]:
    """What stands for the parameters of a path, so that it leads somewhere."""
    outlet = await make_outlet(house)
    code = await make_alert(house)
    await rows(house, "INSERT INTO account (name, role) VALUES ('另一人', 'admin') ON CONFLICT DO NOTHING")
    other = await one(house, "SELECT id FROM account WHERE name = '另一人'")
    async with transaction(house.engine) as session:
        who = Principal("operator:x", Scope.OPERATOR, live=True)
        drill = await start(session, who, DrillForm(), seal=house.seal, press=house.press)
    return {
        "code": code, "outlet": str(outlet), "id": "1", "person": str(other), "sha256": "0" * 64, "key": "0" * 12,
        "act": "sessions", "drill": drill.code,
    }  # fmt: skip


def _filled(path: str, places: dict[str, str]) -> str:
    named = places | ({"code": places["drill"]} if path.startswith("/drills/") else {})
    named |= {"id": places["person"]} if path.startswith("/people/") else {}
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda m: named.get(m[1], "x"), path)


async def _ask(
    someone: httpx.AsyncClient, method: str, path: str, places: dict[str, str], csrf: str | None
) -> httpx.Response:
    fields = {} if csrf is None or method == "GET" else {"csrf": csrf}
    address = f"/console{_filled(path, places)}{QUERIES.get(path, '')}"
    if path in UPLOADS and method == "POST":
        parts = {name: (None, value.encode()) for name, value in fields.items()}
        return await someone.post(address, files=parts or {"x": (None, b"x")})
    return await someone.request(method, address, data=fields if method == "POST" else None)


@pytest.mark.parametrize("role", list(Role))
async def test_every_route_asks_what_this_role_may(house: House, officer: httpx.AsyncClient, role: Role) -> None:
    places = await _places(house)
    await make_officer(house, NAME, "010233")
    csrf = csrf_of((await officer.get("/console/")).text)
    told = {}
    for method, path in walked(house):
        if path in ("/changes", "/sign-out"):  # a stream that does not end; and the end of this session
            continue
        await rows(house, OFFICER, role=role, organ=ORGAN, me=NAME)
        answer = await _ask(officer, method, path, places, csrf)
        told[method, path] = answer.status_code
        allowed = role.reaches(least(method, path))
        assert (answer.status_code != 403) is allowed, (
            method,
            path,
            role,
            answer.status_code,
            re.sub(r"<[^>]+>|\s", "", answer.text)[-200:],
        )
        assert answer.status_code < 500, (method, path, role)
        assert answer.headers.get("location", "").startswith("/console/sign-in") is False, (method, path)
    assert len(told) > 50


async def test_no_route_without_a_session(house: House, visitor: httpx.AsyncClient, app: FastAPI) -> None:
    places = await _places(house)
    for method, path in walked(house):
        answer = await _ask(visitor, method, path, places, "x")
        if path == "/alerts/{code}/standing":  # a page that is being filled in asks this by itself, and stays
            assert (answer.status_code, answer.content) == (204, b"")
            continue
        assert answer.status_code in (303, 401), (method, path, answer.status_code)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/console/sign-in?"), (method, path)


@pytest.mark.parametrize("mark", [None, "", "wrong"])
async def test_no_act_without_the_form_s_own_mark(house: House, officer: httpx.AsyncClient, mark: str | None) -> None:
    places = await _places(house)
    before = await rows(house, "SELECT count(*) FROM audit")
    for method, path in walked(house):
        if method == "POST" and path != "/alerts/{code}/retract/correction":  # which only words a sentence
            answer = await _ask(officer, method, path, places, mark)
            assert answer.status_code in (303, 403, 404, 422), (path, answer.status_code)
            assert "result=" not in answer.headers.get("location", ""), path
    assert await rows(house, "SELECT count(*) FROM audit") == before


def test_the_table_names_no_route_that_is_gone(house: House) -> None:
    there = set(walked(house))
    assert {route for route in LEAST if route not in there} == set()
