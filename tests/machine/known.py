"""What the simulated world knows beside the ledger: its bounds, what is on its way, and what was accepted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.db.claims import Claimed
from app.db.settling import Result
from app.domain.words import Status
from channels.contract import StatedReceipt

DEADLINE = timedelta(seconds=9)  # of one send
LEASE = timedelta(seconds=15)
PACE, PACE_PER, RESERVE = 3, timedelta(minutes=1), 1


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
class Known:
    """An alert that the service has accepted, as its issuer knows it."""

    id: int
    status: Status
    case: str
    expires: datetime
    head: int = 1
    ended: int | None = None
    deliveries: int = 0


class Torn(Exception):
    """The process died before the commit."""
