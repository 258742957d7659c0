"""Who did what, when, to what. Administrators only; nothing here can be changed."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.console.audit_words import actor_word, said
from app.console.door import signed_in
from app.console.guard import Guarded
from app.console.pages import page
from app.console.paging import PAGE, Paging, page_number
from app.console.shown import CODE
from app.db import audit, people
from app.db.audit import Entry
from app.db.engine import clock, transaction
from app.domain.words import Role
from app.flows.house import House


def audit_log(house: House) -> APIRouter:
    """/audit."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/audit")
    async def show(request: Request, who: str = "", alert: str = "", page: str = "") -> Response:
        return await _show(house, request, who.strip()[:60], alert.strip().upper()[:20], page_number(page))

    return router


async def _show(house: House, request: Request, person: str, alert: str, number: int) -> Response:
    wrong = "" if not alert or CODE.fullmatch(alert) else "编号应如 HJ-2026-000123。"
    at = Paging(number, {"who": person, "alert": alert})
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, least=Role.ADMIN)
        now = await clock(session)
        entries, total = ((), 0) if wrong else await audit.entries(session, person, alert, skip=at.skip, limit=PAGE)
        names = await people.names(session)
    rows = [_row(e) for e in entries]
    return page(
        "audit.html", who=who, now=now, rows=rows, at=Paging(number, at.asked, total), person=person, alert=alert,
        names=names, wrong=wrong,
    )  # fmt: skip


def _row(e: Entry) -> Mapping[str, Any]:
    act, detail = said(e.act, e.detail)
    return {"at": e.at, "by": actor_word(e.actor), "act": act, "detail": detail, "alert": e.alert}
