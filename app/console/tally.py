"""The outlets of every alert, counted by stage and not counted again while nothing has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.console.labels import UP
from app.console.live import Live
from app.db import progress
from app.db.engine import Session
from app.db.progress import Count

LONGEST = timedelta(minutes=1)  # an outlet's window for receipts may be edited, which no alert is told of


@dataclass(frozen=True, slots=True)
class _Counted:
    """``until``: when one of them becomes overdue by the clock alone."""

    mark: tuple[int, int]
    until: datetime
    counts: Sequence[Count]


class Tally:
    """One per process. Ten thousand outlets take a database a tenth of a second to count, and a duty room has many eyes:
    what is counted stays true until the alert changes, which every process is told (NOTIFY), or an outlet is overdue.
    While nothing is heard, everything is counted each time."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._kept: dict[int, _Counted] = {}

    async def counts(self, session: Session, alerts: Mapping[int, str], now: datetime) -> Mapping[int, Sequence[Count]]:
        """By alert. ``alerts``: id and code; ``now`` by the database's clock."""
        marks = {id: self._live.mark(code) for id, code in alerts.items()}
        fresh = {id: kept.counts for id, kept in self._kept.items() if kept.mark == marks.get(id) and now < kept.until}
        wanted = [id for id in alerts if id not in fresh]
        counted = await progress.counts(session, wanted) if wanted else {}
        for id, counts in counted.items():
            if (mark := marks[id]) is not None:
                self._kept[id] = _Counted(mark, _until(counts, now), counts)
        self._kept = {id: kept for id, kept in self._kept.items() if marks.get(id, kept.mark) == kept.mark}
        return {id: counted[id] if id in counted else fresh[id] for id in alerts}


def _until(counts: Sequence[Count], now: datetime) -> datetime:
    return min([now + LONGEST, *(c.next_late for c in counts if c.next_late is not None)])


def by_stage(counts: Sequence[Count]) -> Mapping[str, int]:
    """How many are at each stage."""
    found: dict[str, int] = {}
    for c in counts:
        found[c.stage] = found.get(c.stage, 0) + c.number
    return found


def still_up(counts: Sequence[Count]) -> int:
    """After the end: how many may still show it. Who took the retraction and has no way to say more is not counted."""
    return sum(c.number for c in counts if c.stage in UP and (c.provable or c.stage != "down_accepted"))
