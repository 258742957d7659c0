"""Places on the globe: distances and the datums that Chinese maps use.

Inside huijia every position is WGS-84. CGCS2000 differs from it by centimetres. GCJ-02 (Amap, Tencent) and BD-09
(Baidu) are published offsets of it, undone here to a few metres by iteration.
"""

from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt
from typing import Literal, NamedTuple

Datum = Literal["WGS84", "CGCS2000", "GCJ02", "BD09"]

_EARTH_KM = 6371.0088
_A = 6378245.0  # Krasovsky 1940, on which the GCJ-02 offset is defined
_EE = 0.00669342162296594323


class Point(NamedTuple):
    """Degrees; longitude first, as in GeoJSON."""

    lon: float
    lat: float


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance (haversine)."""
    lat1, lat2 = radians(a.lat), radians(b.lat)
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(h)))


def to_wgs84(point: Point, datum: Datum) -> Point:
    """The same place in WGS-84 degrees."""
    if datum == "BD09":
        return _undo_gcj02(_undo_bd09(point))
    if datum == "GCJ02":
        return _undo_gcj02(point)
    return point


def _undo_bd09(p: Point) -> Point:
    x, y = p.lon - 0.0065, p.lat - 0.006
    z = hypot(x, y) - 0.00002 * sin(y * pi * 3000 / 180)
    theta = atan2(y, x) - 0.000003 * cos(x * pi * 3000 / 180)
    return Point(z * cos(theta), z * sin(theta))


def _undo_gcj02(p: Point) -> Point:
    guess = p
    for _ in range(5):
        moved = to_gcj02(guess)
        guess = Point(guess.lon + p.lon - moved.lon, guess.lat + p.lat - moved.lat)
    return guess


def to_gcj02(p: Point) -> Point:
    """The offset that Chinese web maps apply to a WGS-84 position."""
    x, y = p.lon - 105.0, p.lat - 35.0
    ripple = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + ripple
    d_lat += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    d_lat += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + ripple
    d_lon += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    d_lon += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    phi = radians(p.lat)
    magic = 1 - _EE * sin(phi) ** 2
    d_lat = d_lat * 180 / ((_A * (1 - _EE)) / (magic * sqrt(magic)) * pi)
    d_lon = d_lon * 180 / (_A / sqrt(magic) * cos(phi) * pi)
    return Point(p.lon + d_lon, p.lat + d_lat)
