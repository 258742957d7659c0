"""Who is to be told what. Pure: decisions with named reasons, no rows, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.domain.geo import Point
from app.domain.reach import covers
from app.domain.words import Kind, Status


@dataclass(frozen=True, slots=True)
class OutletFacts:
    """What routing must know of an outlet."""

    id: int
    takes_exercises: bool
    takes_tests: bool
    paused: bool
    point: Point | None
    codes: tuple[str, ...]


class History(NamedTuple):
    """All attempts and evidence of one alert at one outlet, over every notice that shows something."""

    tries: int
    refusals: int
    heard: bool


class Why(StrEnum):
    ROUTED = "routed"
    MAY_HAVE_AIRED = "may_have_aired"
    STATUS_NOT_TAKEN = "status_not_taken"
    PAUSED = "paused"
    OUT_OF_REACH = "out_of_reach"
    NOT_CHOSEN = "not_chosen"
    NEVER_TOLD = "never_told"


@dataclass(frozen=True, slots=True)
class Target:
    """Where an alert happened and how far it speaks now. ``near`` gives kilometres from the place of loss to area codes.
    ``chosen``: a drill is for these outlets, wherever they are, and for no others."""

    place: Point
    area: str
    radius_km: int
    near: Mapping[str, float]
    chosen: frozenset[int] | None = None


def may_disseminate(status: Status, takes_exercises: bool, takes_tests: bool) -> bool:
    """The one guard between drills and the public. An actual alert goes to every outlet; an exercise or a test only to
    one that has agreed to that very thing."""
    if status is Status.ACTUAL:
        return True
    return takes_exercises if status is Status.EXERCISE else takes_tests


def may_have_aired(history: History | None) -> bool:
    """Counts every attempt: one that was not certainly refused may have aired, and so may one that the outlet reports."""
    return history is not None and (history.tries > history.refusals or history.heard)


def decide(kind: Kind, status: Status, outlet: OutletFacts, target: Target, history: History | None) -> Why:
    """Whether this outlet gets this notice, and why. A retraction goes to everyone who may show the alert, whatever else
    is said of them; an update also to those who may show it and are no longer covered."""
    if kind is Kind.RETRACT:
        return _of_the_end(history)
    if not may_disseminate(status, outlet.takes_exercises, outlet.takes_tests):
        return Why.STATUS_NOT_TAKEN
    if kind is Kind.UPDATE and may_have_aired(history):
        return Why.MAY_HAVE_AIRED
    if outlet.paused:
        return Why.PAUSED
    if target.chosen is not None:
        return Why.ROUTED if outlet.id in target.chosen else Why.NOT_CHOSEN
    if covers(target.radius_km, target.place, target.area, outlet.point, outlet.codes, target.near):
        return Why.ROUTED
    return Why.OUT_OF_REACH


TOLD = frozenset({Why.ROUTED, Why.MAY_HAVE_AIRED})


def fan_out(
    kind: Kind, status: Status, outlets: Iterable[OutletFacts], target: Target, histories: Mapping[int, History]
) -> Mapping[int, Why]:
    """The decision for every outlet."""
    return {o.id: decide(kind, status, o, target, histories.get(o.id)) for o in outlets}


def fan_out_end(histories: Mapping[int, History]) -> Mapping[int, Why]:
    """The same for a retraction, of every outlet that was to have the alert: it asks for nothing else of an outlet."""
    return {id: _of_the_end(history) for id, history in histories.items()}


def _of_the_end(history: History | None) -> Why:
    return Why.MAY_HAVE_AIRED if may_have_aired(history) else Why.NEVER_TOLD


def told(plan: Mapping[int, Why]) -> Sequence[int]:
    """The outlets that get the notice."""
    return [id for id, why in plan.items() if why in TOLD]


def priority(kind: Kind, status: Status) -> int:
    """Lower goes first: retraction, alert, update; drills after everything that is real."""
    rank = {Kind.RETRACT: 0, Kind.PUBLISH: 1, Kind.UPDATE: 2}[kind]
    return rank if status is Status.ACTUAL else rank + 10


def priorities(*kinds: Kind) -> Sequence[int]:
    """Every priority that notices of these kinds have, the first to go first."""
    return sorted({priority(kind, status) for kind in kinds for status in Status})
