"""The outlets: found by name and state, the troubled first, each with its health."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.console.door import signed_in
from app.console.guard import Guarded
from app.console.labels import Tone
from app.console.pages import page
from app.console.paging import PAGE, Paging, page_number
from app.db import directory
from app.db.directory import STATES, Sought
from app.db.engine import clock, transaction
from app.flows.house import House

# In the order in which they stand above the list.
WORDS: Mapping[str, tuple[str, Tone]] = {
    "": ("全部", "off"),
    "quarantined": ("已隔离", "bad"),
    "failing": ("连续失败", "warn"),
    "silent": ("失联", "warn"),
    "paused": ("已暂停", "wait"),
    "untested": ("不接收测试", "off"),
}


def outlet_list(house: House) -> APIRouter:
    """/outlets."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/outlets")
    async def show(
        request: Request, q: str = "", state: str = "", channel: str = "", partner: str = "", page: str = ""
    ) -> Response:
        chosen = int(partner) if partner.isascii() and partner.isdigit() and len(partner) <= 18 else None
        known = state if state in STATES else ""
        sought = Sought(q.strip()[:60], known, channel if channel in house.catalogue.channels else "", chosen)
        asked = {"q": sought.words, "state": known, "channel": sought.channel, "partner": str(chosen or "")}
        return await _show(house, request, sought, Paging(page_number(page), asked))

    return router


async def _show(house: House, request: Request, sought: Sought, at: Paging) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request)
        now = await clock(session)
        counts = await directory.count(session, sought)
        rows = await directory.outlets(session, sought, skip=at.skip, limit=PAGE)
        whose = await directory.partner(session, sought.partner) if sought.partner else None
    return page(
        "outlets_list.html", who=who, now=now, rows=rows, counts=counts, sought=sought, words=WORDS, whose=whose,
        at=Paging(at.number, at.asked, counts[sought.state]), catalogue=house.catalogue,
    )  # fmt: skip
