"""The feed: what a partner that polls has to show now."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.api.access import Partner, TheHouse
from app.api.openapi import answers
from app.db.engine import transaction
from app.flows.fetch import fetch

router = APIRouter(prefix="/v1", tags=["feed"])


@router.get("/feed", responses=answers(401, 403, 422, 503))
async def read_feed(
    response: Response,
    who: Partner,
    house: TheHouse,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{1,18}$", description="`cursor` of the answer before")] = "0",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Notices after the cursor, oldest first, and the cursor to go on from. What a newer notice has replaced is left out:
    whoever was away learns that what it had fetched is over, and never sees the beginning of what it had not."""
    assert who.partner_id is not None
    async with transaction(house.engine) as session:
        on, items = await fetch(session, who.partner_id, int(cursor), limit, live=who.live, press=house.press)
    response.headers["cache-control"] = "no-store"
    return {"cursor": str(on), "items": list(items)}
