"""When the whole picture is due."""

from datetime import datetime, timedelta

import pytest

from channels.carriers.running import is_over, is_slate
from channels.contract import Duty
from tests.channels.notices import NOW

MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("duty", "due", "not_due"),
    [
        (Duty(), (0, 0.9), (1, 30, 600)),
        (Duty(exclusive_minutes=10), (0, 9.9), (10, 30)),
        (Duty(exclusive_minutes=0), (), (0, 5)),
        (Duty(repeat_every_minutes=15), (0, 15, 15.9, 30, 45.5), (1, 14.9, 16, 44)),
        (Duty(exclusive_minutes=5, repeat_every_minutes=15), (4, 15.5, 30.5), (5, 14, 16.5)),
    ],
)
def test_slate(duty: Duty, due: tuple[float, ...], not_due: tuple[float, ...]) -> None:
    assert all(is_slate(duty, MINUTE, since=NOW, now=at(minutes)) for minutes in due)
    assert not any(is_slate(duty, MINUTE, since=NOW, now=at(minutes)) for minutes in not_due)


def test_a_clock_that_runs_behind_is_the_beginning() -> None:
    assert is_slate(Duty(), MINUTE, since=NOW, now=at(-3))
    assert not is_over(Duty(until_minutes=1), since=NOW, now=at(-3))


def test_over() -> None:
    assert not is_over(Duty(), since=NOW, now=at(10_000))
    assert not is_over(Duty(until_minutes=60), since=NOW, now=at(59.9))
    assert is_over(Duty(until_minutes=60), since=NOW, now=at(60))
