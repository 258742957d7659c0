"""Whose alert it is, said by pressing a name: the officer has to read the one on the page to find it among the others."""

from collections.abc import Sequence

from app.console.shown import Shown, shown
from app.db import views
from app.db.engine import Session, clock

OFFERED = 4  # names to choose from, where there are as many live alerts


async def live_alerts(session: Session, secret: bytes) -> Sequence[Shown]:
    """What is real first, then drills; the newest first."""
    now = await clock(session)
    found = [shown(row, secret, now) for row in await views.alerts(session, live=True, limit=200)]
    return [alert for alert in found if alert.live]


def offered(alert: Shown, live: Sequence[Shown]) -> Sequence[Shown]:
    """The alert among those that are most easily taken for it, in the order of their numbers: it is never always in the
    same place. Alone when it is the only one."""
    others = sorted((other for other in live if other.code != alert.code), key=lambda other: _distance(alert, other))
    return sorted((alert, *others[: OFFERED - 1]), key=lambda one: one.code[::-1])


def _distance(alert: Shown, other: Shown) -> tuple[int, bool, bool, str]:
    """How unlike its name is, then its status and sex."""
    same = sum(a == b for a, b in zip(alert.name, other.name, strict=False))
    sexes = {one.facts.sex for one in (alert, other) if one.facts}
    return -same, alert.status is not other.status, len(sexes) > 1, other.code
