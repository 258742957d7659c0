"""How quick it was: for one alert and over a month, as pictures, in a table and as CSV. No names: codes only."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.console import charts
from app.console.door import signed_in
from app.console.guard import Guarded
from app.console.labels import CHANNELS, KINDS, MARKS
from app.console.pages import page
from app.console.shown import find
from app.db import pace
from app.db.engine import Session, clock, transaction
from app.db.pace import Pace
from app.domain.beijing import BEIJING
from app.domain.spreadsheet import csv_of, seconds
from app.domain.words import Kind, Status
from app.flows.house import House

_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
CURVES = {"accepted": "送达", "aired": "播出", "down": "撤下"}
FIGURES = (("首次播出", "first_aired"), ("95%发布点已播出或收到", "most_shown"), ("全部撤下", "all_down"))
HEAD = ("编号", "性质", "发布时间", "通知发布点", "播出", "播出或收到", "首次播出（秒）", "95%播出或收到（秒）", "结束时间",
        "通知撤下", "已撤下", "其中不能自证", "全部撤下（秒）")  # fmt: skip


def numbers(house: House) -> APIRouter:
    """/numbers and /alerts/{code}/numbers, each with .csv beside it."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/numbers")
    async def month_page(request: Request, month: str = "") -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            first, after = _span(month, now)
            paces = await pace.paces(session, await pace.of_month(session, first, after))
        real = [p for p in paces if p.status == Status.ACTUAL]
        strips = [
            charts.strip(word, [(p.code, getattr(p, of)) for p in real if of != "all_down" or p.ended_at])
            for word, of in FIGURES
        ]
        return page(
            "numbers.html", who=who, now=now, month=_name(first), before=_name(first - timedelta(days=1)),
            after=_name(after) if after <= now else "", paces=paces, real=len(real), strips=strips, ticks=charts.ticks(),
            span=charts.span_of, marks={p.code: MARKS[Status(p.status)] for p in paces},
        )  # fmt: skip

    @router.get("/numbers.csv")
    async def month_csv(request: Request, month: str = "") -> Response:
        async with transaction(house.engine) as session:
            await signed_in(session, request)
            first, after = _span(month, await clock(session))
            paces = await pace.paces(session, await pace.of_month(session, first, after))
        return _csv(f"huijia-{_name(first)}.csv", [HEAD, *map(_row, paces)])

    @router.get("/alerts/{code}/numbers")
    async def alert_page(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            alert, _ = await find(session, code, house.media_secret, now)
            took = await _of(session, alert.id)
            drawn = charts.curves(await pace.curves(session, alert.id), CURVES)
        return page(
            "alert_numbers.html", who=who, now=now, alert=alert, took=took, curves=drawn, ticks=charts.ticks(),
            shares=charts.shares(), span=charts.span_of,
        )  # fmt: skip

    @router.get("/alerts/{code}/numbers.csv")
    async def alert_csv(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            await signed_in(session, request)
            alert, _ = await find(session, code, house.media_secret, await clock(session))
            rows = await pace.outlets(session, alert.id)
        head = ("通告", "类型", "渠道", "发布点", "接收（秒）", "播出（秒）", "播出或收到（秒）", "撤下（秒）")
        lines = [
            (r["number"], KINDS[Kind(r["kind"])], CHANNELS.get(r["channel"], r["channel"]), r["name"],
             *(seconds(r[word]) for word in ("accepted", "aired", "shown", "down")))
            for r in rows
        ]  # fmt: skip
        return _csv(f"{alert.code}.csv", [head, *lines])

    return router


async def _of(session: Session, alert_id: int) -> Pace:
    return (await pace.paces(session, [alert_id]))[0]


def _span(month: str, now: datetime) -> tuple[datetime, datetime]:
    """A month in Beijing, this one when none is said or none is meant."""
    said = month if _MONTH.fullmatch(month) else f"{now.astimezone(BEIJING):%Y-%m}"
    first = datetime(int(said[:4]), int(said[5:]), 1, tzinfo=BEIJING)
    return first, (first + timedelta(days=32)).replace(day=1)


def _name(at: datetime) -> str:
    return f"{at:%Y-%m}"


def _row(p: Pace) -> Sequence[object]:
    return (
        p.code, MARKS[Status(p.status)], _time(p.created_at), p.told, p.aired, p.shown, seconds(p.first_aired),
        seconds(p.most_shown), _time(p.ended_at), p.recalled, p.down, p.mute, seconds(p.all_down),
    )  # fmt: skip


def _time(at: datetime | None) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def _csv(name: str, rows: Iterable[Sequence[object]]) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(csv_of(rows), media_type="text/csv; charset=utf-8", headers=headers)
