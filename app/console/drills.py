"""Drills: the list, one with its result for each partner and outlet, its sheet, and its end."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console import charts
from app.console.door import ROOT, acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.labels import Stage, actor
from app.console.pages import page
from app.console.paging import PAGE, Paging, page_number
from app.console.shown import known
from app.db import drill_schedule, drills
from app.db.drills import Drill, Row, Tally
from app.db.engine import Session, clock, transaction
from app.domain.errors import NotFound
from app.domain.spreadsheet import csv_of
from app.flows import drills as drilling
from app.flows.drill_sheet import LACKS, sheet
from app.flows.house import House

LIST = f"{ROOT}/drills"
MOST_ROWS = 300
COMING_DOWN = timedelta(minutes=1)
"""For so long after the end what is not down yet is no failure."""
RESULTS: Mapping[str, str] = {
    "started": "演练已发出。到时自动撤回，也可以提前结束。",
    "ended": "已撤回，正在等各发布点撤下。",
    "before": "这次演练此前已经结束。",
    "weekly": "每周演练已设定。",
    "off": "每周演练已关闭。",
}
DAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")


def drill_path(code: str) -> str:
    return f"{LIST}/{code}"


def drill_pages(house: House) -> APIRouter:
    """/drills, /drills/{code}, /drills/{code}.csv and /drills/{code}/end."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/drills")
    async def listing(request: Request, page: str = "", result: str = "") -> Response:
        return await _listing(house, request, page_number(page), RESULTS.get(result, ""))

    @router.get("/drills/{code}.csv")
    async def download(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            await signed_in(session, request)
            drill = await _drill(session, code)
            rows = await drills.results(session, drill.alert_id, None)
        headers = {"content-disposition": f'attachment; filename="{drill.code}.csv"'}
        said = csv_of(sheet(rows, house.catalogue.channels))
        return Response(said, media_type="text/csv; charset=utf-8", headers=headers)

    @router.get("/drills/{code}")
    async def show(request: Request, code: str, partner: str = "", result: str = "") -> Response:
        whose = int(partner) if partner.isascii() and partner.isdigit() and len(partner) <= 18 else None
        return await _show(house, request, code, whose, RESULTS.get(result, ""))

    @router.post("/drills/{code}/end")
    async def end(request: Request, code: str) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=LIST)
            drill = await _drill(session, code)
            over = drill.ended_at is not None
            if not over:
                over = (await drilling.end(session, who.principal, drill.code, press=house.press)).again
        return RedirectResponse(f"{drill_path(drill.code)}?result={'before' if over else 'ended'}", 303)

    return router


async def _drill(session: Session, code: str) -> Drill:
    found = await drills.find(session, known(code), None)
    if found is None:
        raise NotFound("没有这个编号的演练。", "There is no such drill.")
    return found


def asked_by(by: str) -> str:
    """Who started a drill, as ``flows`` write it."""
    return f"值班系统（密钥 {by.removeprefix('key:')}）" if by.startswith("key:") else actor(by)


def settled(drill: Drill, tally: Tally, now: datetime) -> bool:
    """Whether the result is one: nothing that is missing may be expected any more."""
    return drill.ended_at is not None and (tally.lacking == 0 or now - drill.ended_at > COMING_DOWN)


def step(row: Row, over: bool) -> Stage:
    """What an outlet lacks; until the result is settled it may still come."""
    lacks = row["lacks"]
    if lacks is None:
        return Stage("全部做到" if over else "正常", "✓", "good")
    if over or lacks == "sent":
        return Stage(LACKS[lacks], "✕", "bad")
    return Stage(f"尚{LACKS[lacks]}", "…", "wait")


async def _listing(house: House, request: Request, number: int, result: str) -> Response:
    at = Paging(number, {})
    async with transaction(house.engine) as session:
        who = await signed_in(session, request)
        now = await clock(session)
        rows = await drills.listing(session, None, skip=at.skip, limit=PAGE)
        tallies = await drills.tallies(session, [d.alert_id for d in rows], None)
        at = Paging(number, {}, await drills.count(session))
        weekly = await drill_schedule.read(session)
        willing = len(await drills.willing(session, ()))
    return page(
        "drills.html", who=who, now=now, rows=rows, tallies=tallies, at=at, weekly=weekly, willing=willing, days=DAYS,
        next=weekly.when.next(now) if weekly else None, result=result, asked_by=asked_by, span=charts.span_of,
        settled=settled, catalogue=house.catalogue,
    )  # fmt: skip


async def _show(house: House, request: Request, code: str, partner: int | None, result: str) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request)
        now = await clock(session)
        drill = await _drill(session, code)
        tally = (await drills.tallies(session, [drill.alert_id], None))[drill.alert_id]
        partners = await drills.by_partner(session, drill.alert_id, None)
        rows = await drills.results(session, drill.alert_id, partner, MOST_ROWS)
    return page(
        "drill.html", who=who, now=now, drill=drill, tally=tally, partners=partners, rows=rows, partner=partner,
        most=MOST_ROWS, result=result, asked_by=asked_by, step=step, over=settled(drill, tally, now),
        span=charts.span_of, catalogue=house.catalogue,
    )  # fmt: skip
