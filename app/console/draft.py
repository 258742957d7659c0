"""What was typed on a retraction page, kept while somebody signs in again."""

from dataclasses import dataclass

import orjson
from cryptography.fernet import InvalidToken
from starlette.requests import Request
from starlette.responses import Response

from app.console.door import ROOT
from app.flows.house import House

COOKIE = "huijia_draft"
LASTS = 30 * 60
LONGEST = 300  # characters; a cookie holds 4096 bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """``reason`` and ``line`` as typed. The confirmation is not kept: whose alert it is, is read once more."""

    reason: str = ""
    line: str = ""


def keep(response: Response, house: House, code: str, draft: Draft) -> None:
    """Sealed, so that no reader of a cookie jar learns it and nobody else can write it."""
    plain = orjson.dumps([code, draft.reason[:40], draft.line[:LONGEST]])
    response.set_cookie(
        COOKIE, house.seal.close(plain).decode(), max_age=LASTS, path=_path(code), httponly=True, samesite="lax",
        secure=house.base_url.startswith("https:"),
    )  # fmt: skip


def kept(request: Request, house: House, code: str) -> Draft:
    """What was kept for this alert; empty when there is nothing."""
    sealed = request.cookies.get(COOKIE)
    if sealed is None:
        return Draft()
    try:
        whose, reason, line = orjson.loads(house.seal.open(sealed.encode()))
    except InvalidToken:
        return Draft()
    return Draft(reason, line) if whose == code else Draft()


def forget(response: Response, code: str) -> None:
    response.delete_cookie(COOKIE, path=_path(code), httponly=True, samesite="lax")


def _path(code: str) -> str:
    return f"{ROOT}/alerts/{code}/retract"
