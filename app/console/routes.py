"""The console: pages for duty officers at three in the morning."""

from fastapi import APIRouter
from starlette.responses import Response

from app.console.alert import alert_page
from app.console.assets import static_files
from app.console.audit_log import audit_log
from app.console.board import board
from app.console.changes import changes
from app.console.content import content
from app.console.drill_start import drill_starting
from app.console.drills import drill_pages
from app.console.guard import Guarded, trouble
from app.console.issue import issuing
from app.console.issue_preview import plates, previewing
from app.console.live import Live
from app.console.mapping import mapping
from app.console.my_account import my_account
from app.console.my_factor import my_factor
from app.console.numbers import numbers
from app.console.one_outlet import one_outlet
from app.console.outlet_edit import outlet_editing
from app.console.outlet_list import outlet_list
from app.console.outlet_page import outlet_page
from app.console.partners import partner_pages
from app.console.people import people_pages
from app.console.plates import Shelf
from app.console.proposal import proposing
from app.console.retract import retracting
from app.console.sealed import sealed
from app.console.sign_in import Desk, entering, giving_code, signing_in
from app.console.tally import Tally
from app.console.update import updating
from app.flows.house import House


def console(house: House, live: Live, tally: Tally | None = None) -> APIRouter:
    """Everything under /console."""
    router = APIRouter(include_in_schema=False)
    desk = Desk(house)
    router.include_router(signing_in(house, desk))
    router.include_router(giving_code(house, desk))
    router.include_router(entering(house))
    router.include_router(board(house, tally or Tally(live), live))
    router.include_router(alert_page(house, live))
    for made in (mapping, content, sealed, one_outlet, updating, numbers, issuing, previewing, proposing):
        router.include_router(made(house))
    router.include_router(plates(house, Shelf()))
    router.include_router(retracting(house))
    router.include_router(changes(house, live))
    router.include_router(outlet_list(house))
    router.include_router(outlet_editing(house))
    router.include_router(outlet_page(house))
    router.include_router(partner_pages(house))
    router.include_router(drill_starting(house))
    router.include_router(drill_pages(house))
    for made in (people_pages, audit_log, my_account, my_factor):
        router.include_router(made(house))
    router.include_router(static_files())
    router.include_router(_nothing_else())
    return router


def _nothing_else() -> APIRouter:
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/{path:path}")
    async def missing(path: str) -> Response:
        return trouble(404, "没有这个页面。")

    return router
