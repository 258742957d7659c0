"""When to try again: dense at first, clamped, jittered, and as slow as the outlet asks within bounds."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.backoff import LONGEST_ASKED, RETRACTION_OUTLIVES, next_due, wait

tries = st.integers(min_value=-3, max_value=10_000)
jitters = st.floats(min_value=0, max_value=1, exclude_max=True)
asked = st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=2))


def test_the_first_hour_is_dense() -> None:
    waits = [wait(n, None, 0.5).total_seconds() for n in range(1, 10)]
    assert waits == [1, 2, 4, 8, 15, 30, 60, 60, 60]
    elapsed, count = timedelta(0), 0
    while elapsed < timedelta(hours=1):
        count += 1
        elapsed += wait(count, None, 0.5)
    assert count >= 60, "at least one try a minute while the first hour lasts"


def test_never_longer_than_a_minute_unless_asked() -> None:
    assert wait(10_000, None, 0.999) < timedelta(seconds=73)


@given(n=tries, jitter=jitters)
def test_jitter_is_twenty_percent_either_way(n: int, jitter: float) -> None:
    middle = wait(n, None, 0.5)
    assert middle * 0.8 <= wait(n, None, jitter) <= middle * 1.2


@given(n=tries)
def test_waits_never_shrink(n: int) -> None:
    assert all(a <= b for a, b in pairwise(wait(n + i, None, 0.5) for i in range(10)))


@given(n=tries, ask=asked, jitter=jitters)
def test_what_was_asked_is_obeyed_within_bounds(n: int, ask: timedelta, jitter: float) -> None:
    waited = wait(n, ask, jitter)
    assert waited >= min(ask, LONGEST_ASKED), "sooner than the outlet allowed"
    assert waited >= wait(n, None, jitter), "asking for less than our own wait does not hurry us"
    assert waited <= max(LONGEST_ASKED, wait(n, None, jitter)), "nobody can silence us for longer"


@pytest.mark.parametrize("jitter", [0.0, 0.25, 0.5, 0.999])
def test_jitter_does_not_shorten_what_was_asked(jitter: float) -> None:
    assert wait(1, timedelta(minutes=10), jitter) == timedelta(minutes=10)


def test_next_due_counts_from_now() -> None:
    now = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    assert next_due(4, None, 0.5, now) == now + timedelta(seconds=8)


def test_a_retraction_outlives_the_longest_alert() -> None:
    """An alert may last 168 hours; a retraction is tried for as long again."""
    assert timedelta(hours=168) <= RETRACTION_OUTLIVES
