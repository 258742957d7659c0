"""One outlet and one alert: every attempt, every receipt with its proof, and what was said on the telephone."""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.alert import alert_path, delivery_number
from app.console.door import acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.pages import page
from app.console.shown import find, known
from app.db import history, media
from app.db.engine import clock, transaction
from app.domain.errors import NotFound
from app.flows import telephone
from app.flows.house import House

_DIGEST = re.compile(r"[0-9a-f]{64}")
SHOWN = ("image/jpeg", "image/png", "image/webp", "audio/mpeg", "audio/wav", "audio/x-wav", "audio/ogg", "audio/mp4")


def one_outlet(house: House) -> APIRouter:
    """/alerts/{code}/outlets/{id}, /alerts/{code}/phoned and /unphoned, and /proof/{sha256}."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/alerts/{code}/outlets/{outlet}")
    async def show(request: Request, code: str, outlet: str) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            alert, _ = await find(session, code, house.media_secret, now)
            number = delivery_number(outlet)
            place = await history.place(session, number) if number else None
            if place is None:
                raise NotFound("没有这个发布点。", "There is no such outlet.")
            rows = await history.deliveries(session, alert.id, place.id)
        return page(
            "one_outlet.html", who=who, now=now, alert=alert, place=place, rows=rows, link=safe_link,
            catalogue=house.catalogue,
        )  # fmt: skip

    @router.post("/alerts/{code}/phoned")
    async def phoned(request: Request, code: str) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=alert_path(code))
            delivery = delivery_number(form.get("delivery", "")) or 0
            new = await telephone.taken_down(session, who.principal, known(code), delivery, form.get("answered", ""))
        return RedirectResponse(f"{alert_path(code)}?result={'phoned' if new else 'phoned_before'}", 303)

    @router.post("/alerts/{code}/unphoned")
    async def unphoned(request: Request, code: str) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=alert_path(code))
            delivery = delivery_number(form.get("delivery", "")) or 0
            await telephone.take_back(session, who.principal, known(code), delivery)
        return RedirectResponse(f"{alert_path(code)}?result=unphoned", 303)

    @router.get("/proof/{sha256}")
    async def proof(request: Request, sha256: str) -> Response:
        async with transaction(house.engine) as session:
            await signed_in(session, request)
            kept = await media.proof(session, sha256) if _DIGEST.fullmatch(sha256) else None
        if kept is None:
            raise NotFound(
                "没有这份播出证据，或寻人已结束，画面不再展示。", "There is no such proof, or the search has ended."
            )
        # what a far end sent is never shown as a page of ours
        safe = kept.mime in SHOWN
        headers = {} if safe else {"content-disposition": "attachment"}
        return Response(kept.body, media_type=kept.mime if safe else "application/octet-stream", headers=headers)

    return router


def safe_link(evidence: str) -> bool:
    """True when what an outlet gave as evidence may be made a link: a plain web address."""
    return re.fullmatch(r"https?://[!-~]{1,500}", evidence) is not None
