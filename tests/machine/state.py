"""What there is of the simulated world, and the one place where it writes to the ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.feed_desk import FeedDesk
from app.db.engine import Session, transaction
from app.dispatch.send import Finished
from app.domain.words import Kind
from app.flows.house import House
from tests.machine.clock import Passing
from tests.machine.far_end import Arrival, Place, Violation
from tests.machine.known import LEASE, LONGEST_WAIT, Known, Look, Send, Torn
from tests.machine.strict import Strict


@dataclass
class State:
    """``passing`` is the time that passes, ``now`` what the database's clock says of it, ``latest`` the farthest that it has
    ever said. ``refused``: deliveries that an outlet has refused or rejected since somebody last asked for them again.
    ``lied``: what was refused and reached the place. ``unsure``: settles whose worker never learnt that they were committed.
    """

    house: House
    watch: AsyncConnection
    sweeps: Strict
    places: dict[int, Place]
    now: datetime
    passing: Passing
    lease: timedelta = LEASE
    slack: timedelta = timedelta(0)  # by how much ``now`` may be behind the database, when steps overlap
    step: int = 0
    written: int = 0  # transactions so far
    cases: int = 0
    known: dict[str, Known] = field(default_factory=dict)
    sends: list[Send] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    begun: dict[int, int] = field(default_factory=dict)  # delivery → attempts that were begun
    starts: list[tuple[int, datetime]] = field(default_factory=list)  # place and time of paced sends
    refused: set[int] = field(default_factory=set)
    lied: list[tuple[Place, Arrival]] = field(default_factory=list)
    unsure: list[tuple[str, list[Finished]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.latest = self.now
        self.desk = FeedDesk(self.house)

    @asynccontextmanager
    async def commit(self, torn: bool = False) -> AsyncIterator[Session]:
        """A transaction; a torn one is never committed."""
        self.step += 1
        self.written += 1
        try:
            async with transaction(self.house.engine) as session:
                yield session
                if torn:
                    raise Torn
        except Torn:
            pass

    def set_now(self, at: datetime) -> None:
        self.now, self.latest = at, max(self.latest, at)

    def alert_of(self, id: int) -> tuple[str, Known]:
        return next((code, alert) for code, alert in self.known.items() if alert.id == id)

    def check_failed(self, code: str, delivery: int, kind: Kind) -> None:
        """Only what was refused or rejected fails, or what nobody need try any longer."""
        over = self.known[code].over(kind)
        if delivery not in self.refused and (over is None or self.latest + LONGEST_WAIT < over):
            raise Violation(
                f"delivery {delivery} ({kind} of {code}) failed: nobody refused it, and its time lasts until {over}"
            )

    def at(self, **change: float) -> datetime:
        return self.now + timedelta(**change)
