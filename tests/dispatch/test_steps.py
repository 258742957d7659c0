"""The database's clock is set while a dispatcher is at work."""

import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from app.dispatch.clock import STEP, Steps
from app.dispatch.sweeps import LATELY, LONGEST_LEASE, Sweeps
from app.flows.house import House
from tests.dispatch.far import all_are, make_place, rows
from tests.making import make_alert

BY = 120.0
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)

Set = Callable[[float], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Set:
    """Set the database's clock forward by so many seconds, as a process sees it that has only its monotonic one: that falls
    behind."""
    caplog.set_level(logging.CRITICAL)
    real, ahead = time.monotonic, 0.0

    def set_it(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    monkeypatch.setattr(time, "monotonic", lambda: real() - ahead)
    return set_it


def look(steps: Steps, at: float, ahead: float, *, took: float = 0.0, share: float = 0.0) -> float:
    """Asked at ``at``, with the database's clock so far ahead; it looked at it after that ``share`` of the time it took."""
    return steps.seen(NOON + timedelta(seconds=at + took * share + ahead), at, at + took)


@pytest.mark.parametrize("by", [BY, -BY, STEP * 1.1, -STEP * 1.1])
def test_a_step_is_seen_once_and_measured(by: float) -> None:
    steps = Steps()
    assert look(steps, 1000, 0) == 0, "nobody knows what was before"
    assert look(steps, 1005, 0) == 0
    assert look(steps, 1006, by) == pytest.approx(by)
    assert look(steps, 1007, by) == 0


def test_a_slow_database_has_not_stepped() -> None:
    """However long it took to answer, and whenever in that time it looked at its clock."""
    chance, steps, at = random.Random(7), Steps(), 0.0
    for _ in range(2000):
        took = chance.choice((0.0, 0.01, 3.0, 30.0))
        assert look(steps, at, 50, took=took, share=chance.random()) == 0
        at += took + chance.random()


def test_it_is_never_more_than_it_was() -> None:
    chance = random.Random(11)
    for _ in range(500):
        steps, by = Steps(), chance.uniform(-60, 60)
        look(steps, 0, 0, took=chance.uniform(0, 5), share=chance.random())
        found = look(steps, 10, by, took=chance.uniform(0, 5), share=chance.random())
        assert found == 0 or (found > 0) == (by > 0)
        assert abs(found) <= abs(by) + 1e-6


async def test_set_forward_nobody_takes_over_what_is_still_being_sent(house: House, set_clock: Set) -> None:
    await make_place(house, "one")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET state = 'sending', tries = 1, lease_until = now() - interval '1 s'")
    sweeps = Sweeps(house.engine, house.press, "w")
    sweeps._steps.seen(datetime.now(UTC), time.monotonic(), time.monotonic())
    set_clock(BY)
    await sweeps.rescue()
    await sweeps.rescue_all()
    assert await all_are(house, "sending"), "its sender has not had its time"
    set_clock(1 - LONGEST_LEASE.total_seconds())
    await sweeps.rescue()
    assert await all_are(house, "sending")


async def test_set_forward_what_nobody_sends_is_taken_over_after_the_longest_lease(
    house: House, set_clock: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_place(house, "one")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET state = 'sending', tries = 1, lease_until = now() - interval '1 s'")
    sweeps = Sweeps(house.engine, house.press, "w")
    sweeps._steps.seen(datetime.now(UTC), time.monotonic(), time.monotonic())
    set_clock(BY)
    await sweeps.rescue_all()
    assert await all_are(house, "sending")
    monkeypatch.setattr(sweeps, "_steps", Steps())  # a minute passes for both clocks
    set_clock(-LONGEST_LEASE.total_seconds())
    await sweeps.rescue_all()
    assert await all_are(house, "pending")


async def test_set_back_nothing_waits_until_that_time_has_come_again(house: House, set_clock: Set) -> None:
    """A first attempt, a look, a probe; and a send whose process died is waited for no longer than any other."""
    for name in ("new", "shown", "dead"):
        await make_place(house, name)
    await make_alert(house)
    sweeps = Sweeps(house.engine, house.press, "w")
    await sweeps.rescue()

    async def of_before() -> None:
        await rows(house, "UPDATE delivery SET due_at = now() + interval '2 min'")
        one = "outlet_id = (SELECT id FROM outlet WHERE name = :name)"
        await rows(
            house,
            "UPDATE delivery SET state = 'accepted', tend_at = now() + interval '3 min' WHERE " + one,
            name="shown",
        )
        await rows(
            house, "UPDATE delivery SET state = 'sending', lease_until = now() + interval '135 s' WHERE " + one,
            name="dead",
        )  # fmt: skip
        await rows(house, "UPDATE outlet SET probe_at = now() + interval '10 min'")

    waiting = (
        "SELECT (SELECT count(*) FROM delivery WHERE state = 'pending' AND due_at > now()) AS due, "
        "(SELECT count(*) FROM delivery WHERE tend_at > now()) AS looks, "
        "(SELECT count(*) FROM delivery WHERE lease_until > now() + interval '61 s') AS leases, "
        "(SELECT count(*) FROM outlet WHERE probe_at > now()) AS probes"
    )
    await of_before()
    assert tuple((await rows(house, waiting))[0]) == (1, 1, 1, 3)
    await sweeps.rescue()
    assert tuple((await rows(house, waiting))[0]) == (1, 1, 1, 3), "no step, and all of it is as it was meant"
    set_clock(-BY)
    await sweeps.rescue()
    assert tuple((await rows(house, waiting))[0]) == (0, 0, 0, 0)

    await of_before()  # committed a moment later, by the time of before
    await sweeps.rescue()
    assert tuple((await rows(house, waiting))[0]) == (1, 1, 1, 3)
    sweeps._once_more_at -= LATELY.total_seconds()
    await sweeps.rescue_all()
    assert tuple((await rows(house, waiting))[0]) == (0, 0, 0, 0)
    await of_before()
    await sweeps.rescue_all()
    assert tuple((await rows(house, waiting))[0]) == (1, 1, 1, 3), "and then it is over"
