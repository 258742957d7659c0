"""Partners as operators see them, and what a partner's own outlets have missed."""

from typing import Any

from fastapi import APIRouter

from app.api.access import Partner, Staff, TheHouse
from app.api.openapi import answers
from app.api.parameters import Bare
from app.db import presence
from app.db.engine import transaction
from app.flows.missed import missed

router = APIRouter(prefix="/v1", tags=["partners"])


@router.get("/partners", responses=answers(401, 403, 422, 503))
async def read_partners(who: Staff, house: TheHouse, _: Bare) -> dict[str, Any]:
    """Every partner with an outlet that polls: when it was last seen, and whether it has fallen silent."""
    async with transaction(house.engine) as session:
        callers = await presence.callers(session)
    return {
        "partners": [
            {
                "id": str(c.id), "name": c.name, "phone": c.phone, "last_seen_at": c.last_seen_at, "silent": c.silent,
                "silent_minutes": c.silent_minutes, "waiting": c.waiting,
            }
            for c in callers
        ]
    }  # fmt: skip


@router.get("/missed", responses=answers(401, 403, 422, 503))
async def read_missed(who: Partner, house: TheHouse, _: Bare) -> dict[str, Any]:
    """What stands now and an outlet of yours has not taken: it does not answer, refuses, has not asked, or is paused.
    Reading this changes nothing; what was missed is read with `GET /v1/feed?all=1`."""
    assert who.partner_id is not None
    async with transaction(house.engine) as session:
        found = await missed(session, who.partner_id, live=who.live)
    return {
        "missed": [
            {
                "notice": m.notice, "outlet": str(m.outlet), "name": m.name, "why": m.why, "delivery": m.delivery,
                "tries": m.tries, "since": m.since,
            }
            for m in found
        ]
    }  # fmt: skip
