"""Who is calling: bearer keys (RFC 6750), and what each scope may come to."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.feed_desk import FeedDesk
from app.api.keyring import KEY, no_key
from app.db.engine import transaction
from app.domain.errors import Forbidden
from app.domain.words import Scope, Status
from app.flows.house import House
from app.flows.principal import Principal, recognise

_bearer = HTTPBearer(auto_error=False, description="API key: `hj_live_…` or `hj_test_…`")


def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


TheHouse = Annotated[House, Depends(house_of)]


def desk_of(request: Request) -> FeedDesk:
    desk: FeedDesk = request.app.state.desk
    return desk


TheDesk = Annotated[FeedDesk, Depends(desk_of)]


async def caller(
    house: TheHouse, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """The holder of the key. 401 when there is none, or it is unknown or revoked."""
    if credentials is not None and KEY.fullmatch(credentials.credentials) is not None:
        async with transaction(house.engine) as session:
            who = await recognise(session, credentials.credentials)
        if who is not None:
            return who
    raise no_key()


Caller = Annotated[Principal, Depends(caller)]


async def police(who: Caller) -> Principal:
    """Checked before a body is read: whoever may not issue has nothing decoded."""
    if who.scope is not Scope.POLICE:
        raise Forbidden(
            "此密钥不是公安机关密钥，不能发布或更新紧急寻人。", "Only a police key may issue or update an alert."
        )
    return who


Police = Annotated[Principal, Depends(police)]


async def staff(who: Caller) -> Principal:
    if who.scope is Scope.PARTNER:
        raise Forbidden(
            "此接口供公安机关和值班人员使用；协作单位请用 /v1/feed 和 /v1/receipts。",
            "This is for police and operators; partners use /v1/feed and /v1/receipts.",
        )
    return who


Staff = Annotated[Principal, Depends(staff)]


def may_touch(who: Principal, status: Status) -> None:
    """Raise Forbidden when a test key comes to an actual alert: test keys are handed to integrators."""
    if status is Status.ACTUAL and not who.live:
        raise Forbidden(
            "测试密钥不能查看、更新或撤回实发（actual）的紧急寻人。请改用正式密钥。",
            "A test key may not read, update or retract an actual alert; use a live key.",
        )


async def partner(who: Caller) -> Principal:
    """A key whose ``partner_id`` is set; Forbidden for other keys."""
    if who.scope is not Scope.PARTNER or who.partner_id is None:
        raise Forbidden("此接口供协作单位使用，请用协作单位密钥。", "This is for partners: use a partner key.")
    return who


Partner = Annotated[Principal, Depends(partner)]


async def keeper(who: Caller) -> Principal:
    """A partner, who may look after its own outlets; an operator or administrator, who may after all."""
    if who.scope is Scope.POLICE:
        raise Forbidden(
            "此接口供协作单位和值班人员使用，公安机关密钥不能管理发布点。",
            "This is for partners and operators; a police key does not look after outlets.",
        )
    return who


Keeper = Annotated[Principal, Depends(keeper)]


async def steward(who: Caller) -> Principal:
    """An operator or administrator."""
    if who.scope not in (Scope.OPERATOR, Scope.ADMIN):
        raise Forbidden("此接口供值班人员和管理员使用。", "This is for operators and administrators.")
    return who


Steward = Annotated[Principal, Depends(steward)]


def must_be_live(who: Principal) -> None:
    """Raise Forbidden for a test key where what it would get or change is used for actual alerts too."""
    if not who.live:
        raise Forbidden("测试密钥不能做此操作，请用正式密钥。", "A test key may not do this; use a live key.")


async def reader(
    request: Request, desk: TheDesk, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """As ``partner``, from the keyring: for what partners ask for all day, and while the database is away."""
    who = await desk.keyring.holder(request.headers.get("authorization", "").encode("latin-1"))
    if who.partner_id is not None:
        desk.saw(who.partner_id)
    return who


Reader = Annotated[Principal, Depends(reader)]
