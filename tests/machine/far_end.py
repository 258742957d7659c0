"""The far end as naively as it can be built: a place shows whatever reached it last, and blanks when it is told to.

A place that looked at numbers would hide every error of order on our side. This one hides none.
"""

from dataclasses import dataclass, field

from app.domain.words import Kind, Lane, Status


class Violation(AssertionError):
    """Something happened that may never happen."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One notice that reached a place. ``began`` is the step at which the attempt that brought it had begun."""

    delivery: int
    code: str
    number: int
    kind: Kind
    began: int


@dataclass
class Place:
    """An outlet and everything that ever reached it. ``km``: from the place of loss. ``tended``: it does not report by itself."""

    id: int
    partner: int
    lane: Lane
    takes: frozenset[Status]
    km: int
    tended: bool
    paused: bool = False
    shown: dict[str, int] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    cursor: int = 0

    def air(self, new: Arrival, status: Status, ended: int | None) -> None:
        """``ended``: the step at which the end of the alert was committed."""
        before = [a for a in self.arrivals if a.code == new.code]
        self.arrivals.append(new)
        if status not in self.takes and new.kind is not Kind.RETRACT:
            raise Violation(f"{new} is a drill ({status}) and place {self.id} never agreed to it")
        if new.kind is not Kind.RETRACT and ended is not None and new.began > ended:
            raise Violation(f"{new} was begun after the end of its alert (step {ended})")
        if any(a.number > new.number for a in before):
            raise Violation(f"{new} came after a newer notice of its alert")
        if new.kind is Kind.RETRACT:
            self.shown.pop(new.code, None)
        else:
            self.shown[new.code] = new.number

    def ever_showed(self, code: str) -> bool:
        return any(a.code == code and a.kind is not Kind.RETRACT for a in self.arrivals)
