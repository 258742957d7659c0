"""One attempt, from a claimed delivery to a result. Nothing that an outlet or a carrier does can escape as an exception."""

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from pydantic import BaseModel

from app.db.claims import Claimed, Result
from app.dispatch.clock import StoreClock
from app.domain.words import Outcome
from channels.contract import Accepted, Carrier, Reason, Refused, Rendition, Retry, StatedReceipt, Wire
from channels.contract import Outcome as Stated

log = logging.getLogger("huijia.attempt")

MARGIN = timedelta(seconds=1)  # for a carrier to hand back what it has when its own deadline strikes
DETAIL_LIMIT = 200
CRASHED = "传输模块出错，详见日志"


@dataclass(frozen=True, slots=True)
class Order:
    """Everything one send needs. ``claimed_mono`` is when the lease began, on this machine's monotonic clock."""

    claimed: Claimed
    carrier: Carrier[Any]
    settings: BaseModel
    rendition: Rendition
    claimed_mono: float


async def send(order: Order, *, wire: Wire, clock: StoreClock, lease: timedelta) -> tuple[Result, StatedReceipt | None]:
    """Make the call and say what came of it."""
    started = clock.now()
    begun = time.monotonic()
    deadline = order.carrier.timeout + MARGIN
    if begun - order.claimed_mono + deadline.total_seconds() > lease.total_seconds():
        # The lease would end before the deadline: another process may take this over, so it may not begin.
        stated: Stated = Retry(Reason.LEASE_LOST, "等待过久，未发送")
    else:
        stated = await _call(order, wire, started, deadline)
    try:
        result, receipt = _result(order, stated, started, clock.now())
    except Exception:  # an adapter from outside may hand back anything
        log.exception("carrier %s gave no outcome on delivery %d", order.carrier.name, order.claimed.id)
        result, receipt = _result(order, Retry(Reason.CRASH, CRASHED), started, clock.now())
    log.info(
        "attempt delivery=%d alert=%d notice=%d outlet=%d carrier=%s try=%d outcome=%s reason=%s ms=%d",
        order.claimed.id, order.claimed.alert_id, order.claimed.number, order.claimed.outlet_id, order.carrier.name,
        order.claimed.tries, result.outcome, result.reason or "-", (time.monotonic() - begun) * 1000,
    )  # fmt: skip
    return result, receipt


async def _call(order: Order, wire: Wire, now: datetime, deadline: timedelta) -> Stated:
    try:
        async with asyncio.timeout(deadline.total_seconds()):
            return await order.carrier.send(
                order.rendition, order.settings, key=f"dlv_{order.claimed.id}", prior=order.claimed.prior, now=now,
                wire=wire,
            )  # fmt: skip
    except TimeoutError:
        return Retry(Reason.TIMEOUT, "未在时限内完整应答")
    except asyncio.CancelledError:
        return Retry(Reason.LEASE_LOST, "发送进程停止")
    except Exception:
        log.exception("carrier %s crashed on delivery %d", order.carrier.name, order.claimed.id)
        return Retry(Reason.CRASH, CRASHED)


def _result(order: Order, stated: Stated, started: datetime, finished: datetime) -> tuple[Result, StatedReceipt | None]:
    def made(
        outcome: Outcome, *, reason: str | None = None, detail: str = "", after: timedelta | None = None
    ) -> Result:
        return Result(order.claimed, outcome, reason, _clean(detail), None, after, started, finished)

    match stated:
        case Accepted():
            reference = _clean(stated.reference) if stated.reference else None
            return replace(made(Outcome.ACCEPTED), reference=reference), stated.receipt
        case Retry():
            return made(Outcome.RETRY, reason=stated.reason, detail=stated.detail, after=stated.after), None
        case Refused():
            return made(Outcome.REFUSED, reason=stated.reason, detail=stated.detail), None
        case _:
            assert_never(stated)


def _clean(text: str) -> str:
    """What the far end says is stored: no NUL (PostgreSQL has none), no endless text."""
    return text.replace("\x00", "")[:DETAIL_LIMIT]
