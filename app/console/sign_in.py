"""Sign in by password or by a link that works once, and by a code beside it where one is enrolled; sign out."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console import halfway
from app.console.door import CODE, COOKIE, HOME, SIGN_IN, acting, let_in, let_out, local
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.pages import page
from app.console.slowing import Count, Slowing, succeeded
from app.db.engine import transaction
from app.domain.words import Role
from app.flows import sign_in
from app.flows.house import House
from app.flows.second_factor import by_code
from app.flows.sign_in import Half

WHY: Mapping[str, str] = {
    "expired": "登录已过期，请重新登录。登录后会回到刚才的页面。",
    "retract": "登录已过期，撤回尚未执行！请马上重新登录：登录后会回到撤回确认页，刚才填写的内容仍在，核对后再确认一次即可。",
    "update": "登录已过期，更新尚未执行。请重新登录：登录后会回到更新页，填写的文字仍在（新照片须重新选择）。",
    "issue": "登录已过期，还没有提交。填写的内容都已存下，请重新登录：登录后会回到表单，可以接着填。",
    "out": "已退出。",
    "late": "输入验证码的时间已过，请重新登录。",
}
SLOWED = "连续输错次数过多，请等 {} 秒后再试。"
WRONG = "用户名或密码不正确，请重新输入。忘记密码请联系管理员，管理员可以发一个一次性登录链接。"
WRONG_CODE = "验证码不正确。请看手机上现在的六位数字（每个只能用一次），或输入一个恢复码。"
SPENT = "此登录链接已用过或已过期（一个链接只能用一次，12 小时内有效）。请向管理员再要一个，或用密码登录。"
CHECKS_AT_ONCE = 2  # a password check takes 64 MiB and a core for a moment (argon2)


class Desk:
    """Lets people in, one careful check at a time. A code has a slowing of its own: whoever tries codes knows the password.
    A whole duty room may share one address, so an address is given more tries than a name."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._by_name, self._by_address = Slowing("name", free=4, longest=30), Slowing("address", free=20, longest=60)
        self._by_code = Slowing("code", free=4, longest=300)
        self._count, self._checks = Count(house), asyncio.Semaphore(CHECKS_AT_ONCE)

    async def check_code(self, half: Half, code: str, address: str) -> str | int | None:
        """The new session's token; seconds to wait before a code may be tried again for this account; or ``None``."""
        by_account = self._by_code.of(str(half.account_id))
        if wait := await self._count.begin(by_account):
            return wait
        async with transaction(self._house.engine) as session:
            token = await by_code(session, half, code, address, seal=self._house.seal)
            if token is not None:
                await succeeded(session, by_account)
        return token

    async def check(self, name: str, password: str, address: str) -> str | Half | int | None:
        """The new session's token; seconds to wait before this name may be tried again from this address; or ``None``."""
        tries = self._by_name.of(name), self._by_address.of(address)
        if wait := await self._count.begin(*tries):
            return wait
        async with self._checks, transaction(self._house.engine) as session:
            token = await sign_in.by_password(session, name, password, address)
            if token is not None:
                await succeeded(session, *tries)
        return token


def signing_in(house: House, desk: Desk) -> APIRouter:
    """/sign-in and /sign-out."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/sign-in")
    async def ask(next: str = "", why: str = "") -> Response:
        return page(
            "sign_in.html",
            next=local(next),
            said=WHY.get(why, ""),
            urgent=why in ("retract", "update", "issue"),
            wrong="",
            name="",
        )

    @router.post("/sign-in")
    async def check(request: Request) -> Response:
        form = await read_form(request)
        name, password, onward = form.get("name", "").strip(), form.get("password", ""), local(form.get("next", ""))
        if not name or not password:
            return _again(422, name, onward, "请输入用户名和密码。")
        address = address_of(request)
        token = await desk.check(name, password, address)
        if isinstance(token, int):
            return _again(429, name, onward, SLOWED.format(token), token)
        if token is None:
            return _again(401, name, onward, WRONG)
        return _entered(house, token, onward)

    @router.post("/sign-out")
    async def leave(request: Request) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            await acting(session, request, form.get("csrf", ""), back=HOME, least=Role.VIEWER)
            await sign_in.sign_out(session, request.cookies[COOKIE])
        response = RedirectResponse(f"{SIGN_IN}?{urlencode({'why': 'out'})}", 303)
        let_out(response, house)
        return response

    return router


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def _entered(house: House, token: str | Half, onward: str) -> Response:
    """On to where they wanted to go, or half way: to the page that asks for the code."""
    if isinstance(token, Half):
        response = RedirectResponse(f"{CODE}?{urlencode({'next': onward})}", 303)
        halfway.keep(response, house, token)
        return response
    response = RedirectResponse(onward, 303)
    let_in(response, house, token)
    return response


def giving_code(house: House, desk: Desk) -> APIRouter:
    """/sign-in/code: the second half, for those who have enrolled one."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/sign-in/code")
    async def ask(request: Request, next: str = "") -> Response:
        if halfway.kept(request, house) is None:
            return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': local(next), 'why': 'late'})}", 303)
        return page("code.html", next=local(next), wrong="")

    @router.post("/sign-in/code")
    async def check(request: Request) -> Response:
        form = await read_form(request)
        onward = local(form.get("next", ""))
        half = halfway.kept(request, house)
        if half is None:
            return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': onward, 'why': 'late'})}", 303)
        token = await desk.check_code(half, form.get("code", ""), address_of(request))
        if isinstance(token, int):
            slowed = page("code.html", 429, next=onward, wrong=SLOWED.format(token))
            slowed.headers["retry-after"] = str(token)
            return slowed
        if token is None:
            return page("code.html", 401, next=onward, wrong=WRONG_CODE)
        response = _entered(house, token, onward)
        halfway.forget(response, house)
        return response

    return router


def _again(status: int, name: str, onward: str, wrong: str, wait: int = 0) -> Response:
    response = page("sign_in.html", status, next=onward, said="", urgent=False, wrong=wrong, name=name)
    if wait:
        response.headers["retry-after"] = str(wait)
    return response


def entering(house: House) -> APIRouter:
    """/enter/{token}: the link shows a button, and only the button spends it. A chat that previews links presses none."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/enter/{token}")
    async def show(token: str) -> Response:
        return page("enter.html", wrong="")

    @router.post("/enter/{token}")
    async def spend(request: Request, token: str) -> Response:
        async with transaction(house.engine) as session:
            opened = await sign_in.by_link(session, token, address_of(request))
        if opened is None:
            return page("enter.html", 410, wrong=SPENT)
        return _entered(house, opened, HOME)

    return router
