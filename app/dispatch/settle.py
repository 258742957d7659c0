"""Write what attempts came to, in batches; and take over what a vanished process left unsettled."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from app import meters
from app.db import alerts, settling, tending
from app.db.claims import Claimed
from app.db.deliveries import Took
from app.db.engine import Session, afterwards
from app.db.settling import Result
from app.dispatch.evidence import take
from app.dispatch.send import Finished, attempted
from app.domain.machines import after_attempt
from app.domain.words import DeliveryState, Kind, Outcome
from app.flows.attempted import tell
from app.flows.ports import Press
from app.flows.tell import CHANGED
from channels.contract import Reason

RESCUE_BATCH = 500


async def settle(session: Session, done: Sequence[Finished], worker: str, press: Press) -> None:
    """One batch: the deliveries, their attempts, and the receipts that came inside the answers. What the attempts were is
    said and counted once they stand in the ledger."""
    results = [r for r, _ in done]
    now, heads = await alerts.heads(session, {r.claimed.alert_id for r in results}, tell=CHANGED)
    settled = [
        (
            r,
            after_attempt(
                r.outcome, newest=r.claimed.number >= heads[r.claimed.alert_id], tries=r.claimed.tries, asked=r.asked,
                jitter=random.random(), now=now, give_up_at=r.claimed.give_up_at,  # noqa: S311 (jitter, not a secret)
            ),
        )
        for r in results
    ]  # fmt: skip
    again = sum(s.state is DeliveryState.PENDING for _, s in settled)
    accepted = await settling.settle(session, settled, worker)
    afterwards(session, partial(_count, done, again, accepted))
    if cleared := sorted({r.claimed.outlet_id for r in results if r.clears}):
        await tending.again(session, cleared)
    if shown := [r.claimed.id for r in results if r.tend is not None and r.claimed.kind is not Kind.RETRACT]:
        await tending.uncover(session, shown)
    if said := [(r.claimed.id, receipt) for r, receipt in done if receipt is not None]:
        await take(session, said, now, press)


def _count(done: Sequence[Finished], again: int, accepted: Sequence[Took]) -> None:
    tell([attempted(r) for r, _ in done])
    meters.retries.inc(again)
    meters.took(accepted)


async def rescue(session: Session, worker: str, press: Press, within: timedelta | None = None) -> tuple[int, bool]:
    """Settle what was sent by a process that vanished, ``within`` so long or ever: nobody knows whether it aired. Safe to run
    twice; returns how many leases had been lost, and whether there may be more."""
    lost = await settling.lost(session, RESCUE_BATCH, within)
    if lost:
        done: list[Finished] = [(_lost(*one), None) for one in lost]
        await settle(session, done, worker, press)
        afterwards(session, partial(meters.leases_lost.inc, len(lost)))
    return len(lost), len(lost) == RESCUE_BATCH


def _lost(claimed: Claimed, lease_end: datetime, carrier: str) -> Result:
    return Result(claimed, carrier, Outcome.RETRY, Reason.LEASE_LOST, "发送进程消失", lease_end, lease_end)
