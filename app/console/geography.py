"""Shaanxi as a schematic picture. Made once from our own polygons, in kilometres: x to the east and y to the south of the
north-west corner of the sheet (equidistant along the meridians; within eight percent along the parallels)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

import orjson
from markupsafe import escape

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


@lru_cache(maxsize=1)
def bounds() -> Box:
    """Left, top, right and bottom of the province on the sheet."""
    every = [p for feature in _features() for one in _rings(feature) for p in one]
    xs, ys = [x for x, _ in every], [y for _, y in every]
    return min(xs), min(ys), max(xs), max(ys)


SHEET: Box = (0.0, 0.0, (115.0 - WEST) * ACROSS, (NORTH - 28.5) * KM)

_STYLE = """
.s{fill:#faf9f6}.c{fill:#fff;stroke:#cfccc4;stroke-width:1;vector-effect:non-scaling-stroke}.n{fill:#d3d0c8}
text{font:22px "PingFang SC","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif;
  text-anchor:middle;fill:#5b6370}
.o{fill:#6b6f76;font-size:25px;letter-spacing:5px}
@media (prefers-color-scheme:dark){
  .s{fill:#14191e}.c{fill:#1f262e;stroke:#3a444f}.n{fill:#39424c}text{fill:#a9b4c1}
  .o{fill:#8d97a3}}
"""


def sheet() -> bytes:
    """The whole sheet as an SVG document: counties, the cities' names, and specks where neighbours' counties are."""
    left, top, right, bottom = SHEET
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:g} {top:g} {right:g} {bottom:g}">',
        f'<style>{_STYLE}</style><rect class="s" width="{right:g}" height="{bottom:g}"/>',
    ]
    specks = [place(c.point) for c in counties().values() if c.code[:2] != PROVINCE[:2]]
    parts += [f'<circle class="n" cx="{x:.0f}" cy="{y:.0f}" r="2.5"/>' for x, y in specks]
    middles: dict[str, list[tuple[float, float]]] = {}
    for feature in _features():
        of = feature["properties"]
        middles.setdefault(of["city"], []).append(place(_plain(Point(*of["center"]))))
        parts.append(f'<path class="c" d="{"".join(ring(one) for one in _rings(feature))}"/>')
    for name, (lon, lat) in NEIGHBOURS.items():
        x, y = place(Point(lon, lat))
        parts.append(f'<text class="o" x="{x:.0f}" y="{y:.0f}">{escape(name)}</text>')
    for city, at in middles.items():
        x, y = (sum(values) / len(at) for values in zip(*at, strict=True))
        parts.append(f'<text x="{x:.0f}" y="{y:.0f}">{escape(city.removesuffix("市"))}</text>')
    return ("".join(parts) + "</svg>").encode()
