"""The place of loss: pointed at on the sheet, or chosen by county and typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from app.console.geography import SHEET, Box, circle, counties_at, place, point_of, ring, shapes
from app.console.issue_form import Typed, at_the_middle
from app.domain.geo import Datum, Point, to_wgs84
from app.domain.reach import STAGES
from app.domain.regions import County, counties, may_speak_for

NAMED = 25  # counties whose names find room
MARGIN = 4.0  # kilometres round the counties that may be pointed at
FIRST_KM = STAGES[0][1]


@dataclass(frozen=True, slots=True)
class Where:
    """``counties``: those that the officer's organ may alert for, under their cities. ``spot``: where the loss is on the
    sheet, ``None`` while nobody knows; ``exact``: it was given, and is not the county's middle; ``outside``: it lies in none
    of these counties. ``unit``: what is as wide as a few pixels; ``names``: of the counties where they find room, else of
    the cities."""

    counties: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    box: Box
    sheet: Box
    spot: tuple[float, float] | None
    exact: bool
    outside: bool
    reach: str
    unit: float
    names: Sequence[tuple[str, float, float]]


def where(organ_area: str, typed: Typed) -> Where:
    mine = [c for c in counties().values() if may_speak_for(organ_area, c.code)]
    at, codes = _position(typed), {c.code for c in mine}
    known = codes <= shapes().keys()
    box = _box(mine, at)
    return Where(
        counties=_by_city(mine), box=box, sheet=SHEET, spot=place(at) if at else None, exact=not at_the_middle(typed),
        outside=known and at is not None and not codes & set(counties_at(*place(at))),
        reach=ring(circle(at, FIRST_KM), 1) if at else "", unit=round(box[3] / 60, 2),
        names=[(c.name, *place(c.point)) for c in mine] if len(mine) <= NAMED else _cities(mine),
    )  # fmt: skip


def pointed(organ_area: str, said: Mapping[str, str], typed: Typed) -> dict[str, str]:
    """What was typed, with the place that was pointed at: x and y in the kilometres of the sheet."""
    try:
        x, y = float(said.get("x", "")), float(said.get("y", ""))
    except ValueError:
        return dict(typed)
    left, top, right, bottom = SHEET
    if not (left <= x <= right and top <= y <= bottom):
        return dict(typed)
    at = point_of(x, y)
    here = [code for code in counties_at(x, y) if may_speak_for(organ_area, code)]
    found = {"lon": f"{at.lon:.4f}", "lat": f"{at.lat:.4f}", "datum": "WGS84"}
    return dict(typed) | found | ({"area_code": here[0]} if here else {})


def _position(typed: Typed) -> Point | None:
    """In WGS-84; ``None`` when there is none, or none on this earth."""
    if at_the_middle(typed):
        county = counties().get(typed["area_code"])
        return county.point if county else None
    try:
        at = Point(float(typed["lon"]), float(typed["lat"]))
    except ValueError:
        return None
    on_the_sheet = 90 < at.lon < 125 and 20 < at.lat < 50
    datum: Any = typed["datum"] if typed["datum"] in ("WGS84", "CGCS2000", "GCJ02", "BD09") else "WGS84"
    return to_wgs84(at, cast("Datum", datum)) if on_the_sheet else None


def _box(mine: Sequence[County], at: Point | None) -> Box:
    """All counties of the organ and what was given, clipped to the sheet."""
    drawn = shapes()
    spots = [p for c in mine for one in drawn.get(c.code, [[place(c.point)]]) for p in one] + (
        [place(at)] if at else []
    )
    xs, ys = [x for x, _ in spots] or [SHEET[0], SHEET[2]], [y for _, y in spots] or [SHEET[1], SHEET[3]]
    left, top = max(min(xs) - MARGIN, SHEET[0]), max(min(ys) - MARGIN, SHEET[1])
    right, bottom = min(max(xs) + MARGIN, SHEET[2]), min(max(ys) + MARGIN, SHEET[3])
    return round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1)


def _cities(mine: Sequence[County]) -> Sequence[tuple[str, float, float]]:
    """Each in the middle of its counties."""
    found: dict[str, list[tuple[float, float]]] = {}
    for county in mine:
        found.setdefault(county.city, []).append(place(county.point))
    return [
        (city.removesuffix("市"), *(sum(values) / len(at) for values in zip(*at, strict=True)))
        for city, at in found.items()
    ]


def _by_city(mine: Sequence[County]) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for county in mine:
        found.setdefault(county.city or "直辖", []).append((county.code, county.name))
    return list(found.items())
