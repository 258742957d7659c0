"""Sign in by password or by a link that works once; sign out."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import COOKIE, HOME, SIGN_IN, acting, let_in, let_out, local
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.pages import page
from app.console.slowing import Slowing
from app.db.engine import transaction
from app.domain.words import Role
from app.flows import sign_in
from app.flows.house import House

WHY: Mapping[str, str] = {
    "expired": "登录已过期，请重新登录。登录后会回到刚才的页面。",
    "retract": "登录已过期，撤回尚未执行！请马上重新登录：登录后会回到撤回确认页，刚才填写的内容仍在，核对后再确认一次即可。",
    "update": "登录已过期，更新尚未执行。请重新登录：登录后会回到更新页，填写的文字仍在（新照片须重新选择）。",
    "issue": "登录已过期，还没有提交。填写的内容都已存下，请重新登录：登录后会回到表单，可以接着填。",
    "out": "已退出。",
}
WRONG = "用户名或密码不正确，请重新输入。忘记密码请联系管理员，管理员可以发一个一次性登录链接。"
SPENT = "此登录链接已用过或已过期（一个链接只能用一次，12 小时内有效）。请向管理员再要一个，或用密码登录。"
CHECKS_AT_ONCE = 2  # a password check takes 64 MiB and a core for a moment (argon2)


class Desk:
    """Lets people in, one careful check at a time."""

    def __init__(self, house: House, by_name: Slowing, by_address: Slowing) -> None:
        self._house, self._by_name, self._by_address = house, by_name, by_address
        self._checks = asyncio.Semaphore(CHECKS_AT_ONCE)

    def wait(self, name: str, address: str) -> int:
        """Seconds until this name may be tried again from this address."""
        return max(self._by_name.wait(name), self._by_address.wait(address))

    async def check(self, name: str, password: str, address: str) -> str | None:
        """The new session's token, or ``None``."""
        self._by_name.trying(name)
        self._by_address.trying(address)
        async with self._checks, transaction(self._house.engine) as session:
            token = await sign_in.by_password(session, name, password, address)
        if token is not None:
            self._by_name.succeeded(name)
            self._by_address.succeeded(address)
        return token


def signing_in(house: House, by_name: Slowing, by_address: Slowing) -> APIRouter:
    """/sign-in and /sign-out."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)
    desk = Desk(house, by_name, by_address)

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
        address = request.client.host if request.client else ""
        if wait := desk.wait(name, address):
            return _again(429, name, onward, f"连续输错次数过多，请等 {wait} 秒后再试。", wait)
        token = await desk.check(name, password, address)
        if token is None:
            return _again(401, name, onward, WRONG)
        response = RedirectResponse(onward, 303)
        let_in(response, house, token)
        return response

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
            opened = await sign_in.by_link(session, token, request.client.host if request.client else "")
        if opened is None:
            return page("enter.html", 410, wrong=SPENT)
        response = RedirectResponse(HOME, 303)
        let_in(response, house, opened)
        return response

    return router
