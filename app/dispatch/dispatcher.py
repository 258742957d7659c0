"""The engine: claim a batch, commit, send, settle a batch, commit. Wake by NOTIFY; a one-second poll is the truth."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from app import meters
from app.db import claims, settling, workers
from app.db.claims import ALL, Claimed, Crossed, Leases, Share
from app.db.crowd import Crowd
from app.db.engine import Session, StoreUnavailable, afterwards, first_of, listen, transaction
from app.dispatch.clock import StoreClock
from app.dispatch.crowd import Crowds, Room
from app.dispatch.low_water import LowWater
from app.dispatch.prepare import Preparer
from app.dispatch.press import HousePress
from app.dispatch.send import MARGIN, Finished, Order, attempted, begin_at_zero, grouped, send_together
from app.dispatch.settle import settle
from app.dispatch.slots import Slots
from app.dispatch.tender import Tender
from app.dispatch.timeouts import Timeouts
from app.dispatch.unsettled import Unsettled
from app.dispatch.wiring import deadlines, paced
from app.domain.breaker import Sign, sign
from app.flows.attempted import tell
from app.flows.ports import Seal
from app.flows.quarantine import Seen, note
from app.flows.tell import DUE
from channels.contract import Wire

log = logging.getLogger("huijia.dispatch")

POLL_SECONDS = 1.0
PULSE_SECONDS = 2.0
LAST_WORDS = 2.0  # seconds, for what has been told to stop
PACED_SHARE = 50  # so that a full batch of others does not starve the paced lanes


@dataclass(frozen=True, slots=True)
class Limits:
    """``in_flight`` sends at once, of which ``reserve`` only retractions may use; those that have waited for an answer much
    longer than is usual, and for ``patience`` seconds at least, no longer count among them, up to ``late`` more. ``batch``
    rows per statement. What has ended is written within ``settle_within`` seconds, and ``claim_within`` is how long the
    places that come free at a partner gather, unless they are many."""

    in_flight: int = 2000
    late: int = 8000
    patience: float = 0.25
    reserve: int = 200
    batch: int = 800
    settle_within: float = 0.06
    claim_within: float = 0.02
    lease_spare: timedelta = timedelta(seconds=6)
    grace: timedelta = timedelta(seconds=6)


DEFAULT_LIMITS = Limits()


class Dispatcher:
    """Any number of them, in any number of processes, share one database."""

    def __init__(
        self, engine: AsyncEngine, press: HousePress, seal: Seal, wire: Wire, *, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.worker = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.clock = StoreClock()
        by_carrier = {name: deadline + MARGIN + limits.lease_spare for name, deadline in deadlines().items()}
        self.leases = Leases(max(by_carrier.values()), by_carrier)
        begin_at_zero(by_carrier)
        self._engine, self._press, self._wire, self._limits = engine, press, wire, limits
        self._preparer = Preparer(press, seal)
        self.tender = Tender(engine, press, self._preparer, wire, self.worker, self.leases)
        self._wake = asyncio.Event()
        self._turns = 0
        self._crowds = Crowds()
        self._soon: asyncio.TimerHandle | None = None
        self._timeouts = Timeouts()
        self._low_water = LowWater(engine)
        self._share = ALL
        self._sending = Slots(limits.in_flight, limits.late, limits.patience)
        # Room enough to be worth a claim: among the reserve, and for a whole batch beyond it. A claim for each place costs more
        # than the sends.
        enough = min(limits.reserve + limits.batch, (self._sending.places() + limits.reserve) // 2)
        self._marks = (max(1, limits.reserve // 2), max(1, enough))
        self._room = limits.in_flight
        self._unsettled = Unsettled(limits.batch, limits.settle_within, self._sending.__len__)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``; then claim no more, let what is in flight finish, settle it, and return."""
        settler = asyncio.create_task(self._settle_forever())
        listener = asyncio.create_task(listen(self._engine, {DUE: lambda _: self._hear()}, stop))
        tender = asyncio.create_task(self.tender.run(stop))
        pulse = asyncio.create_task(self._pulse())
        low_water = asyncio.create_task(self._low_water.keep())
        try:
            while not stop.is_set():
                await self._turn(stop)
            await self._drain()
            await asyncio.wait({tender}, timeout=self._limits.grace.total_seconds())
        finally:
            tasks = (settler, listener, tender, pulse, low_water)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._sign_off()

    async def _pulse(self) -> None:
        """Say that this dispatcher turns: a process that lives and does nothing is silent."""
        turns = -1
        while True:
            if self._turns != turns:
                turns = self._turns
                try:
                    async with transaction(self._engine) as session:
                        await workers.seen(session, self.worker, {"in_flight": len(self._sending)})
                        at_work = await workers.at_work(session)
                    self._share = Share(at_work.index(self.worker), len(at_work))
                except StoreUnavailable:
                    pass  # claiming says so already
                except Exception:
                    log.exception("the dispatcher cannot say that it is there")
            meters.in_flight.set(len(self._sending))
            meters.unsettled.set(len(self._unsettled))
            await asyncio.sleep(PULSE_SECONDS)

    async def _sign_off(self) -> None:
        with suppress(StoreUnavailable):
            async with transaction(self._engine) as session:
                await workers.gone(session, self.worker)

    async def _turn(self, stop: asyncio.Event) -> None:
        self._wake.clear()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._turns += 1
        try:
            took = await self._claim()
        except StoreUnavailable as e:
            log.warning("the database is away: %s", e)
            self._preparer.forget_outlets()
            took = 0
        except Crossed:
            self._wake.set()
            took = 0
        except Exception:
            log.exception("claiming failed")
            took = 0
        self._room = self._sending.room()
        full, crowded = self._room < self._marks[-1], took > 0 and self._crowds.waits()
        if took and not full and not crowded:
            return  # more may be waiting: what was asked for is no measure, a partner that has its fill was passed over
        longest = self._limits.patience if full else self._crowds.rest() if crowded else POLL_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await first_of(self._wake.wait(), stop.wait())

    def _hear(self) -> None:
        self._crowds.news()
        self._wake.set()

    async def _claim(self) -> int:
        room = self._sending.room()
        if room <= 0:
            return 0
        only_retractions = room <= self._limits.reserve
        if not only_retractions:
            room -= self._limits.reserve
        crowd, again = self._crowds.now()
        if again:
            self._wake_soon()
        begun = time.monotonic()
        async with transaction(self._engine) as session:
            now = await claims.begin(session)
            self.clock.set(now, begun)
            claimed = await self._take(session, now, min(room, self._limits.batch), only_retractions, crowd)
            orders, broken = await self._preparer.orders(session, claimed, begun, self.clock.now())
        meters.claimed.inc(len(claimed))
        self._unsettled.put([(result, None) for result in broken])
        calls = grouped(orders)
        self._crowds.enter(orders)
        for together in calls:
            task = asyncio.create_task(self._send(together))
            self._sending.enter(task)
            task.add_done_callback(partial(self._sent, together))
        return len(claimed)

    async def _take(
        self, session: Session, now: datetime, room: int, only_retractions: bool, crowd: Crowd
    ) -> Sequence[Claimed]:
        begun, most = time.monotonic(), room if only_retractions else self._crowds.most(room)
        taken = list(
            await claims.claim(
                session, worker=self.worker, leases=self.leases, room=most, only_retractions=only_retractions,
                crowd=crowd, since=self._low_water.since(now), share=self._share,
            )
        )  # fmt: skip
        if not only_retractions:
            self._crowds.looked(crowd, most, len(taken), time.monotonic() - begun)
        paces = paced()
        for name, outlets in (await claims.paced_outlets(session, list(paces))).items():
            pace = paces[name]
            taken += await claims.claim_paced(
                session, worker=self.worker, leases=self.leases, room=max(room - len(taken), PACED_SHARE),
                only_retractions=only_retractions, outlets=outlets, count=pace.count, per=pace.per, reserve=pace.reserve,
            )  # fmt: skip
        return taken

    async def _send(self, orders: Sequence[Order]) -> None:
        done = await send_together(orders, wire=self._wire, clock=self.clock, timeouts=self._timeouts)
        self._unsettled.put(done)

    def _sent(self, orders: Sequence[Order], task: asyncio.Task[None]) -> None:
        self._sending.leave(task)
        before, self._room = self._room, self._sending.places()
        enough, plenty = self._marks
        at_partners = self._crowds.leave(orders)
        if at_partners is Room.ENOUGH or before < enough <= self._room or before < plenty <= self._room:
            self._wake.set()
        elif at_partners is Room.SOME:
            self._wake_soon()

    def _wake_soon(self) -> None:
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(self._limits.claim_within, self._wake.set)

    async def _settle_forever(self) -> None:
        while True:
            batch = await self._unsettled.batch()
            await self._settle(batch)
            self._unsettled.written()

    async def _settle(self, batch: list[Finished]) -> None:
        """Until it is written: the database may be away for a while, but what was sent is not forgotten. Once only: when it
        was lost in the moment of the commit it may have been written, and a look may hold the lease by now."""
        pause, again, left = 0.1, False, batch
        while True:
            try:
                async with transaction(self._engine) as session:
                    if again:
                        there = set(await settling.recorded(session, [r for r, _ in batch], self.worker))
                        afterwards(session, partial(tell, [attempted(r) for r, _ in batch if r.claimed.id in there]))
                        left = [f for f in batch if f[0].claimed.id not in there]
                    if left:
                        await settle(session, left, self.worker, self._press)
                await self._note(batch)
                return
            except StoreUnavailable as e:
                log.warning("cannot settle %d attempts yet: %s", len(batch), e)
                await asyncio.sleep(pause)
                pause, again = min(2 * pause, 2.0), True
            except Exception:
                log.exception("settling %d attempts failed", len(batch))
                if len(batch) == 1:
                    return  # its lease runs out, and the rescue sweep takes it from there
                for one in batch:
                    await self._settle([one])
                return

    async def _note(self, batch: Sequence[Finished]) -> None:
        """What the attempts say of their outlets: in a transaction of its own, which waits for nobody."""
        telling = [
            Seen(r.claimed.outlet_id, said, r.reason or "")
            for r, _ in batch
            if (said := sign(r.outcome, r.reason)) in (Sign.ILL, Sign.GONE) or r.ailing
        ]
        if not telling:
            return
        try:
            async with transaction(self._engine) as session:
                await note(session, telling)
        except StoreUnavailable as e:
            log.warning("cannot note how outlets are: %s", e)
        except Exception:
            log.exception("cannot note how outlets are")

    async def _drain(self) -> None:
        if left := list(self._sending):
            await asyncio.wait(left, timeout=self._limits.grace.total_seconds())
        for task in self._sending:
            task.cancel()
        if left := list(self._sending):
            await asyncio.wait(left, timeout=LAST_WORDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._unsettled.all_written(), LAST_WORDS)
