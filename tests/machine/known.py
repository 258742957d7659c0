"""What the simulated world knows beside the ledger: its bounds, what is on its way, and what was accepted."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.claims import Claimed
from app.db.settling import Result
from app.domain.words import Kind, Status
from channels.contract import StatedReceipt

DEADLINE = timedelta(seconds=9)  # of one send
LEASE = timedelta(seconds=15)
PACE, PACE_PER, RESERVE = 3, timedelta(minutes=1), 1
LOST_SINCE = timedelta(minutes=40)  # when an alert is issued or updated
LASTS = timedelta(hours=24)
END_IS_TOLD = timedelta(days=7)  # so long whoever may show it is told again and again
LOOKS = timedelta(seconds=5)  # from one look after a notice to the next
LONGEST_WAIT = timedelta(seconds=72)  # between two attempts


@dataclass
class Send:
    """A claimed delivery on its way. ``began`` and ``at``: the step and the time at which the claim began, or earlier.
    ``result`` is what its worker knows of it and has not settled yet."""

    claimed: Claimed
    worker: str
    began: int
    at: datetime
    arrived: bool = False
    result: tuple[Result, StatedReceipt | None] | None = None


@dataclass
class Look:
    """A notice that was taken is looked after: leased like a send, and no attempt."""

    claimed: Claimed
    worker: str
    at: datetime


def circle(since: timedelta) -> int:
    """The kilometres that an alert speaks, so long after the loss. Written down once more: whoever is to be told must not
    follow from what tells them."""
    hours = since / timedelta(hours=1)
    return 100 if hours <= 1 else 200 if hours <= 2 else 300 if hours <= 3 else 500


@dataclass
class Known:
    """An alert that the service has accepted, as its issuer knows it. ``end_until``: until when its end is told."""

    id: int
    status: Status
    case: str
    expires: datetime
    lost: datetime
    reach: int = 0
    head: int = 1
    ended: int | None = None
    end_until: datetime | None = None
    deliveries: int = 0

    def grow(self, now: datetime) -> None:
        """The circle never shrinks."""
        self.reach = max(self.reach, circle(now - self.lost))

    def over(self, kind: Kind) -> datetime | None:
        """When nobody need try any longer."""
        return self.end_until if kind is Kind.RETRACT else self.expires


class Torn(Exception):
    """The process died before the commit."""


class Away:
    """An engine whose database cannot be reached the first time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine, self._away = engine, True

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        if self._away:
            self._away = False
            raise OSError("the database is away")
        return self._engine.begin()
