"""How far an alert speaks: the circle round the place of loss that grows with the time since the loss.

The radii are those of the 团圆 platform: 100, 200, 300 km within one, two, three hours, then 500 km.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from app.domain.geo import Point, distance_km

STAGES = ((timedelta(hours=1), 100), (timedelta(hours=2), 200), (timedelta(hours=3), 300))
FARTHEST_KM = 500


def radius_km(lost_at: datetime, now: datetime) -> int:
    """The radius in force ``now``."""
    elapsed = now - lost_at
    return next((km for until, km in STAGES if elapsed <= until), FARTHEST_KM)


def covers(
    radius: float, place: Point, area: str, point: Point | None, codes: Sequence[str], near: Mapping[str, float]
) -> bool:
    """True when an outlet at ``point`` that serves ``codes`` is inside the circle. ``near`` gives the distance from the
    place of loss to each code; an outlet that serves the county of the loss is always inside."""
    if point is not None and distance_km(place, point) <= radius:
        return True
    return any(_contains(code, area) or near.get(code, radius + 1) <= radius for code in codes)


def _contains(code: str, county: str) -> bool:
    return county.startswith(code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code)
