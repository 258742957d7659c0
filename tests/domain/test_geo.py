"""Distances and datums, against values that others have published."""

from cmath import polar, rect
from math import cos, pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.geo import Point, distance_km, to_gcj02, to_wgs84

METRE = 1 / 111_000  # of latitude, in degrees

XIAN, BEIJING = Point(108.9402, 34.3416), Point(116.4074, 39.9042)
SHANGHAI, GUANGZHOU = Point(121.4737, 31.2304), Point(113.2644, 23.1291)
PARIS, BERLIN = Point(2.3522, 48.8566), Point(13.4050, 52.5200)
LONDON, NEW_YORK = Point(-0.1278, 51.5074), Point(-74.0060, 40.7128)

# Where China is, and the datums are defined.
places = st.builds(Point, st.floats(74, 135), st.floats(18, 53))


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        (BEIJING, SHANGHAI, 1068),
        (PARIS, BERLIN, 878),
        (BEIJING, GUANGZHOU, 1888),
        (LONDON, NEW_YORK, 5570),
        (Point(0, 0), Point(0, 90), 10_007.6),  # a quarter of a meridian on the mean sphere
        (Point(179.5, 0), Point(-179.5, 0), 111.2),  # across the date line
    ],
)
def test_known_distances(a: Point, b: Point, km: float) -> None:
    assert distance_km(a, b) == pytest.approx(km, rel=0.003)
    assert distance_km(b, a) == pytest.approx(distance_km(a, b))


def test_no_distance_and_the_farthest() -> None:
    assert distance_km(XIAN, XIAN) == 0
    assert distance_km(Point(0, 90), Point(0, -90)) == pytest.approx(20_015.1, rel=0.0001)
    assert distance_km(Point(0, 0), Point(180, 0)) == pytest.approx(20_015.1, rel=0.0001)


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        # the example of the widely used coordtransform
        (Point(116.404, 39.915), Point(116.41024449916938, 39.91640428150164)),
        # Beijing railway station, from the documentation of geoChina
        (Point(116.42079, 39.90105), Point(116.42703, 39.90245)),
        # from the documentation of evil_transform
        (Point(120.596931, 31.280844), Point(120.60110, 31.278649)),
    ],
)
def test_published_gcj02(wgs84: Point, gcj02: Point) -> None:
    assert to_gcj02(wgs84) == pytest.approx(gcj02, abs=METRE)
    assert to_wgs84(gcj02, "GCJ02") == pytest.approx(wgs84, abs=2 * METRE)


def test_published_bd09() -> None:
    """BD-09 (116.404, 39.915) is GCJ-02 (116.397627, 39.908657)."""
    by_way_of_gcj02 = to_wgs84(Point(116.39762729119315, 39.90865673957631), "GCJ02")
    assert to_wgs84(Point(116.404, 39.915), "BD09") == pytest.approx(by_way_of_gcj02, abs=METRE)


def test_bd09_is_about_a_kilometre_off_in_xian() -> None:
    wrong, right = Point(108.95353, 34.26), to_wgs84(Point(108.95353, 34.26), "BD09")
    assert 0.8 < distance_km(wrong, right) < 1.5


@given(places)
def test_gcj02_there_and_back(place: Point) -> None:
    assert distance_km(to_wgs84(to_gcj02(place), "GCJ02"), place) < 0.001


@given(places)
def test_gcj02_moves_by_hundreds_of_metres_and_no_more(place: Point) -> None:
    assert 0 < distance_km(place, to_gcj02(place)) < 1.2


@given(places)
def test_bd09_there_and_back(place: Point) -> None:
    """The forward direction as Baidu applies it, written here once more: z and theta grow where ours shrink."""
    gcj02 = to_gcj02(place)
    assert distance_km(to_wgs84(_to_bd09(gcj02), "BD09"), place) < 0.005


def _to_bd09(p: Point) -> Point:
    radius, angle = polar(complex(p.lon, p.lat))
    there = rect(
        radius + 0.00002 * sin(p.lat * pi * 3000 / 180), angle + 0.000003 * cos(p.lon * pi * 3000 / 180)
    )  # fmt: skip
    return Point(there.real + 0.0065, there.imag + 0.006)


@given(places)
def test_what_is_wgs84_already_stays(place: Point) -> None:
    assert to_wgs84(place, "WGS84") == place
    assert to_wgs84(place, "CGCS2000") == place
