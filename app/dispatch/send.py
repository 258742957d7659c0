"""One attempt, from a claimed delivery to a result. Nothing that an outlet or a carrier does can escape as an exception."""

import asyncio
import logging
import time
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, assert_never

from pydantic import BaseModel

from app import meters
from app.db.claims import Claimed
from app.db.deliveries import Attempted
from app.db.settling import Result
from app.dispatch.clock import StoreClock
from app.dispatch.timeouts import Timeouts
from app.domain.words import Kind, Outcome
from channels.contract import (
    Accepted,
    Carrier,
    Reason,
    Refused,
    Rendition,
    Retracts,
    Retry,
    Send,
    StatedReceipt,
    Wire,
)
from channels.contract import Outcome as Stated
from channels.registry import is_grouped, is_tended

log = logging.getLogger("huijia.dispatch")

# For a carrier to hand back what it has when its own deadline strikes; at the worst a tick less.
MARGIN = timedelta(seconds=1)
FIRST_LOOK = timedelta(seconds=3)  # what is asked once a minute at a calm pace is asked soon at first
DETAIL_LIMIT = 200
REFUSALS = (Reason.BAD_CREDENTIALS, Reason.GONE, Reason.BAD_CONTENT, Reason.REJECTED)
CRASHED = "传输模块出错，详见日志"
LATE = "未在时限内完整应答"


def longest(timeout: timedelta) -> float:
    """How many seconds a call of a carrier may take, with what it needs to hand back what it has."""
    return (timeout + MARGIN).total_seconds()


class Host(NamedTuple):
    """Who stands behind an outlet: the partner, how much it bears at once, and whether the outlet has been failing."""

    partner_id: int
    at_once: int
    ailing: bool = False


class Order(NamedTuple):
    """Everything one send needs. ``lease_ends`` is in the seconds of this machine's monotonic clock."""

    claimed: Claimed
    carrier: Carrier[Any]
    settings: BaseModel
    rendition: Rendition
    lease_ends: float
    host: Host

    @property
    def key(self) -> str:
        """The delivery's id as the far end sees it."""
        return f"dlv_{self.claimed.id}"


Finished = tuple[Result, StatedReceipt | None]


def grouped(orders: Sequence[Order]) -> Sequence[Sequence[Order]]:
    """The orders by calls: those of a grouped wire that say the same to the same group go together."""
    calls: list[list[Order]] = []
    groups: dict[Hashable, list[Order]] = {}
    for order in orders:
        if not is_grouped(order.carrier):
            calls.append([order])
            continue
        said = order.claimed.alert_id, order.claimed.number, order.claimed.profile
        try:
            group = order.carrier.name, order.carrier.group(order.settings), said
        except Exception:  # an adapter from outside may raise anything
            log.exception("carrier %s cannot say what delivery %d goes with", order.carrier.name, order.claimed.id)
            calls.append([order])
            continue
        if group not in groups or len(groups[group]) >= order.carrier.most:
            groups[group] = []
            calls.append(groups[group])
        groups[group].append(order)
    return calls


async def send_together(
    orders: Sequence[Order], *, wire: Wire, clock: StoreClock, timeouts: Timeouts
) -> Sequence[Finished]:
    """One call for all of them, which share a carrier and a rendition; one result each, in the same order."""
    started = clock.now()
    seconds = longest(orders[0].carrier.timeout)
    if time.monotonic() + seconds > min([o.lease_ends for o in orders]):
        # A lease would end before the deadline: another process may take this over, so it may not begin.
        stated: Sequence[Stated] = [Retry(Reason.LEASE_LOST, "等待过久，未发送")] * len(orders)
    else:
        stated = await _call(orders, wire, started, seconds, timeouts)
    finished = clock.now()
    return [_finished(o, s, started, finished) for o, s in zip(orders, stated, strict=True)]


def _finished(order: Order, stated: Stated, started: datetime, finished: datetime) -> Finished:
    try:
        return _result(order, stated, started, finished)
    except Exception:  # an adapter from outside may hand back anything
        log.exception("carrier %s gave no outcome on delivery %d", order.carrier.name, order.claimed.id)
        return _result(order, Retry(Reason.CRASH, CRASHED), started, finished)


def begin_at_zero(carriers: Iterable[str]) -> None:
    """What alert rules look at is counted before it happens: of a series that is born with a burst they see no increase."""
    for carrier in carriers:
        meters.attempt(carrier, Outcome.RETRY, Reason.NO_FILE)
        for reason in REFUSALS:
            meters.attempt(carrier, Outcome.REFUSED, reason)


def attempted(result: Result) -> Attempted:
    """As it is told."""
    c, took = result.claimed, (result.finished_at - result.started_at) / timedelta(milliseconds=1)
    return Attempted(
        c.id, c.alert_id, c.number, c.outlet_id, result.carrier, c.tries, result.outcome, result.reason, took
    )


async def _call(
    orders: Sequence[Order], wire: Wire, now: datetime, seconds: float, timeouts: Timeouts
) -> Sequence[Stated]:
    task = asyncio.current_task()
    assert task is not None
    tick = timeouts.begin(task, seconds)
    try:
        return await _said(orders, wire, now)
    except TimeoutError:
        same: Stated = Retry(Reason.TIMEOUT, LATE)
    except asyncio.CancelledError:
        same = Retry(Reason.TIMEOUT, LATE) if timeouts.struck(task, tick) else Retry(Reason.LEASE_LOST, "发送进程停止")
    except Exception:
        log.exception("carrier %s crashed on delivery %d", orders[0].carrier.name, orders[0].claimed.id)
        same = Retry(Reason.CRASH, CRASHED)
    finally:
        timeouts.end(task, tick)
    return [same] * len(orders)


async def _said(orders: Sequence[Order], wire: Wire, now: datetime) -> Sequence[Stated]:
    carrier, rendition = orders[0].carrier, orders[0].rendition
    if not is_grouped(carrier):
        (order,) = orders
        said = await carrier.send(
            rendition, order.settings, key=order.key, prior=order.claimed.prior, now=now, wire=wire
        )
        return [said]
    sends = [Send(o.settings, o.key, o.claimed.prior) for o in orders]
    outcomes = list(await carrier.send_all(rendition, sends, now=now, wire=wire))
    if len(outcomes) != len(orders):
        raise ValueError(f"{len(outcomes)} outcomes for {len(orders)} deliveries")
    return outcomes


def _result(order: Order, stated: Stated, started: datetime, finished: datetime) -> Finished:
    claimed, carrier, ailing = order.claimed, order.carrier, order.host.ailing
    match stated:
        case Accepted():
            reference = _clean(stated.reference) if stated.reference else None
            tend = min(carrier.tend_every, FIRST_LOOK) if is_tended(carrier) else None
            clears = claimed.kind is Kind.RETRACT and carrier.retracts is Retracts.BY_TARGET_ONLY
            return Result(
                claimed, carrier.name, Outcome.ACCEPTED, None, "", started, finished,
                reference=reference, ailing=ailing, tend=tend, clears=clears,
            ), stated.receipt  # fmt: skip
        case Retry():
            outcome, asked = Outcome.RETRY, stated.after
        case Refused():
            outcome, asked = Outcome.REFUSED, None
        case _:
            assert_never(stated)
    detail = _clean(stated.detail)
    return Result(
        claimed, carrier.name, outcome, stated.reason, detail, started, finished, asked=asked, ailing=ailing
    ), None


def _clean(text: str) -> str:
    """What the far end says is stored: no NUL (PostgreSQL has none), no endless text."""
    return text.replace("\x00", "")[:DETAIL_LIMIT]
