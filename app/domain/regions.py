"""GB/T 2260: the counties of Shaanxi and its neighbours, who may speak for which, and what a code covers."""

import csv
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from app.domain.geo import Point, distance_km, to_wgs84

PROVINCE = "610000"


class County(NamedTuple):
    code: str
    full_name: str
    point: Point
    city: str
    name: str


@lru_cache(maxsize=1)
def counties() -> Mapping[str, County]:
    """By six-digit code; ``point`` is a WGS-84 place inside the county."""
    text = (files("app.domain") / "data" / "counties-nine-provinces.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        # 重庆 is its own city, 仙桃 its own county: neither is named twice
        city = "" if row["city"] in (row["province"], row["name"]) else row["city"]
        point = to_wgs84(Point(float(row["lon"]), float(row["lat"])), "GCJ02")
        found[row["code"]] = County(row["code"], row["province"] + city + row["name"], point, city, row["name"])
    return found


def known_area(code: str) -> bool:
    """True for a province, city or county code that the table knows something of."""
    return any(True for _ in within(code))


def within(code: str) -> Iterable[County]:
    """The counties under a province (``610000``), city (``610100``) or county (``610113``) code."""
    table = counties()
    if code in table:
        return [table[code]]
    prefix = code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
    return [c for c in table.values() if len(code) == 6 and prefix != code and c.code.startswith(prefix)]


def may_speak_for(organ_area: str, place: str) -> bool:
    """True when an organ of ``organ_area`` may alert for a loss in the county ``place``: its own county, its own city,
    or, for a province organ, the whole province."""
    if organ_area.endswith("0000"):
        return place[:2] == organ_area[:2]
    if organ_area.endswith("00"):
        return place[:4] == organ_area[:4]
    return place == organ_area


def nearest_km(place: Point, codes: Iterable[str]) -> Mapping[str, float]:
    """For each code the distance from ``place`` to the nearest county it covers; unknown codes are left out."""
    wanted = set(codes)
    table = {c.code: distance_km(place, c.point) for c in counties().values()} if wanted else {}
    found = {}
    for code in wanted:
        near = min((table[c.code] for c in within(code)), default=None)
        if near is not None:
            found[code] = near
    return found


def within_km(place: Point, radius: float) -> Iterable[County]:
    """The counties whose point lies in the circle."""
    return [c for c in counties().values() if distance_km(place, c.point) <= radius]
