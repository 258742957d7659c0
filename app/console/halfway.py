"""Between the password and the code: whose password was right, sealed in the browser for a few minutes."""

import time

import orjson
from cryptography.fernet import InvalidToken
from starlette.requests import Request
from starlette.responses import Response

from app.console.door import CODE
from app.flows.house import House
from app.flows.sign_in import Half

COOKIE = "huijia_halfway"
LASTS = 300.0  # seconds


def keep(response: Response, house: House, half: Half) -> None:
    """It opens nothing by itself."""
    sealed = house.seal.close(orjson.dumps(["halfway", half.account_id, half.how, time.time() + LASTS]))
    response.set_cookie(
        COOKIE, sealed.decode(), max_age=int(LASTS), path=CODE, httponly=True, samesite="lax",
        secure=house.base_url.startswith("https:"),
    )  # fmt: skip


def kept(request: Request, house: House) -> Half | None:
    """``None`` when there is none, or it is too old."""
    try:
        said = orjson.loads(house.seal.open(request.cookies.get(COOKIE, "").encode()))
    except InvalidToken:
        return None
    if not isinstance(said, list) or len(said) != 4 or said[0] != "halfway" or said[3] < time.time():
        return None
    return Half(said[1], said[2])


def forget(response: Response, house: House) -> None:
    response.delete_cookie(COOKIE, path=CODE, httponly=True, samesite="lax", secure=house.base_url.startswith("https:"))
