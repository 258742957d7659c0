"""Shaanxi as a schematic picture. Made once from our own polygons, in kilometres: x to the east and y to the south of the
north-west corner of the sheet (equidistant along the meridians; within eight percent along the parallels)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import orjson

from app.domain.geo import Point, to_gcj02
from app.domain.regions import PROVINCE, counties

WEST, NORTH = 101.5, 43.5
KM = 111.195  # a degree of a great circle
ACROSS = KM * math.cos(math.radians(35.5))
FLAT = 0.08  # by how much the sheet is wrong along a parallel, at most, where circles are drawn
NEIGHBOURS = {"甘肃": (104.9, 35.2), "宁夏": (106.2, 37.9), "内蒙古": (108.9, 40.6), "山西": (112.1, 37.3), "河南": (112.9, 33.9),
              "湖北": (111.5, 31.4), "重庆": (107.9, 30.6), "四川": (104.9, 31.6)}  # fmt: skip


def place(point: Point) -> tuple[float, float]:
    """On the sheet."""
    return (point.lon - WEST) * ACROSS, (NORTH - point.lat) * KM


def point_of(x: float, y: float) -> Point:
    """The inverse of ``place``."""
    return Point(x / ACROSS + WEST, NORTH - y / KM)


def counties_at(x: float, y: float) -> Sequence[str]:
    """The counties of Shaanxi in which a place on the sheet lies: one, or none beyond the border."""
    return [code for code, rings in shapes().items() if any(_inside(x, y, one) for one in rings)]


@lru_cache(maxsize=1)
def shapes() -> Mapping[str, Sequence[Sequence[tuple[float, float]]]]:
    """The counties of Shaanxi on the sheet, by code: the rings of each."""
    return {str(feature["properties"]["code"]): list(_rings(feature)) for feature in _features()}


def _inside(x: float, y: float, corners: Sequence[tuple[float, float]]) -> bool:
    """By the even-odd rule: how often a ray to the east crosses the ring."""
    odd = False
    for n, (x1, y1) in enumerate(corners):
        x0, y0 = corners[n - 1]
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            odd = not odd
    return odd


def circle(middle: Point, radius_km: float, corners: int = 90) -> Sequence[tuple[float, float]]:
    """All that is so far away, on the globe and then on the sheet."""
    lat, lon, far = math.radians(middle.lat), math.radians(middle.lon), radius_km / 6371.0088
    found = []
    for n in range(corners):
        way = 2 * math.pi * n / corners
        there = math.asin(math.sin(lat) * math.cos(far) + math.cos(lat) * math.sin(far) * math.cos(way))
        east = math.atan2(
            math.sin(way) * math.sin(far) * math.cos(lat), math.cos(far) - math.sin(lat) * math.sin(there)
        )
        found.append(place(Point(math.degrees(lon + east), math.degrees(there))))
    return found


def ring(points: Iterable[tuple[float, float]], digits: int = 0) -> str:
    """A closed SVG path. Snapped to a grid that all rings share, so that neighbours keep their common border."""
    snapped = [(round(x, digits), round(y, digits)) for x, y in points]
    kept = [p for n, p in enumerate(snapped) if p != snapped[n - 1]] or snapped[:1]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in kept) + "Z"


Box = tuple[float, float, float, float]


@lru_cache(maxsize=1)
def _features() -> Sequence[Mapping[str, Any]]:
    raw = (files("app.domain") / "data" / "shaanxi-counties.geojson").read_bytes()
    found: Sequence[Mapping[str, Any]] = orjson.loads(raw)["features"]
    return found


def _rings(feature: Mapping[str, Any]) -> Iterable[Sequence[tuple[float, float]]]:
    shape = feature["geometry"]
    for polygon in shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]:
        for one in polygon:
            yield [place(_plain(Point(lon, lat))) for lon, lat in one]


def _plain(p: Point) -> Point:
    """GCJ-02 undone to a few metres, which no sheet shows, and five times as fast as to a few millimetres."""
    moved = to_gcj02(p)
    return Point(2 * p.lon - moved.lon, 2 * p.lat - moved.lat)


SHEET: Box = (0.0, 0.0, (115.0 - WEST) * ACROSS, (NORTH - 28.5) * KM)

_STYLE = """
.s{fill:#faf9f6}.c{fill:#fff;stroke:#cfccc4;stroke-width:1;vector-effect:non-scaling-stroke}.n{fill:#d3d0c8}
@media (prefers-color-scheme:dark){.s{fill:#14191e}.c{fill:#1f262e;stroke:#3a444f}.n{fill:#39424c}}
"""


@dataclass(frozen=True, slots=True)
class Name:
    """A city's, or a neighbouring province's (``far``); x and y are its middle."""

    word: str
    x: float
    y: float
    far: bool


@lru_cache(maxsize=1)
def _names() -> Sequence[Name]:
    middles: dict[str, list[tuple[float, float]]] = {}
    for feature in _features():
        of = feature["properties"]
        middles.setdefault(of["city"], []).append(place(_plain(Point(*of["center"]))))
    found = [Name(word, *place(Point(lon, lat)), True) for word, (lon, lat) in NEIGHBOURS.items()]
    for city, at in middles.items():
        x, y = (round(sum(values) / len(at), 1) for values in zip(*at, strict=True))
        found.append(Name(city.removesuffix("市"), x, y, False))
    return found


def names(box: Box) -> Sequence[Name]:
    """What has its middle well within the box: x, y, width and height."""
    x, y, w, h = box
    edge = w / 20
    return [n for n in _names() if x + edge < n.x < x + w - edge and y + edge < n.y < y + h - edge]


def sheet() -> bytes:
    """The whole sheet as an SVG document: counties, and specks where neighbours' counties are. It has no words: whoever
    shows a part of it knows how large they have to be."""
    left, top, right, bottom = SHEET
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:g} {top:g} {right:g} {bottom:g}">',
        f'<style>{_STYLE}</style><rect class="s" width="{right:g}" height="{bottom:g}"/>',
    ]
    specks = [place(c.point) for c in counties().values() if c.code[:2] != PROVINCE[:2]]
    parts += [f'<circle class="n" cx="{x:.0f}" cy="{y:.0f}" r="2.5"/>' for x, y in specks]
    parts += [f'<path class="c" d="{"".join(ring(one) for one in _rings(feature))}"/>' for feature in _features()]
    return ("".join(parts) + "</svg>").encode()
