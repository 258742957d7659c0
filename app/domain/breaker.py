"""When an outlet that keeps failing is quarantined, and how often it is probed then. It is never switched off."""

from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.words import Outcome

ENOUGH = 6
LASTING = timedelta(seconds=20)
PROBES = tuple(timedelta(seconds=s) for s in (30, 30, 60, 120, 300))

# What an attempt says of the outlet rather than of the notice. Being asked to slow down is a sign of life; that our own
# carrier crashed, or our own process vanished, says nothing.
_ILL = frozenset(
    {
        "unreachable", "timeout", "broken", "server_error", "redirected", "unintelligible", "bad_credentials",
    }
)  # fmt: skip


class Sign(StrEnum):
    """What one attempt tells of the outlet's health."""

    WELL = "well"
    ILL = "ill"
    GONE = "gone"
    NOTHING = "nothing"


def sign(outcome: Outcome, reason: str | None) -> Sign:
    """Of one finished attempt."""
    if outcome is Outcome.ACCEPTED:
        return Sign.WELL
    if reason == "gone":
        return Sign.GONE
    return Sign.ILL if reason in _ILL else Sign.NOTHING


def quarantined(failures: int, since: datetime, now: datetime) -> bool:
    """Whether so many failures in a row, the first at ``since``, are enough. A restart of the far end is not: many notices
    may fail within a second of it."""
    return failures >= ENOUGH and now - since >= LASTING


def probe_wait(probes: int, jitter: float) -> timedelta:
    """How long to wait before probe number ``probes`` + 1. ``jitter`` in [0, 1) spreads it by ±20 %."""
    return PROBES[min(probes, len(PROBES) - 1)] * (0.8 + 0.4 * jitter)
