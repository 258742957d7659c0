"""Who is at the console, and where they wanted to go."""

import re

from starlette.requests import Request
from starlette.responses import Response

from app.console.labels import ROLES
from app.db import people
from app.db.engine import Session
from app.domain.errors import Forbidden
from app.domain.words import Role
from app.flows.house import House
from app.flows.sign_in import SESSION, Operator, who_is

ROOT = "/console"
HOME = f"{ROOT}/"
SIGN_IN = f"{ROOT}/sign-in"
CODE = f"{SIGN_IN}/code"
COOKIE = "huijia_session"
ASKED = 3  # administrators that are named to who is refused

_PATH = re.compile(r"https?://[^/]+(/.*)")
_LOCAL = re.compile(r"/console/[!-\[\]-~]*")  # printable ASCII without the backslash, which browsers read as a slash


class SignInFirst(Exception):
    """Nobody is signed in. ``expired``: somebody was."""

    def __init__(self, back: str, *, expired: bool) -> None:
        super().__init__("not signed in")
        self.back, self.expired = back, expired


class ForeignForm(Exception):
    """A form that this session's pages did not make (CSRF), or made for an earlier session."""

    def __init__(self, back: str) -> None:
        super().__init__("foreign form")
        self.back = back


class Unwelcome(Forbidden):
    """Somebody is signed in whose account may not. ``onward``: what they can do about it, a sentence; ``way``: the path and
    the word of a link, where they can do it themselves."""

    def __init__(self, refused: Forbidden, onward: str, way: tuple[str, str] | None = None) -> None:
        super().__init__(refused.zh, refused.en)
        self.onward, self.way = onward, way


async def whom_to_ask(session: Session) -> str:
    """One sentence."""
    names = await people.administrators_named(session, ASKED)
    return f"需要的话，请管理员在“人员”页修改：{'、'.join(names)}。" if names else "还没有管理员，请联系系统维护人员。"


def local(path: str) -> str:
    """``path`` when it is one of the console's own pages, otherwise its first page."""
    inside = _LOCAL.fullmatch(path) and "//" not in path and ".." not in path
    return path if inside and not path.startswith((SIGN_IN, f"{ROOT}/enter", f"{ROOT}/sign-out")) else HOME


def here(request: Request) -> str:
    """The page that this request is for; for a fragment the page that asked for it."""
    if "hx-request" in request.headers:
        asked = _PATH.fullmatch(request.headers.get("hx-current-url", ""))
        return local(asked[1]) if asked else HOME
    return local(f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path)


async def signed_in(
    session: Session, request: Request, *, back: str | None = None, least: Role | None = None
) -> Operator:
    """The operator. Raises SignInFirst; ``back`` is where to go after signing in, this page by default. Raises Forbidden
    below the role ``least``: where none is named, anybody may look and a viewer may do nothing."""
    token = request.cookies.get(COOKIE, "")
    who = await who_is(session, token) if token else None
    if who is None:
        raise SignInFirst(back or here(request), expired=bool(token))
    least = least or (Role.VIEWER if request.method in ("GET", "HEAD") else Role.OPERATOR)
    if not who.role.reaches(least):
        refused = Forbidden(
            f"此操作需要“{ROLES[least]}”及以上的权限，你的账号是“{ROLES[who.role]}”。未执行任何操作。",
            f"This takes the role {least}; yours is {who.role}.",
        )
        raise Unwelcome(refused, await whom_to_ask(session))
    return who


async def acting(session: Session, request: Request, csrf: str, *, back: str, least: Role | None = None) -> Operator:
    """The operator, whose own form this is. Raises SignInFirst, ForeignForm or, below the role ``least``, Forbidden."""
    who = await signed_in(session, request, back=back, least=least)
    if not who.owns(csrf):
        raise ForeignForm(back)
    return who


def let_in(response: Response, house: House, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        COOKIE, token, max_age=int(SESSION.total_seconds()), path=ROOT, httponly=True, samesite="lax",
        secure=house.base_url.startswith("https:"),
    )  # fmt: skip


def let_out(response: Response, house: House) -> None:
    response.delete_cookie(COOKIE, path=ROOT, httponly=True, samesite="lax", secure=house.base_url.startswith("https:"))
