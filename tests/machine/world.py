"""The real ledger with a simulated world around it: workers that claim, crash and settle late; places that air or not."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import alerts, claims
from app.db.claims import ALL, Leases, Share
from app.db.engine import Session, clock, transaction
from app.db.settling import Result
from app.dispatch.settle import settle
from app.dispatch.sweeps import Sweeps
from app.domain.errors import Conflict, WrongState
from app.domain.words import EndReason, Kind, Lane, Outcome, ReceiptKind, Scope, Status
from app.flows.amend import amend
from app.flows.ask_again import ask_again
from app.flows.confirm import Stated, confirm
from app.flows.drawn import Drawn
from app.flows.end import retract
from app.flows.fetch import fetch
from app.flows.house import House
from app.flows.principal import Principal
from app.flows.replay import replay
from app.flows.submit import submit
from channels.contract import ReceiptKind as SaidKind
from channels.contract import StatedReceipt
from tests.machine.clock import move_clock
from tests.machine.far_end import Arrival, Place, Violation
from tests.machine.known import DEADLINE, LEASE, PACE, PACE_PER, RESERVE, Known, Send, Torn
from tests.machine.records import record
from tests.making import police

OPERATOR = Principal("operator:test", Scope.OPERATOR, live=True)
SHARES = {"a": Share(0, 2), "b": Share(1, 2)}  # the others know of nobody else


@dataclass
class World:
    house: House
    watch: AsyncConnection
    sweeps: Sweeps
    places: dict[int, Place]
    now: datetime
    lease: timedelta = LEASE
    slack: timedelta = timedelta(0)  # by how much ``now`` may be behind the database, when steps overlap
    step: int = 0
    written: int = 0  # transactions so far
    cases: int = 0
    known: dict[str, Known] = field(default_factory=dict)
    sends: list[Send] = field(default_factory=list)
    begun: dict[int, int] = field(default_factory=dict)  # delivery → attempts that were begun
    starts: list[tuple[int, datetime]] = field(default_factory=list)  # place and time of paced sends

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

    # ── what police and operators do ──

    async def submit(self, status: Status, torn: bool = False) -> str:
        self.cases += 1
        case, key = f"A6101130000002026{self.cases:06d}", f"k{self.cases}"
        facts = record(self.now, status, case)
        async with self.commit(torn) as session:
            who = police(live=status is Status.ACTUAL)
            issued = await submit(
                session, who, facts, None, idempotency_key=key, body_hash=b"", seal=self.house.seal,
                press=self.house.press,
            )  # fmt: skip
            found = await alerts.find(session, issued.code)
            if not torn and found is not None:
                # a worker may see it before we do
                self.known[issued.code] = Known(found.id, status, case, found.expires_at)
        return issued.code

    async def amend(self, code: str, torn: bool = False) -> None:
        """Refused when its time is up, whether or not the sweep has come by."""
        alert = self.known[code]
        facts = record(self.now, alert.status, alert.case, features=f"特征{self.step}")
        try:
            async with self.commit(torn) as session:
                await amend(
                    session, police(live=alert.status is Status.ACTUAL), code, facts, None, idempotency_key=None,
                    body_hash=b"", seal=self.house.seal, press=Drawn(self.house.press, rounds=0),
                )  # fmt: skip
        except WrongState:
            if self.now < alert.expires and alert.ended is None:
                raise
            return
        if self.now >= alert.expires:
            raise Violation(f"{code} was updated when its time was up")
        if not torn:
            alert.head += 1

    async def retract(self, code: str, torn: bool = False) -> None:
        alert = self.known[code]
        async with self.commit(torn) as session:
            await retract(session, police(), code, EndReason.FOUND, "", press=self.house.press)
        if not torn and alert.ended is None:
            self.step += 1
            alert.head, alert.ended = alert.head + 1, self.step

    async def ask_again(self, code: str) -> int:
        async with self.commit() as session:
            return await ask_again(session, OPERATOR, code)

    # ── what workers do ──

    async def claim(self, worker: str, room: int = 10, only_retractions: bool = False) -> Sequence[Send]:
        began = self.step + 1
        async with self.commit() as session:
            at = await clock(session)  # by now the clock may have jumped on: a connection was waited for
            taken = list(
                await claims.claim(
                    session,
                    worker=worker,
                    leases=Leases(self.lease),
                    room=room,
                    only_retractions=only_retractions,
                    share=SHARES.get(worker, ALL),
                )
            )
            taken += await claims.claim_paced(
                session, worker=worker, leases=Leases(self.lease), room=room, only_retractions=only_retractions,
                carrier="dingtalk_robot", count=PACE, per=PACE_PER, reserve=RESERVE,
            )  # fmt: skip
        # Taken at one moment: those that may not use the reserve come first.
        taken.sort(key=lambda c: (c.kind is Kind.RETRACT, c.id))
        return [self._begin(Send(c, worker, began, at)) for c in taken]

    def _begin(self, send: Send) -> Send:
        c = send.claimed
        self.begun[c.id] = self.begun.get(c.id, 0) + 1
        for other in self.sends:
            if other.result is None and (other.claimed.alert_id, other.claimed.outlet_id) == (c.alert_id, c.outlet_id):
                raise Violation(f"{c} was claimed while {other.claimed} is still being sent")
        self.sends.append(send)
        self._paced(send)
        return send

    def _paced(self, send: Send) -> None:
        """No more than the pace in any window, and the reserve for retractions alone."""
        if send.claimed.lane is not Lane.PACED:
            return
        since = send.at - PACE_PER + self.slack
        window = [at for place, at in self.starts if place == send.claimed.outlet_id and at > since]
        self.starts.append((send.claimed.outlet_id, send.at))
        if len(window) >= (PACE if send.claimed.kind is Kind.RETRACT else PACE - RESERVE):
            raise Violation(f"{send.claimed} is one too many within {PACE_PER}")

    def arrive(self, send: Send) -> None:
        """The request reaches the place. Nobody but the place knows."""
        self.step += 1
        send.arrived = True
        c = send.claimed
        code = next(code for code, alert in self.known.items() if alert.id == c.alert_id)
        self.air(self.places[c.outlet_id], Arrival(c.id, code, c.number, c.kind, send.began))

    def air(self, place: Place, new: Arrival) -> None:
        alert = self.known[new.code]
        place.air(new, alert.status, alert.ended)

    def answer(self, send: Send, outcome: Outcome, receipt: ReceiptKind | None = None) -> None:
        """The worker learns what came of it. Accepted means that it arrived, refused that it certainly did not air."""
        if outcome is Outcome.ACCEPTED and not send.arrived:
            self.arrive(send)
        if outcome is Outcome.REFUSED and send.arrived:
            outcome = Outcome.RETRY
        said = StatedReceipt(SaidKind(receipt)) if receipt and outcome is Outcome.ACCEPTED else None
        reason = None if outcome is Outcome.ACCEPTED else "timeout" if outcome is Outcome.RETRY else "rejected"
        send.result = Result(send.claimed, "", outcome, reason, "", send.at, self.now), said

    async def settle(self, sends: Sequence[Send], torn: bool = False) -> None:
        done = [s.result for s in sends if s.result is not None]
        if done:
            async with self.commit(torn) as session:
                await settle(session, done, sends[0].worker, self.house.press)
        if not torn:
            self.sends = [s for s in self.sends if s not in sends]

    def crash(self, worker: str, arrives: Callable[[Send], bool]) -> None:
        """What it was sending arrives or not; what it knew is lost."""
        for send in [s for s in self.sends if s.worker == worker]:
            if send.result is None and not send.arrived and arrives(send):
                self.arrive(send)
            self.sends.remove(send)
        self.step += 1

    async def jump(self, by: timedelta, arrives: Callable[[Send], bool]) -> None:
        """Time passes. No send outlives its deadline: it arrives before that or never, and its worker sees a timeout."""
        for send in self.sends:
            if send.result is None and self.now + by - send.at > DEADLINE:
                if not send.arrived and arrives(send):
                    self.arrive(send)
                self.answer(send, Outcome.RETRY)
        self.step += 1
        await move_clock(self.house.engine, by)
        self.now += by

    async def set_back(self, by: timedelta) -> None:
        """The database's clock is set and no time passes; a sweep sees it and brings forward what waits."""
        await move_clock(self.house.engine, -by)
        self.now -= by
        self.starts = [(place, at - by) for place, at in self.starts]
        for send in self.sends:
            send.at -= by
        await self.sweep("bring_forward")

    # ── what places say and ask ──

    async def say(self, place: Place, of: Arrival, kind: ReceiptKind, at: datetime, torn: bool = False) -> None:
        async with self.commit(torn) as session:
            await confirm(session, place.partner, [Stated(of.delivery, kind, at)], press=self.house.press)

    async def poll(self, place: Place, lost: bool = False) -> None:
        """The place fetches; a lost answer was committed all the same."""
        began = self.step + 1
        async with self.commit() as session:
            cursor, items = await fetch(session, place.partner, place.cursor, 100, press=self.house.press)
        if lost:
            return
        place.cursor = cursor
        for item in items:
            told = item["payload"]["data"]
            delivery = int(item["delivery"].removeprefix("dlv_"))
            self.air(place, Arrival(delivery, told["alert"], told["number"], Kind(told["kind"]), began))

    async def replay(self, place: Place, of: Arrival) -> None:
        """The place asks to be told again what it has lost."""
        who = Principal("key:partner", Scope.PARTNER, live=True, partner_id=place.partner)
        with suppress(WrongState, Conflict):
            async with self.commit() as session:
                await replay(session, who, of.delivery)

    # ── what the metronome does ──

    async def sweep(self, name: str) -> None:
        self.step += 1
        self.written += 1
        await getattr(self.sweeps, name)()
        if name != "expire":
            return
        for code, alert in self.known.items():
            found = await alerts.find(self.watch, code)
            if found is not None and found.ended_at is not None and alert.ended is None:
                self.step += 1
                alert.ended, alert.head = self.step, found.head

    def at(self, **change: float) -> datetime:
        return self.now + timedelta(**change)
