"""Looks after notices on wires that do not report by themselves: asks what became of them, and renews what lapses."""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tending
from app.db.claims import Leases
from app.db.engine import Session, StoreUnavailable, clock, transaction
from app.db.tending import Tended
from app.dispatch.clock import StoreClock
from app.dispatch.evidence import take
from app.dispatch.prepare import Preparer
from app.dispatch.send import Order, longest
from app.dispatch.wiring import renewing
from app.domain.words import Kind
from app.flows.ports import Press
from channels.contract import Cleared, ReceiptKind, StatedReceipt, Wire, WireError
from channels.registry import is_tended

POLL_SECONDS = 0.5
ROOM = 200
SPARSER = 10
"""A look comes after a tenth of the time that the notice has been there, and not before ``tend_every``."""

SPREAD = 0.1
"""Looks come up to so much earlier: those that began together are not to stay together, for a cloud bears so many calls of one
account in a second."""

log = logging.getLogger("huijia.tend")


class Looked(NamedTuple):
    """What a look came to. ``wait``: until the next; ``cleared``: other alerts may have gone from the outlet by it."""

    tended: Tended
    said: Sequence[StatedReceipt]
    wait: timedelta | None
    cleared: bool = False


class Tender:
    """One in each dispatching process; the leases keep them, and the sends, out of each other's way."""

    def __init__(
        self, engine: AsyncEngine, press: Press, preparer: Preparer, wire: Wire, worker: str, leases: Leases
    ) -> None:
        self._engine, self._press, self._preparer, self._wire = engine, press, preparer, wire
        self._worker, self._leases = worker, leases
        self._clock = StoreClock()
        self._looking: set[asyncio.Task[None]] = set()
        self._looked: asyncio.Queue[Looked] = asyncio.Queue()

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``; then wait for the looks that are under way."""
        settler = asyncio.create_task(self._settle_forever())
        try:
            while not stop.is_set():
                await self._guarded_turn()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), POLL_SECONDS)
            if self._looking:
                await asyncio.wait(self._looking)
            await self._looked.join()
        finally:
            for task in (settler, *self._looking):
                task.cancel()

    async def _guarded_turn(self) -> None:
        try:
            await self.turn()
        except StoreUnavailable as e:
            log.warning("the database is away: %s", e)
        except Exception:
            log.exception("tending failed")

    async def turn(self) -> int:
        """Begin to look after all that are due, as far as there is room; returns how many."""
        begun = time.monotonic()
        async with transaction(self._engine) as session:
            room = ROOM - len(self._looking)
            due = await self._due(session, room) if room > 0 else []
            if not due:
                return 0
            self._clock.set(await clock(session), begun)
            orders, broken = await self._preparer.orders(session, [t.claimed for t in due], begun, self._clock.now())
            await tending.release(session, self._worker, [(result.claimed.id, None) for result in broken])
        tended = {t.claimed.id: t for t in due}
        for order in orders:
            task = asyncio.create_task(self._look(tended[order.claimed.id], order))
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)
        return len(due)

    async def _due(self, session: Session, room: int) -> Sequence[Tended]:
        return await tending.claim(session, worker=self._worker, leases=self._leases, room=room, renewing=renewing())

    async def _settle_forever(self) -> None:
        while True:
            batch = [await self._looked.get()]
            await asyncio.sleep(0.01)
            while not self._looked.empty():
                batch.append(self._looked.get_nowait())
            try:
                async with transaction(self._engine) as session:
                    await self._settle(session, batch)
            except Exception:  # the leases run out, and they are looked after again
                log.exception("%d looks could not be settled", len(batch))
            for _ in batch:
                self._looked.task_done()

    async def _settle(self, session: Session, looked: Sequence[Looked]) -> None:
        await tending.release(session, self._worker, [(one.tended.claimed.id, one.wait) for one in looked])
        if cleared := sorted({one.tended.claimed.outlet_id for one in looked if one.cleared}):
            await tending.again(session, cleared)
        said = [(one.tended.claimed.id, receipt) for one in looked for receipt in one.said]
        if said:
            await take(session, said, self._clock.now(), self._press)

    async def _look(self, tended: Tended, order: Order) -> None:
        self._looked.put_nowait(await self._ask(tended, order))

    async def _ask(self, tended: Tended, order: Order) -> Looked:
        now = self._clock.now()
        stated: Sequence[StatedReceipt | Cleared] = ()
        found = "nothing"
        if not is_tended(order.carrier):  # the outlet has changed to a wire that reports by itself
            return Looked(tended, (), None)
        deadline = longest(order.carrier.timeout)
        if time.monotonic() + deadline > order.lease_ends:
            # Another process may take it over before it has ended, so it may not begin.
            return Looked(tended, (), timedelta(0))
        try:
            async with asyncio.timeout(deadline):
                stated = list(
                    await order.carrier.tend(
                        order.rendition, order.settings, key=order.key, reference=order.claimed.prior, now=now,
                        wire=self._wire,
                    )
                )  # fmt: skip
            found = ",".join("cleared" if isinstance(one, Cleared) else one.kind for one in stated) or "nothing"
        except (WireError, TimeoutError):
            found = "unanswered"
        except Exception:
            log.exception("carrier %s crashed while tending delivery %d", order.carrier.name, order.claimed.id)
            found = "crash"
        log.info("tend delivery=%d carrier=%s found=%s", order.claimed.id, order.carrier.name, found)
        said = [one for one in stated if not isinstance(one, Cleared)]
        return Looked(tended, said, self._wait(tended, order, said, now), cleared=len(said) < len(stated))

    def _wait(self, tended: Tended, order: Order, said: Sequence[StatedReceipt], now: datetime) -> timedelta | None:
        assert is_tended(order.carrier)
        wait = max(order.carrier.tend_every, (now - tended.accepted_at) / SPARSER)
        if order.carrier.renews_within is not None and tended.claimed.kind is not Kind.RETRACT:
            wait = min(wait, order.carrier.renews_within)
        elif proven(tended.claimed.kind, said):
            return None
        return wait * random.uniform(1 - SPREAD, 1)  # noqa: S311 (jitter, not a secret)


def proven(kind: Kind, said: Sequence[StatedReceipt]) -> bool:
    """Nothing more is to be learnt of this notice."""
    final = {ReceiptKind.TAKEN_DOWN} if kind is Kind.RETRACT else {ReceiptKind.AIRED, ReceiptKind.TAKEN_DOWN}
    return any(r.kind in final or r.kind is ReceiptKind.REJECTED for r in said)
