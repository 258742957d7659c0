"""An outlet is to be called elsewhere: not while its old place may be showing an alert, which would not be told the end."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.fernet import InvalidToken

from app.db import moving
from app.db.engine import Session
from app.db.moving import Standing
from app.domain.errors import Fault, Invalid
from app.domain.words import Lane
from app.flows.ports import Seal, Wirer

LONGEST = 4.0
"""Seconds for which whoever claims may be kept waiting."""


class _Every(frozenset[str]):
    def __contains__(self, code: object) -> bool:
        return True


EVERY: Collection[str] = _Every()
"""``settled`` of whatever alert: for far ends that are one's own."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An outlet that this transaction calls elsewhere, and who moved its deliveries before."""

    id: int
    lane: Lane


def leads_elsewhere(before: Standing, place: Sequence[Any], *, wire: Wirer, seal: Seal) -> bool:
    """Whether it is called at another place than this one; also where nobody can tell. False where it reads for itself: in the
    feed the end stands whatever the outlet is now."""
    if before.lane is Lane.POLLED:
        return False
    try:
        said = orjson.loads(seal.open(before.sealed))
        return list(wire(before.channel, before.carrier, said).place) != list(place)
    except (InvalidToken, Invalid):
        return True


async def faults_of_moving(session: Session, moved: Collection[Moved], settled: Collection[str]) -> Mapping[int, Fault]:
    """Of the outlets that this transaction calls elsewhere, those that it must not. The last act but the commit. ``settled``
    are alerts of which somebody says that the old places have taken them down, or are the same."""
    if not moved:
        return {}
    async with asyncio.timeout(LONGEST):
        await moving.stop_sending(session, [one.id for one in moved if one.lane is Lane.PLAYED])
        up = await moving.may_be_up(session, [one.id for one in moved])
    left = {id: [code for code in codes if code not in settled] for id, codes in up.items()}
    return {id: _fault(codes) for id, codes in left.items() if codes}


def _fault(codes: Sequence[str]) -> Fault:
    named = "、".join(codes)
    return Fault(
        "/settings", "may_be_up", f"这里可能还在播出 {named}。换了地址，旧的地方就收不到撤回。",
        f"{', '.join(codes)} may be up here; with another address the old place would not be told the end.",
        "请把新地址登记为另一个发布点，并暂停这一个。若旧的地方已撤下，或新旧地址是同一处：在控制台的修改页勾选，"
        "或导入时加 --settled 警号。",
        "Enrol the new address as another outlet and pause this one. If the old place has taken it down, or is the same: say so "
        "on its page in the console, or import with --settled and the alert's number.",
    )  # fmt: skip
