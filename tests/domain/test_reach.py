"""The circle that grows: 100, 200, 300, then 500 km."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.geo import Point
from app.domain.reach import covers, radius_km

LOST = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
XIAOZHAI = Point(108.942, 34.224)
YANTA = "610113"


@pytest.mark.parametrize(
    ("elapsed", "km"),
    [
        (timedelta(minutes=-5), 100),  # a clock that is a little ahead
        (timedelta(0), 100),
        (timedelta(hours=1), 100),
        (timedelta(hours=1) + TICK, 200),
        (timedelta(hours=2), 200),
        (timedelta(hours=2) + TICK, 300),
        (timedelta(hours=3), 300),
        (timedelta(hours=3) + TICK, 500),
        (timedelta(days=30), 500),
    ],
)
def test_stages_at_their_boundaries(elapsed: timedelta, km: int) -> None:
    assert radius_km(LOST, LOST + elapsed) == km


def test_the_moment_counts_not_the_wall_clock() -> None:
    """09:00 at +02:00 is 15:00 in Beijing, 09:00 at +01:00 is an hour later."""
    lost = datetime.fromisoformat("2026-11-23T15:00:00+08:00")
    assert radius_km(lost, datetime.fromisoformat("2026-11-23T09:00:00+02:00")) == 100
    assert radius_km(lost, datetime.fromisoformat("2026-11-23T09:00:00+01:00")) == 100
    assert radius_km(lost, datetime.fromisoformat("2026-11-23T09:00:01+01:00")) == 200


def _covers(
    radius: float, point: Point | None = None, codes: tuple[str, ...] = (), near: dict[str, float] | None = None
) -> bool:
    return covers(radius, XIAOZHAI, YANTA, point, codes, near or {})


@pytest.mark.parametrize("code", ["610113", "610100", "610000"])
def test_who_serves_the_county_is_always_inside(code: str) -> None:
    assert _covers(0, codes=(code,))


@pytest.mark.parametrize("code", ["610112", "610200", "620000"])
def test_who_serves_another_place_is_inside_by_distance_alone(code: str) -> None:
    assert not _covers(100, codes=(code,))
    assert _covers(100, codes=(code,), near={code: 100.0})
    assert not _covers(100, codes=(code,), near={code: 100.001})


def test_a_point_is_judged_by_its_own_distance() -> None:
    near, far = Point(109.5, 34.5), Point(116.4, 39.9)
    assert _covers(100, near)
    assert not _covers(500, far)
    assert _covers(0, XIAOZHAI)


def test_point_or_code_suffices_and_neither_is_outside() -> None:
    assert _covers(100, Point(116.4, 39.9), ("610113",))
    assert _covers(100, XIAOZHAI, ("110101",))
    assert not _covers(500)
