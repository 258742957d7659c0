"""The feed: what a partner that polls has to show now."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.api.access import Partner, TheHouse
from app.db.engine import transaction
from app.flows.fetch import fetch

router = APIRouter(prefix="/v1", tags=["feed"])


@router.get("/feed")
async def read_feed(
    response: Response,
    partner_id: Partner,
    house: TheHouse,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{1,18}$", description="`cursor` of the answer before")] = "0",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Notices after the cursor, oldest first, and the cursor to go on from. What a newer notice has replaced is left out:
    whoever was away during a retraction learns of the end and never sees the beginning."""
    async with transaction(house.engine) as session:
        on, items = await fetch(session, partner_id, int(cursor), limit, press=house.press)
    response.headers["cache-control"] = "no-store"
    return {"cursor": str(on), "items": list(items)}
