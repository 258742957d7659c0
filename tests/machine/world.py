"""The real ledger with a simulated world around it: workers that claim, crash and settle late; places that air or not."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast

from app.api.feed_desk import FeedDesk
from app.db import alerts, claims, tending
from app.db.claims import ALL, Claimed, Leases, Share
from app.db.engine import Session, clock
from app.db.settling import Result
from app.dispatch.dispatcher import Dispatcher
from app.dispatch.send import Finished
from app.dispatch.settle import settle
from app.domain.board import Ask
from app.domain.errors import Conflict, WrongState
from app.domain.words import Kind, Lane, Outcome, ReceiptKind, Scope
from app.flows.confirm import Stated, confirm
from app.flows.principal import Principal
from app.flows.replay import replay
from channels.contract import ReceiptKind as SaidKind
from channels.contract import StatedReceipt
from tests.machine.becoming import Answer, check_said, check_settled, given, standing, written
from tests.machine.clock import move_clock
from tests.machine.far_end import Arrival, Place, Violation
from tests.machine.issuing import Issuing
from tests.machine.known import DEADLINE, LONGEST_WAIT, LOOKS, PACE, PACE_PER, RESERVE, Away, Look, Send

SHARES = {"a": Share(0, 2), "b": Share(1, 2)}  # the others know of nobody else


class World(Issuing):
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
            for outlets in (await claims.paced_outlets(session, ["dingtalk_robot"])).values():
                taken += await claims.claim_paced(
                    session, worker=worker, leases=Leases(self.lease), room=room, only_retractions=only_retractions,
                    outlets=outlets, count=PACE, per=PACE_PER, reserve=RESERVE,
                )  # fmt: skip
        # Taken at one moment: those that may not use the reserve come first.
        taken.sort(key=lambda c: (c.kind is Kind.RETRACT, c.id))
        return [self._begin(Send(c, worker, began, at)) for c in taken]

    def _begin(self, send: Send) -> Send:
        c = send.claimed
        self.begun[c.id] = self.begun.get(c.id, 0) + 1
        self._alone(c)
        self.sends.append(send)
        self._paced(send)
        return send

    def _alone(self, c: Claimed) -> None:
        flying: list[Send | Look] = [*(s for s in self.sends if s.result is None), *self.looks]
        for other in flying:
            if (other.claimed.alert_id, other.claimed.outlet_id) == (c.alert_id, c.outlet_id):
                doing = "looked after" if isinstance(other, Look) else "being sent"
                raise Violation(f"{c} was claimed while {other.claimed} is still {doing}")

    async def look(self, worker: str) -> None:
        """After what was taken, where that is to be done."""
        async with self.commit() as session:
            at = await clock(session)
            due = await tending.claim(session, worker=worker, leases=Leases(self.lease), room=10, renewing=[])
        for tended in due:
            self._alone(tended.claimed)
            self.looks.append(Look(tended.claimed, worker, at))

    async def looked(self, look: Look) -> None:
        async with self.commit() as session:
            await tending.release(session, look.worker, [(look.claimed.id, LOOKS)])
        self.looks.remove(look)

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
        self.air(self.places[send.claimed.outlet_id], self._arrival(send))

    def _arrival(self, send: Send) -> Arrival:
        c = send.claimed
        return Arrival(c.id, self.alert_of(c.alert_id)[0], c.number, c.kind, send.began)

    def air(self, place: Place, new: Arrival) -> None:
        alert = self.known[new.code]
        place.air(new, alert.status, alert.ended)

    def answer(self, send: Send, outcome: Outcome, receipt: ReceiptKind | None = None, *, lies: bool = False) -> None:
        """The worker learns what came of it. Accepted means that it arrived, refused that it certainly did not air; but for a
        place that ``lies``: it airs what it has refused, and says so in the end."""
        c = send.claimed
        if not send.arrived and (outcome is Outcome.ACCEPTED or (outcome is Outcome.REFUSED and lies)):
            self.arrive(send)
        if outcome is Outcome.REFUSED and send.arrived:
            if not lies:
                outcome = Outcome.RETRY
            elif c.kind is not Kind.RETRACT:
                self.lied.append((self.places[c.outlet_id], self._arrival(send)))
        said = StatedReceipt(SaidKind(receipt)) if receipt and outcome is Outcome.ACCEPTED else None
        reason = None if outcome is Outcome.ACCEPTED else "timeout" if outcome is Outcome.RETRY else "rejected"
        tend = LOOKS if self.places[c.outlet_id].tended and outcome is Outcome.ACCEPTED else None
        send.result = Result(c, "", outcome, reason, "", send.at, self.now, tend=tend), said

    async def settle(
        self, sends: Sequence[Send], torn: bool = False, *, unsure: bool = False, crossed: bool = False
    ) -> None:
        """``crossed``: it knows nothing of a notice that is just being committed. ``unsure``: it is committed, and the worker
        has yet to find out (``settle_again``)."""
        done = [s.result for s in sends if s.result is not None]
        if done:
            async with self.commit(torn) as session:
                check = None if self.slack or crossed else await self._settling(session, done)
                await settle(session, done, sends[0].worker, self.house.press)
                if check is not None:
                    await check(session)
                if not torn:
                    self.refused |= {r.claimed.id for r, said in done if _is_no(r, said)}
        if not torn:
            self.sends = [s for s in self.sends if s not in sends]
            if unsure and done:
                self.unsure.append((sends[0].worker, done))

    async def _settling(self, session: Session, done: Sequence[Finished]) -> Callable[[Session], Awaitable[None]]:
        """What is to be checked once it is settled."""
        ids = sorted({r.claimed.id for r, _ in done})
        before = await standing(session, ids)
        said = await given(session, ids) if any(receipt for _, receipt in done) else set()
        answers = [self._answer(r, receipt) for r, receipt in done]

        async def check(session: Session) -> None:
            check_settled(before, await standing(session, ids), answers, said, self.now)

        return check

    def _answer(self, r: Result, receipt: StatedReceipt | None) -> Answer:
        c = r.claimed
        _, alert = self.alert_of(c.alert_id)
        over = alert.over(c.kind)
        late = over is not None and self.latest + LONGEST_WAIT >= over
        said = ReceiptKind(receipt.kind) if receipt else None
        return Answer(c.id, c.tries, r.outcome, c.number >= alert.head, late, said)

    async def settle_again(self, worker: str, done: list[Finished]) -> None:
        """The dispatcher does not know that it was committed: nothing must change, whatever has happened since."""
        self.step += 1
        self.written += 1
        ids = sorted({r.claimed.id for r, _ in done})
        before, attempts = await standing(self.watch, ids), await written(self.watch, ids)
        dispatcher = SimpleNamespace(
            _engine=Away(self.house.engine), worker=worker, _press=self.house.press, _note=_note_nothing
        )
        await Dispatcher._settle(cast(Dispatcher, dispatcher), done)
        if (await standing(self.watch, ids), await written(self.watch, ids)) != (before, attempts):
            raise Violation(f"{[r.claimed for r, _ in done]} were settled twice")

    def crash(self, worker: str, arrives: Callable[[Send], bool]) -> None:
        """What it was sending arrives or not; what it knew is lost."""
        for send in [s for s in self.sends if s.worker == worker]:
            if send.result is None and not send.arrived and arrives(send):
                self.arrive(send)
            self.sends.remove(send)
        self.looks = [look for look in self.looks if look.worker != worker]
        self.step += 1

    async def jump(self, by: timedelta, arrives: Callable[[Send], bool]) -> None:
        """Time passes. No send outlives its deadline: it arrives before that or never, and its worker sees a timeout."""
        for send in self.sends:
            if send.result is None and self.now + by - send.at > DEADLINE:
                if not send.arrived and arrives(send):
                    self.arrive(send)
                self.answer(send, Outcome.RETRY)
        self.looks = [look for look in self.looks if self.now + by - look.at <= DEADLINE]
        self.step += 1
        await move_clock(self.house.engine, by)
        self.passing.passed += by.total_seconds()
        self.set_now(self.now + by)

    async def set_back(self, by: timedelta) -> None:
        """The database's clock is set and no time passes; a sweep sees it and brings forward what waits."""
        await self._set_clock(-by)
        self.starts = [(place, at - by) for place, at in self.starts]
        await self.sweep("rescue")

    async def set_forward(self, by: timedelta) -> None:
        """Leases seem to be over whose senders are sending yet; a sweep sees why. The pace is kept by the database's clock."""
        await self._set_clock(by)
        await self.sweep("rescue_all")

    async def _set_clock(self, by: timedelta) -> None:
        await self.sweeps.look()  # as in each second before
        await move_clock(self.house.engine, by)
        self.step += 1
        self.set_now(self.now + by)
        for send in self.sends:
            send.at += by
        for look in self.looks:
            look.at += by

    # ── what places say and ask ──

    async def say(self, place: Place, of: Arrival, kind: ReceiptKind, at: datetime, torn: bool = False) -> None:
        """Held from before on, so that what it makes of the delivery is its doing alone."""
        async with self.commit(torn) as session:
            was = (await standing(session, [of.delivery], held=True))[of.delivery]
            before = await given(session, [of.delivery])
            await confirm(session, place.partner, [Stated(of.delivery, kind, at)], press=self.house.press)
            check_said(
                was,
                (await standing(session, [of.delivery]))[of.delivery],
                kind,
                news=(of.delivery, kind, at) not in before,
            )
            if kind is ReceiptKind.REJECTED and not torn:
                self.refused.add(of.delivery)

    async def poll(self, place: Place, lost: bool = False, *, anew: bool = False) -> None:
        """The place fetches, at a process that has followed the ledger so far or, ``anew``, has only begun to; a lost answer was
        committed all the same."""
        if anew:
            self.desk = FeedDesk(self.house)
        began = self.step = self.step + 1
        self.written += 1
        sheet = await self.desk.read(Ask(place.partner, live=True, all=False, cursor=place.cursor))
        if lost or sheet.stale:  # a place is told that it is from memory, and asks again
            return
        place.cursor = sheet.cursor
        for posting in sheet.postings:
            self.air(place, Arrival(posting.delivery, posting.code, posting.number, posting.kind, began))

    async def replay(self, place: Place, of: Arrival) -> None:
        """The place asks to be told again what it has lost."""
        who = Principal("key:partner", Scope.PARTNER, live=True, partner_id=place.partner)
        with suppress(WrongState, Conflict):
            async with self.commit() as session:
                await replay(session, who, of.delivery)
            if not self.slack:
                self.refused.discard(of.delivery)

    # ── what the metronome does ──

    async def sweep(self, name: str) -> None:
        self.step += 1
        self.written += 1
        await getattr(self.sweeps, name)()
        if name == "expire":
            await self._see_what_has_ended()
        if name == "extend":
            for alert in self.known.values():
                alert.grow(self.now)

    async def _see_what_has_ended(self) -> None:
        """Those whose time is up, and no others."""
        for code, alert in self.known.items():
            if alert.ended is not None:
                continue
            found = await alerts.find(self.watch, code)
            if (over := found is not None and found.ended_at is not None) != (self.now >= alert.expires):
                raise Violation(
                    f"at {self.now} {code} is {'over' if over else 'live'}, and is to end at {alert.expires}"
                )
            if over:
                self.ended(alert)


def _is_no(result: Result, receipt: StatedReceipt | None) -> bool:
    return result.outcome is Outcome.REFUSED or (receipt is not None and receipt.kind is SaidKind.REJECTED)


async def _note_nothing(_: object) -> None:
    pass
