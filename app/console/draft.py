"""What was typed on a page, kept while somebody signs in again."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from cryptography.fernet import InvalidToken
from starlette.requests import Request
from starlette.responses import Response

from app.console.door import ROOT
from app.flows.house import House

COOKIE = "huijia_draft"
LASTS = 30 * 60
LONGEST = 300  # characters
LARGEST = 3900  # a cookie holds 4096 bytes


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


def keep_typed(response: Response, house: House, code: str, typed: Mapping[str, str]) -> None:
    """The text of an update, if a cookie holds it: a few hundred characters do fit."""
    sealed = house.seal.close(zlib.compress(orjson.dumps([code, dict(typed)]), 9)).decode()
    if len(sealed) <= LARGEST:
        response.set_cookie(
            COOKIE, sealed, max_age=LASTS, path=_update(code), httponly=True, samesite="lax",
            secure=house.base_url.startswith("https:"),
        )  # fmt: skip


def kept_typed(request: Request, house: House, code: str) -> Mapping[str, str] | None:
    """What ``keep_typed`` kept of this alert."""
    sealed = request.cookies.get(COOKIE)
    if sealed is None:
        return None
    try:
        whose, typed = orjson.loads(zlib.decompress(house.seal.open(sealed.encode())))
    except (InvalidToken, zlib.error):
        return None
    found: Mapping[str, str] = typed
    return found if whose == code else None


def forget_typed(response: Response, code: str) -> None:
    response.delete_cookie(COOKIE, path=_update(code), httponly=True, samesite="lax")


def _update(code: str) -> str:
    return f"{ROOT}/alerts/{code}/update"


def _path(code: str) -> str:
    return f"{ROOT}/alerts/{code}/retract"
