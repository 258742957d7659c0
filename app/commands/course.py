"""The course of a drill: what happened at each outlet, and when."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Course:
    """What happened at one outlet: milliseconds from the notice's issue to each event, ``None`` while it has not. Whether
    its wire can prove that it aired, and that it went down."""

    outlet: str
    channel: str
    airs: bool = True
    ends: bool = True
    accepted: float | None = None
    aired: float | None = None
    told_down: float | None = None
    down: float | None = None
    trouble: str = ""

    def up(self) -> bool:
        return self.aired is not None if self.airs else self.accepted is not None

    def off(self) -> bool:
        return self.down is not None if self.ends else self.told_down is not None


@dataclass
class Drill:
    """One run. ``courses`` by outlet id."""

    code: str = ""
    submitted_ms: float = 0.0
    courses: dict[str, Course] = field(default_factory=dict)
    retracting: bool = False

    def learn(self, deliveries: Sequence[Mapping[str, Any]]) -> None:
        """Take in what the API says of every delivery."""
        for d in deliveries:
            course = self.courses.setdefault(
                d["outlet_id"], Course(d["outlet"], d["channel"], d["proves"] == "aired", d["proves"] != "nothing")
            )
            accepted, first = (
                _ms(d, d["accepted_at"]),
                {r["kind"]: _ms(d, r["received_at"]) for r in reversed(d["receipts"])},
            )
            if d["kind"] == "retract":
                course.told_down, course.down = accepted, first.get("taken_down")
            else:
                course.accepted, course.aired = accepted, first.get("aired")
            course.trouble = d["detail"] or "" if d["state"] in ("failed", "pending") else ""

    def done(self) -> bool:
        check: Callable[[Course], bool] = Course.off if self.retracting else Course.up
        return bool(self.courses) and all(check(c) for c in self.courses.values())


def _ms(delivery: Mapping[str, Any], at: str | None) -> float | None:
    if at is None:
        return None
    return (datetime.fromisoformat(at) - datetime.fromisoformat(delivery["created_at"])).total_seconds() * 1000
