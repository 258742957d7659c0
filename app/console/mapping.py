"""Where an alert is: the place of loss, the circle it covers, and its outlets by what has become of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.console.door import signed_in
from app.console.geography import SHEET, Box, Name, circle, names, place, ring
from app.console.guard import Guarded
from app.console.labels import STAGES, Tone
from app.console.pages import page
from app.console.shown import known
from app.db import alerts, progress
from app.db.engine import clock, transaction
from app.db.progress import Row
from app.domain.errors import NotFound
from app.domain.geo import Point
from app.domain.reach import radius_km
from app.domain.regions import within
from app.flows.house import House

CELLS_A_DEGREE = 20  # a dot for every five kilometres: no map has more than a few thousand
MARGIN = 20.0  # kilometres
FARTHEST = 60.0  # kilometres from where the map was pressed
LISTED = 12
TONES: Mapping[Tone, str] = {
    "off": "未送出", "good": "已播出、已收到或已撤下", "wait": "等待中", "warn": "超时未确认", "bad": "失败",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dots:
    """All dots of one tone as one path of points; ``number``: how many outlets they stand for."""

    tone: Tone
    word: str
    number: int
    path: str


@dataclass(frozen=True, slots=True)
class Map:
    """In the kilometres of ``geography``. ``box``: x, y, width and height of what is shown."""

    box: Box
    names: Sequence[Name]
    middle: tuple[float, float]
    radius_km: int
    reach: str
    dots: Sequence[Dots]
    total: int
    nowhere: int


def mapping(house: House) -> APIRouter:
    """/alerts/{code}/map and /near: fragments that the alert's page fetches."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/alerts/{code}/map")
    async def show(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            await signed_in(session, request)
            alert = await alerts.find(session, known(code))
            if alert is None:
                raise NotFound(f"没有编号为 {code} 的紧急寻人。", "There is no such alert.")
            now = await clock(session)
            rows = await progress.places(session, alert.id, CELLS_A_DEGREE)
        reach = max(alert.reach_km, radius_km(alert.lost_at, now)) if alert.ended_at is None else alert.reach_km
        return page("map.html", code=code, map=draw(alert.point, reach, rows), sheet=SHEET)

    @router.get("/alerts/{code}/near")
    async def near(
        request: Request, code: str, x: float = math.nan, y: float = math.nan, within: float = 10
    ) -> Response:
        """The outlets whose dots a finger or a pointer struck."""
        async with transaction(house.engine) as session:
            await signed_in(session, request)
            alert = await alerts.find(session, known(code))
            if alert is None:
                raise NotFound(f"没有编号为 {code} 的紧急寻人。", "There is no such alert.")
            dots = struck(x, y, min(within, FARTHEST), await progress.places(session, alert.id, CELLS_A_DEGREE))
            rows = await progress.standing(session, alert.id, CELLS_A_DEGREE, dots, LISTED) if dots else []
        return page("near.html", code=code, rows=rows, total=sum(dot["n"] for dot in dots))

    return router


def draw(middle: Point, reach: int, rows: Sequence[Row]) -> Map:
    """``rows`` from ``progress.places``. An outlet without a position stands where the area is that it serves."""
    by_tone: dict[Tone, dict[tuple[int, int], int]] = {tone: {} for tone in TONES}
    nowhere = 0
    for row in rows:
        at = _position(row)
        if at is None:
            nowhere += row["n"]
            continue
        x, y = place(at)
        cell = round(x), round(y)
        cells = by_tone[STAGES[row["stage"]].tone]
        cells[cell] = cells.get(cell, 0) + row["n"]
    edge = circle(middle, reach)
    dots = [
        Dots(tone, TONES[tone], sum(cells.values()), "".join(f"M{x} {y}h0" for x, y in cells))
        for tone, cells in by_tone.items()
        if cells
    ]
    box = _box(edge)
    return Map(
        box=box, names=names(box), middle=place(middle), radius_km=reach, reach=ring(edge, 1), dots=dots,
        total=sum(d.number for d in dots), nowhere=nowhere,
    )  # fmt: skip


def _position(row: Row) -> Point | None:
    if row["lon"] is not None:
        return Point(row["lon"], row["lat"])
    found = [county.point for code in row["codes"] or () for county in within(code)]
    if not found:
        return None
    return Point(sum(p.lon for p in found) / len(found), sum(p.lat for p in found) / len(found))


def _box(edge: Sequence[tuple[float, float]]) -> Box:
    """The circle and a little round it, clipped to the sheet."""
    x1 = max(min(x for x, _ in edge) - MARGIN, SHEET[0])
    y1 = max(min(y for _, y in edge) - MARGIN, SHEET[1])
    x2 = min(max(x for x, _ in edge) + MARGIN, SHEET[2])
    y2 = min(max(y for _, y in edge) + MARGIN, SHEET[3])
    return round(x1, 1), round(y1, 1), round(x2 - x1, 1), round(y2 - y1, 1)


def struck(x: float, y: float, within: float, rows: Sequence[Row]) -> Sequence[Row]:
    """Those of ``rows`` whose dots lie within so many kilometres of a place on the sheet, the nearest first."""
    found = []
    for row in rows:
        if (at := _position(row)) is not None and (far := math.dist((x, y), place(at))) <= within:
            found.append((far, row))
    return [row for _, row in sorted(found, key=lambda one: one[0])]
