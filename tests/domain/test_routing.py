"""Who is told what, and why."""

from itertools import product

import pytest

from app.domain.geo import Point
from app.domain.routing import (
    TOLD,
    History,
    OutletFacts,
    Target,
    Why,
    decide,
    fan_out,
    fan_out_end,
    may_disseminate,
    may_have_aired,
    priority,
    told,
)
from app.domain.words import Kind, Status

HERE, FAR = Point(108.942, 34.224), Point(116.4, 39.9)
TARGET = Target(place=HERE, area="610113", radius_km=100, near={"610113": 1.0, "110101": 900.0})
AIRED, REFUSED, HEARD = History(1, 0, heard=False), History(2, 2, heard=False), History(1, 1, heard=True)


def outlet(
    id: int = 1, *, exercises: bool = True, tests: bool = True, paused: bool = False, point: Point | None = HERE
) -> OutletFacts:
    return OutletFacts(id, exercises, tests, paused, point, ())


# status, takes exercises, takes tests: may it be told?
DISSEMINATE = {
    (Status.ACTUAL, False, False): True,
    (Status.ACTUAL, False, True): True,
    (Status.ACTUAL, True, False): True,
    (Status.ACTUAL, True, True): True,
    (Status.EXERCISE, False, False): False,
    (Status.EXERCISE, False, True): False,
    (Status.EXERCISE, True, False): True,
    (Status.EXERCISE, True, True): True,
    (Status.TEST, False, False): False,
    (Status.TEST, False, True): True,
    (Status.TEST, True, False): False,
    (Status.TEST, True, True): True,
}


def test_the_dissemination_table_is_whole() -> None:
    assert set(DISSEMINATE) == set(product(Status, (False, True), (False, True)))


@pytest.mark.parametrize(("cell", "allowed"), DISSEMINATE.items())
def test_may_disseminate(cell: tuple[Status, bool, bool], allowed: bool) -> None:
    assert may_disseminate(*cell) is allowed


@pytest.mark.parametrize(
    ("history", "aired"),
    [
        (None, False),
        (History(0, 0, heard=False), False),
        (History(1, 0, heard=False), True),  # sent, and nobody knows
        (History(1, 1, heard=False), False),  # certainly refused
        (History(2, 1, heard=False), True),  # the last one refused, but not the first
        (History(5, 5, heard=False), False),
        (History(0, 0, heard=True), True),  # the outlet says so, whatever we think
        (History(3, 3, heard=True), True),
    ],
)
def test_may_have_aired(history: History | None, aired: bool) -> None:
    assert may_have_aired(history) is aired


HISTORIES = (None, AIRED, REFUSED, HEARD)


@pytest.mark.parametrize(
    ("status", "taken", "paused", "near", "history"),
    list(product(Status, (True, False), (True, False), (True, False), HISTORIES)),
)
def test_decide(status: Status, taken: bool, paused: bool, near: bool, history: History | None) -> None:
    """Every cell: the order of the reasons is the order of the rules."""
    place = outlet(exercises=taken, tests=taken, paused=paused, point=HERE if near else FAR)
    aired = history in (AIRED, HEARD)
    assert decide(Kind.RETRACT, status, place, TARGET, history) is (Why.MAY_HAVE_AIRED if aired else Why.NEVER_TOLD)

    may = status is Status.ACTUAL or taken
    fresh = Why.PAUSED if paused else Why.ROUTED if near else Why.OUT_OF_REACH
    assert decide(Kind.PUBLISH, status, place, TARGET, history) is (fresh if may else Why.STATUS_NOT_TAKEN)
    again = Why.MAY_HAVE_AIRED if aired else fresh
    assert decide(Kind.UPDATE, status, place, TARGET, history) is (again if may else Why.STATUS_NOT_TAKEN)


def test_told_is_routed_or_may_have_aired_and_nothing_else() -> None:
    assert {Why.ROUTED, Why.MAY_HAVE_AIRED} == TOLD
    assert told(dict(enumerate(Why))) == [i for i, why in enumerate(Why) if why in TOLD]


def test_fan_out_decides_for_every_outlet() -> None:
    places = [outlet(1), outlet(2, point=FAR), outlet(3, paused=True), outlet(4, exercises=False)]
    plan = fan_out(Kind.PUBLISH, Status.EXERCISE, places, TARGET, {})
    assert plan == {1: Why.ROUTED, 2: Why.OUT_OF_REACH, 3: Why.PAUSED, 4: Why.STATUS_NOT_TAKEN}
    assert told(plan) == [1]
    after = fan_out(Kind.RETRACT, Status.EXERCISE, places, TARGET, {1: REFUSED, 3: AIRED, 4: HEARD})
    assert told(after) == [3, 4], "paused or opted out meanwhile: who may show it is told to stop"
    assert told(fan_out_end({1: REFUSED, 3: AIRED, 4: HEARD})) == [3, 4], "nothing else of an outlet matters then"


def test_priorities() -> None:
    order = sorted(product(Status, Kind), key=lambda cell: priority(cell[1], cell[0]))
    assert order[:3] == [(Status.ACTUAL, Kind.RETRACT), (Status.ACTUAL, Kind.PUBLISH), (Status.ACTUAL, Kind.UPDATE)]
    drills = [priority(kind, status) for status in (Status.EXERCISE, Status.TEST) for kind in Kind]
    assert min(drills) > max(priority(kind, Status.ACTUAL) for kind in Kind), "no drill before anything real"
