"""An outlet is to be called elsewhere, by another address or another wire, while its old place may be showing an alert.

The old place stays as an outlet of its own that begins nothing new and is told every end; the name goes on as a new outlet at
the new place, and is told of the live alerts as any newcomer is."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
from cryptography.fernet import InvalidToken

from app.db import audit, moving, outlets
from app.db.engine import Session, clock
from app.db.moving import Standing
from app.domain.errors import Invalid
from app.flows.ports import Seal, Wirer

ASKED_AGAIN = timedelta(hours=1)
"""How long at least the new place is told an end that the old one had not taken."""


async def leave_behind(
    session: Session, partner_id: int, name: str, place: Sequence[Any], *, wire: Wirer, seal: Seal
) -> Standing | None:
    """The outlet that stays at the old place, no longer of that name; ``None`` when there is none, when it is called at
    ``place`` already, or when nothing is up there."""
    before = await moving.standing(session, partner_id, name)
    if before is None or _leads_to(before, place, wire=wire, seal=seal):
        return None
    await moving.hold(session, before.id)
    if not await moving.is_needed(session, before.id):
        return None
    await moving.leave(session, before.id, f"{name}（原地址，原 {before.id} 号）")
    return before


async def settle_in(session: Session, before: Standing, id: int) -> None:
    """What else the new outlet takes over from the one that stays behind."""
    await outlets.set_paused(session, id, before.paused)
    await moving.tell_both(session, before.id, id, await clock(session) + ASKED_AGAIN)
    await audit.write(session, "clock", "outlet_moved", detail={"outlet": id, "old": before.id})


def _leads_to(before: Standing, place: Sequence[Any], *, wire: Wirer, seal: Seal) -> bool:
    """Also where its settings cannot be opened: nothing can be sent there by any means."""
    try:
        said = orjson.loads(seal.open(before.sealed))
        return list(wire(before.channel, before.carrier, said).place) == list(place)
    except InvalidToken:
        return True
    except Invalid:
        return False
