"""An outlet is to be called elsewhere: not while its old place may be showing an alert, which would not be told the end."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from cryptography.fernet import InvalidToken

from app.db import moving
from app.db.engine import Session
from app.domain.errors import Fault, Invalid
from app.domain.words import Lane
from app.flows.ports import Seal, Wirer


async def is_elsewhere(
    session: Session, partner_id: int, name: str, place: Sequence[Any], *, wire: Wirer, seal: Seal
) -> bool:
    """Whether the partner has an outlet of that name that is called at another place than this one. False where that reads
    for itself: in the feed the end stands whatever the outlet is now."""
    before = await moving.standing(session, partner_id, name)
    if before is None or before.lane is Lane.POLLED:
        return False
    try:
        said = orjson.loads(seal.open(before.sealed))
        return list(wire(before.channel, before.carrier, said).place) != list(place)
    except (InvalidToken, Invalid):
        return False  # with such settings nothing can be sent there by any means


async def refuse_to_leave(session: Session, moved: Collection[int]) -> Mapping[int, Fault]:
    """Of the outlets that this transaction calls elsewhere, those that it must not. The last act but the commit."""
    if not moved:
        return {}
    await moving.stop_sending(session, moved)
    return {id: _fault(codes) for id, codes in (await moving.may_be_up(session, moved)).items()}


def _fault(codes: Sequence[str]) -> Fault:
    named = "、".join(codes)
    return Fault(
        "/settings", "may_be_up", f"这里可能正在播出 {named}。换了地址，旧的地方就收不到撤回。",
        f"{', '.join(codes)} may be up here; with another address the old place would not be told the end.",
        "请把新地址登记为另一个发布点，并暂停这一个；若旧的地方已撤下，或新旧地址是同一处，请在控制台的修改页勾选确认。",
        "Enrol the new address as another outlet and pause this one; or confirm on its page in the console that the old place "
        "has taken it down, or is the same.",
    )  # fmt: skip
