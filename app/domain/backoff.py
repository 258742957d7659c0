"""When to try again. Dense in the first hour: a child is missing."""

from datetime import datetime, timedelta

SCHEDULE = tuple(timedelta(seconds=s) for s in (1, 2, 4, 8, 15, 30, 60))
LONGEST_ASKED = timedelta(minutes=15)
RETRACTION_OUTLIVES = timedelta(days=7)


def wait(tries: int, asked: timedelta | None, jitter: float) -> timedelta:
    """How long after attempt number ``tries`` (1, 2, …) to try again. ``jitter`` in [0, 1) spreads it by ±20 %.

    A wait that the outlet asked for (Retry-After) is obeyed up to fifteen minutes and never shortened by jitter.
    """
    base = SCHEDULE[min(max(tries, 1), len(SCHEDULE)) - 1]
    spread = base * (0.8 + 0.4 * jitter)
    if asked is None:
        return spread
    return max(spread, min(max(asked, timedelta(0)), LONGEST_ASKED))


def next_due(tries: int, asked: timedelta | None, jitter: float, now: datetime) -> datetime:
    """The moment the delivery becomes due again."""
    return now + wait(tries, asked, jitter)
