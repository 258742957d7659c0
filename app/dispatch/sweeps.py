"""The metronome: APScheduler starts the sweeps, the database holds the work. Each sweep is safe to run twice, so that
every dispatcher may run all of them."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.ext.asyncio import AsyncEngine

from app import meters
from app.db import (
    accounts,
    alerts,
    deliveries,
    drafts,
    drills,
    leftovers,
    media,
    notes,
    postings,
    quarantine,
    set_back,
    settling,
    slowed,
    tending,
    windows,
    workers,
)
from app.db.engine import Session, StoreUnavailable, clock, transaction
from app.dispatch.clock import STEP, Steps
from app.dispatch.settle import rescue
from app.domain.breaker import PROBES
from app.domain.errors import Conflict
from app.flows import drills as drilling
from app.flows.drawn import Drawn, Undrawn, after_drawing
from app.flows.end import expire
from app.flows.extend import extend
from app.flows.latecomers import take_down_latecomers
from app.flows.ports import Press, Seal, Trier
from app.flows.propose import lapse

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
LATELY = timedelta(seconds=30)
SENDERS_FIRST = 5.0  # seconds; a dispatcher tries to settle every two
JUST_NOW = timedelta(seconds=20)  # a retraction may have waited ten for its alert, and counts from its beginning
NOTES_KEPT = timedelta(days=90)  # no alert, and no retraction, lasts as long
LONGEST_LEASE = timedelta(minutes=1)
MOST_PROBES = 20  # at once; none takes longer than twice its wire's deadline

log = logging.getLogger("huijia.sweep")


async def _through_steps(scheduler: AsyncIOScheduler) -> None:
    """APScheduler goes by the wall clock: on a machine that steps back nothing would be swept until that time has come
    again. Every step is seen by the monotonic clock, and everything is swept at once. Until cancelled."""
    ahead = time.time() - time.monotonic()
    while True:
        await asyncio.sleep(1)
        before, ahead = ahead, time.time() - time.monotonic()
        if abs(ahead - before) > STEP:
            log.warning("the clock of this machine has stepped by %.0f s", ahead - before)
            for job in scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))


class Sweeps:
    """Rescue what vanished processes left, expire, grow reach, put right, forget."""

    def __init__(
        self,
        engine: AsyncEngine,
        press: Press,
        worker: str,
        trier: Trier | None = None,
        seal: Seal | None = None,
        longest_lease: timedelta = LONGEST_LEASE,
    ) -> None:
        self._engine, self._press, self._worker, self._trier, self._seal = engine, press, worker, trier, seal
        self._longest_lease = longest_lease
        self._senders_first = 0.0
        self._steps = Steps()
        self._bringing = asyncio.Lock()
        self._to_bring, self._bring_at = 0, 0.0

    async def run(self) -> None:
        """Every sweep at its own pace, until cancelled."""
        scheduler = self._schedule()
        scheduler.start()
        try:
            await _through_steps(scheduler)
        finally:
            scheduler.shutdown(wait=False)

    def _schedule(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(timezone="UTC")
        every: tuple[tuple[Callable[[], Awaitable[None]], float], ...] = (
            (self.rescue, 1),
            (self.rescue_all, 10),
            (self.expire, 1),
            (self.end_drills, 1),
            (self.drill_weekly, 5),
            (self.lapse, 15),
            (self.put_right, 2),
            (self.look_again, 30),
            (self.extend, 5),
            (self.follow, 10),
            (self.probe, 5),
            (self.make_sure, 3600),
            (self.forget, 3600),
        )
        for sweep, seconds in every:
            meters.sweep_failures.labels(sweep.__name__)
            scheduler.add_job(
                self._guarded, "interval", [sweep.__name__, sweep], seconds=seconds, max_instances=1, coalesce=True,
                misfire_grace_time=None, id=sweep.__name__,
            )  # fmt: skip
        for first in (self.rescue_all, self.make_sure):  # nobody may have looked for days
            scheduler.modify_job(first.__name__, next_run_time=datetime.now(UTC))
        return scheduler

    async def _guarded(self, sweep: str, act: Callable[..., Awaitable[None]], *args: int | str) -> None:
        """One alert that cannot be swept, or one sweep that fails, keeps none of the others, and is counted."""
        try:
            await act(*args)
        except Exception as e:
            meters.sweep_failures.labels(sweep).inc()
            if isinstance(e, StoreUnavailable):
                log.warning("%s: the database is away: %s", sweep, e)
            else:
                log.exception("%s failed", sweep)

    async def rescue(self) -> None:
        """Deliveries whose sender vanished go back into the queue."""
        await self._rescue(LATELY)

    async def rescue_all(self) -> None:
        """The same, however long ago it vanished."""
        await self._rescue(None)

    async def _rescue(self, within: timedelta | None) -> None:
        """Not at once when the database has been away: its senders live, and are about to say what came of their sends. Nor
        when its clock was set forward: then they send yet."""
        more = True
        try:
            while more:
                async with transaction(self._engine) as session:
                    await self._look_at_the_clock(session)
                    if time.monotonic() < self._senders_first:
                        break
                    await settling.wait_for_nobody(session)
                    count, more = await rescue(session, self._worker, self._press, within)
                if count:
                    log.warning("rescued %d deliveries whose lease was lost", count)
        except StoreUnavailable:
            self._senders_first = max(self._senders_first, time.monotonic() + SENDERS_FIRST)
            raise
        finally:
            await self._bring_what_is_to_be()

    async def _look_at_the_clock(self, session: Session) -> None:
        """Whether the database's has just been set. Forward: its senders first. Back: everything is to be brought forward, and
        once more later, for what was being written in that moment."""
        asked = time.monotonic()
        step = self._steps.seen(await clock(session), asked, answered := time.monotonic())
        if step:
            log.warning("the clock of the database has stepped by %.0f s", step)
        if step > 0:
            self._senders_first = answered + self._longest_lease.total_seconds()
        if step < 0:
            self._to_bring, self._bring_at = 2, answered

    async def _bring_what_is_to_be(self) -> None:
        """What fails is done at the next look."""
        async with self._bringing:
            begun = time.monotonic()
            if not self._to_bring or begun < self._bring_at:
                return
            await self.bring_forward()
            self._to_bring, self._bring_at = self._to_bring - 1, begun + LATELY.total_seconds()

    async def bring_forward(self) -> None:
        """The database's clock was set back: what waits for a time that was to come waits no longer, each thing by itself."""
        for what in set_back.LATER:
            async with transaction(self._engine) as session:
                await set_back.bring_forward(session, what, lease=self._longest_lease)

    async def expire(self) -> None:
        """Alerts whose time is up end, and their screens are taken down."""
        async with transaction(self._engine) as session:
            due = await alerts.overdue_to_expire(session)
        for id in due:
            await self._guarded("expire", self._expire_one, id)

    async def end_drills(self) -> None:
        """Drills whose time is up are retracted, as an officer would."""
        async with transaction(self._engine) as session:
            due = await drills.to_end(session)
        for code in due:
            await self._guarded("end_drills", self._end_drill, code)

    async def drill_weekly(self) -> None:
        """The weekly drill, when an operator has set one and its time has come."""
        if self._seal is None:
            return
        async with transaction(self._engine) as session:
            code = await drilling.weekly(session, seal=self._seal, press=self._press)
        if code is not None:
            log.info("the weekly drill is %s", code)

    async def lapse(self) -> None:
        """Records that no second officer has confirmed in time are erased."""
        async with transaction(self._engine) as session:
            await lapse(session)

    async def extend(self) -> None:
        """Reach grows with the time since the loss, and new outlets hear of live alerts."""
        async with transaction(self._engine) as session:
            live = await alerts.live(session)
        for alert in live:
            await self._guarded("extend", self._extend_one, alert.id)

    async def _expire_one(self, alert_id: int) -> None:
        async with transaction(self._engine) as session:
            await expire(session, alert_id, press=self._press)

    async def _end_drill(self, code: str) -> None:
        async with transaction(self._engine) as session:
            await drilling.end(session, drilling.CLOCK, code, press=self._press)

    async def _extend_one(self, alert_id: int) -> None:
        async def act(session: Session, drawn: Drawn) -> int:
            return await extend(session, alert_id, press=drawn)

        with suppress(Undrawn):  # another process draws it, and tells them
            await after_drawing(self._engine, self._press, act, only=f"extend {alert_id}")

    async def put_right(self) -> None:
        """What two transactions that crossed may have left: see each verb."""
        async with transaction(self._engine) as session:
            await leftovers.supersede(session)
            await leftovers.give_up(session)
            await tending.stop_replaced(session)
        async with transaction(self._engine) as session:
            await take_down_latecomers(session, press=self._press, within=JUST_NOW)

    async def look_again(self) -> None:
        """For transactions that took long: too much to look at every two seconds."""
        async with transaction(self._engine) as session:
            await take_down_latecomers(session, press=self._press)

    async def follow(self) -> None:
        """Enrolment moves what waits for an outlet to its new wire; this is for what was issued in that very moment."""
        async with transaction(self._engine) as session:
            await deliveries.follow_outlets(session)

    async def probe(self) -> None:
        """Outlets in quarantine that take tests are sent one, to see whether they are back."""
        if self._trier is None:
            return
        async with transaction(self._engine) as session:
            due = await quarantine.to_probe(session, PROBES[-1], MOST_PROBES)
        await asyncio.gather(*(self._guarded("probe", self._probe_one, id) for id in due))

    async def _probe_one(self, outlet_id: int) -> None:
        assert self._trier is not None
        with suppress(Conflict):  # somebody has just tried it, or has asked that it be left alone
            await self._trier.try_out(outlet_id, "probe")

    async def make_sure(self) -> None:
        """Once more over all that ended in the last week."""
        async with transaction(self._engine) as session:
            if count := await take_down_latecomers(session, press=self._press, within=WEEK):
                log.error("%d outlets that may show an ended alert had not been told", count)

    async def forget(self) -> None:
        """Sessions, links, failed sign-ins, idempotency keys and drafts that have run out, pictures of searches that ended a
        day ago, tellings that every board has read, places in windows long over, notes of alerts long over."""
        async with transaction(self._engine) as session:
            await accounts.sweep(session)
            await slowed.sweep(session)
            await drafts.forget(session)
            await media.forget_ended(session, DAY)
            await media.forget_trials(session, timedelta(hours=1))
            await notes.forget(session, NOTES_KEPT)
            await workers.forget(session)
            await postings.forget(session)
            await windows.forget(session)
