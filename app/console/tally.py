"""The outlets of every alert, counted by stage and not counted again while nothing has changed."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.console.labels import UP
from app.console.live import Live
from app.db import progress
from app.db.engine import Session
from app.db.progress import Count

LONGEST = timedelta(minutes=10)  # an outlet's window for receipts may be edited, which no alert is told of
OVERDUE = {"accepted": "overdue", "down_accepted": "down_overdue"}


@dataclass(frozen=True, slots=True)
class _Counted:
    mark: tuple[int, int]
    until: datetime
    counts: Sequence[Count]


class Tally:
    """One per process. A hundred thousand outlets take a database half a second to count, and a duty room has many eyes:
    what is counted stays true until the alert changes, which every process is told (NOTIFY); who becomes overdue by the
    clock alone is known beforehand. While nothing is heard, everything is counted each time."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._kept: dict[int, _Counted] = {}

    async def counts(self, session: Session, alerts: Mapping[int, str], now: datetime) -> Mapping[int, Sequence[Count]]:
        """By alert. ``alerts``: id and code; ``now`` by the database's clock."""
        marks = {id: self._live.mark(code) for id, code in alerts.items()}
        fresh = {id: self._kept[id].counts for id in alerts if self._fresh(id, marks[id], now)}
        wanted = [id for id in alerts if id not in fresh]
        counted = await progress.counts(session, wanted) if wanted else {}
        for id, counts in counted.items():
            self._kept.pop(id, None)
            if (mark := marks[id]) is not None:
                # some sooner than others, so that they are never all counted at once
                self._kept[id] = _Counted(mark, now + LONGEST * (0.5 + id % 50 / 100), counts)
        if len(self._kept) > len(alerts):  # whatever has left the board
            self._kept = {id: kept for id, kept in self._kept.items() if id in alerts}
        return {id: overdue_at(counted[id] if id in counted else fresh[id], now) for id in alerts}

    def _fresh(self, id: int, mark: tuple[int, int] | None, now: datetime) -> bool:
        kept = self._kept.get(id)
        return kept is not None and kept.mark == mark and now < kept.until


def overdue_at(counts: Sequence[Count], now: datetime) -> Sequence[Count]:
    """The same, with those moved to the next stage that have become overdue since they were counted."""
    found = []
    for c in counts:
        if not (late := bisect_right(c.late_at, now.timestamp())):
            found.append(c)
            continue
        if late < c.number:
            found.append(replace(c, number=c.number - late))
        found.append(Count(OVERDUE[c.stage], c.provable, late))
    return found


def by_stage(counts: Sequence[Count]) -> Mapping[str, int]:
    """How many are at each stage."""
    found: dict[str, int] = {}
    for c in counts:
        found[c.stage] = found.get(c.stage, 0) + c.number
    return found


def still_up(counts: Sequence[Count]) -> int:
    """After the end: how many may still show it. Who took the retraction and has no way to say more is not counted."""
    return sum(c.number for c in counts if c.stage in UP and (c.provable or c.stage != "down_accepted"))
