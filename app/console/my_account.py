"""Everybody's own account: the password, and where they are signed in."""

import asyncio
from collections.abc import Mapping
from hashlib import sha256

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import COOKIE, ROOT, acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.pages import page
from app.console.sign_in import SLOWED
from app.console.slowing import Count, Slowing, succeeded
from app.db import people
from app.db.engine import clock, transaction
from app.domain.errors import Invalid
from app.domain.words import Role
from app.flows import own_account
from app.flows.house import House
from app.flows.sign_in import SHORTEST

ME = f"{ROOT}/me"
CHECKS_AT_ONCE = 2  # as at the sign-in
RESULTS: Mapping[str, str] = {
    "password": "密码已修改。别处的登录已全部退出。",
    "ended": "已退出那一处登录。",
    "gone": "那一处登录此前已经退出。",
    "off": "两步验证已关闭。",
}


def my_account(house: House) -> APIRouter:
    """/me, /me/password and /me/sessions."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)
    slowing, count = Slowing("own password", free=4, longest=30), Count(house)
    checks = asyncio.Semaphore(CHECKS_AT_ONCE)

    @router.get("/me")
    async def show(request: Request, result: str = "") -> Response:
        return await _page(house, request, RESULTS.get(result, ""), {})

    @router.post("/me/password")
    async def password(request: Request) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=ME, least=Role.VIEWER)
        own = slowing.of(str(who.id))
        if wait := await count.begin(own):
            return await _page(house, request, "", {"old": SLOWED.format(wait)}, 429)
        try:
            async with checks, transaction(house.engine) as session:
                who = await acting(session, request, form.get("csrf", ""), back=ME, least=Role.VIEWER)
                said = [form.get(name, "") for name in ("old", "new", "again")]
                await own_account.change_password(session, who, request.cookies[COOKIE], *said)
                await succeeded(session, own)
        except Invalid as e:
            return await _page(house, request, "", {f.pointer[1:]: f.zh for f in e.faults}, 422)
        return RedirectResponse(f"{ME}?result=password", 303)

    @router.post("/me/sessions")
    async def end(request: Request) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=ME, least=Role.VIEWER)
            done = await own_account.end_session(session, who, form.get("session", ""))
        return RedirectResponse(f"{ME}?result={'ended' if done else 'gone'}", 303)

    return router


async def _page(house: House, request: Request, result: str, wrong: Mapping[str, str], status: int = 200) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, back=ME, least=Role.VIEWER)
        now = await clock(session)
        person = await people.person(session, who.id)
        sittings = await people.sittings(session, who.id)
    return page(
        "me.html", status, who=who, now=now, person=person, sittings=sittings, result=result, wrong=wrong,
        shortest=SHORTEST, here=sha256(request.cookies[COOKIE].encode()).hexdigest(),
    )  # fmt: skip
