"""Who is calling: bearer keys (RFC 6750)."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.problems import Problem
from app.db.engine import transaction
from app.domain.errors import Forbidden
from app.domain.words import Scope
from app.flows.house import House
from app.flows.principal import Principal, recognise

_bearer = HTTPBearer(auto_error=False, description="API key: `hj_live_…` or `hj_test_…`")


def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


TheHouse = Annotated[House, Depends(house_of)]


async def caller(
    house: TheHouse, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """The holder of the key. 401 when there is none, or it is unknown or revoked."""
    if credentials is not None:
        async with transaction(house.engine) as session:
            who = await recognise(session, credentials.credentials)
        if who is not None:
            return who
    raise Problem(
        401, "key", "缺少密钥，或密钥无效、已吊销。请在 Authorization: Bearer 后填写有效密钥。",
        "The key is missing, unknown or revoked. Send Authorization: Bearer <key>.",
        headers={"www-authenticate": 'Bearer realm="huijia"'},
    )  # fmt: skip


Caller = Annotated[Principal, Depends(caller)]


def partner_of(who: Principal) -> int:
    """The partner whose key this is; Forbidden for other keys."""
    if who.scope is not Scope.PARTNER or who.partner_id is None:
        raise Forbidden("此接口供协作单位使用，请用协作单位密钥。", "This is for partners: use a partner key.")
    return who.partner_id


async def partner(who: Caller) -> int:
    return partner_of(who)


Partner = Annotated[int, Depends(partner)]
