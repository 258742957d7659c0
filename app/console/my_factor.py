"""The second factor of one's own account: enrolled with a code that is scanned, turned off, recovery codes."""

from collections.abc import Sequence

import orjson
from cryptography.fernet import InvalidToken
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.my_account import ME
from app.console.pages import page
from app.console.poster import square
from app.console.sign_in import SLOWED
from app.console.slowing import Count, Slowing, succeeded
from app.db.engine import clock, transaction
from app.domain.errors import NotFound
from app.domain.words import Role
from app.flows import second_factor
from app.flows.house import House
from app.flows.sign_in import Operator

TOTP = f"{ME}/totp"
WRONG = "验证码不正确。请看手机上现在的六位数字；手机时间须准确，同一个数字只能用一次。"


def my_factor(house: House) -> APIRouter:
    """/me/totp: on, off, and new recovery codes."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)
    slowing, count = Slowing("own code", free=4, longest=300), Count(house)

    @router.get("/me/totp")
    async def ask(request: Request) -> Response:
        return await _page(house, request, None, "")

    @router.post("/me/totp")
    async def enrol(request: Request) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=TOTP, least=Role.VIEWER)
            secret = _offered(house, who, form.get("offer", ""))
            now = await clock(session)
            codes = (
                await second_factor.enrol(session, who, secret, form.get("code", ""), seal=house.seal)
                if secret
                else None
            )
        if codes is None:
            return await _page(house, request, secret, WRONG)
        return _shown(who, now, codes, "两步验证已开通")

    @router.post("/me/totp/{act}")
    async def change(request: Request, act: str) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=TOTP, least=Role.VIEWER)
        own = slowing.of(str(who.id))
        if wait := await count.begin(own):
            return await _page(house, request, None, SLOWED.format(wait), 429)
        codes: Sequence[str] | None = None
        async with transaction(house.engine) as session:
            now = await clock(session)
            if act == "off":
                done = await second_factor.turn_off(session, who, form.get("code", ""), seal=house.seal)
            elif act != "renew":
                raise NotFound("没有这个页面。", "There is no such page.")
            else:
                codes = await second_factor.renew(session, who, form.get("code", ""), seal=house.seal)
                done = codes is not None
            if done:
                await succeeded(session, own)
        if not done:
            return await _page(house, request, None, WRONG)
        return _shown(who, now, codes, "新的恢复码") if codes else RedirectResponse(f"{ME}?result=off", 303)

    return router


def _offer(house: House, who: Operator, secret: str) -> str:
    """The secret as the form carries it: only this account can bring it back."""
    return house.seal.close(orjson.dumps(["totp", who.id, secret])).decode()


def _offered(house: House, who: Operator, offer: str) -> str | None:
    try:
        said = orjson.loads(house.seal.open(offer.encode()))
    except InvalidToken:
        return None
    return str(said[2]) if isinstance(said, list) and said[:2] == ["totp", who.id] else None


def _shown(who: Operator, now: object, codes: Sequence[str], title: str) -> Response:
    return page("recoveries.html", who=who, now=now, codes=codes, title=title, back=ME)


async def _page(house: House, request: Request, offered: str | None, wrong: str, status: int = 200) -> Response:
    """The secret to scan, ``offered`` before or a new one; for who has enrolled, what can be done about it."""
    secret = offered or second_factor.new_secret()
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, back=TOTP, least=Role.VIEWER)
        now = await clock(session)
        on = await second_factor.enrolled(session, who)
    return page(
        "totp.html", 422 if wrong and status == 200 else status, who=who, now=now, on=on, wrong=wrong, secret=secret,
        offer=_offer(house, who, secret), square=square(second_factor.address(secret, who.name)),
    )  # fmt: skip
