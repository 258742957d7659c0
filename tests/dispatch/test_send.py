"""One attempt: whatever the far end or a carrier does comes out as a result."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from app.db.claims import Claimed
from app.db.engine import transaction
from app.db.settling import Result
from app.dispatch import evidence
from app.dispatch.clock import StoreClock
from app.dispatch.dispatcher import Dispatcher
from app.dispatch.send import MARGIN, Host, Order, send_together
from app.dispatch.settle import settle
from app.dispatch.timeouts import Timeouts
from app.dispatch.wiring import deadlines
from app.domain.words import Kind, Lane, Outcome
from app.flows.house import House
from channels.contract import (
    Accepted,
    Pace,
    Proves,
    Reason,
    ReceiptKind,
    Refused,
    Rendition,
    Retracts,
    Retry,
    StatedReceipt,
)
from channels.contract import Outcome as Said
from tests.channels.notices import PUBLISH
from tests.dispatch.far import Far, made, make_place, rows
from tests.making import make_alert

LEASE = timedelta(seconds=15)
CLAIMED = Claimed(
    7, 1, 1, 3, Kind.PUBLISH, Lane.PUSH, 1, datetime(2026, 11, 24, tzinfo=UTC), "tv:1", prior="r-1", lease=LEASE
)  # fmt: skip


class Settings(BaseModel):
    pass


class Scripted:
    """A carrier that does what it is given."""

    name: ClassVar[str] = "scripted"
    title: ClassVar[str] = "测试"
    retracts: ClassVar[Retracts] = Retracts.TAKE_DOWN
    proves: ClassVar[Proves] = Proves.NOTHING
    carries: ClassVar[frozenset[str] | None] = None
    where: ClassVar[tuple[str, ...]] = ()
    timeout: ClassVar[timedelta] = timedelta(milliseconds=50)
    pace: ClassVar[Pace | None] = None
    settings: type[Settings] = Settings

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act, self.given = act, dict[str, Any]()

    async def send(self, rendition: Rendition, settings: Settings, **given: Any) -> Said:
        self.given = given
        said = self._act()
        return await said if asyncio.iscoroutine(said) else said  # type: ignore[no-any-return]


async def once(act: Callable[[], Any], waited: float = 0.0) -> tuple[Result, StatedReceipt | None, Scripted]:
    carrier = Scripted(act)
    rendition = Rendition(notice=PUBLISH, channel="tv", texts={"crawl": "寻人"})
    order = Order(
        CLAIMED, carrier, Settings(), rendition, time.monotonic() - waited + CLAIMED.lease.total_seconds(), Host(1, 500)
    )
    ((result, receipt),) = await send_together([order], wire=Far(), clock=StoreClock(), timeouts=Timeouts())
    return result, receipt, carrier


def raising(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


@pytest.mark.parametrize(
    ("act", "outcome", "reason"),
    [
        (Accepted, Outcome.ACCEPTED, None),
        (lambda: Retry(Reason.THROTTLED, "慢一点"), Outcome.RETRY, "throttled"),
        (lambda: Refused(Reason.GONE, "HTTP 410"), Outcome.REFUSED, "gone"),
        (raising(RuntimeError("boom")), Outcome.RETRY, "crash"),
        (raising(TimeoutError()), Outcome.RETRY, "timeout"),
        (lambda: None, Outcome.RETRY, "crash"),  # a carrier that breaks its contract
        (lambda: "accepted", Outcome.RETRY, "crash"),
        (lambda: Accepted(reference=77), Outcome.RETRY, "crash"),  # type: ignore[arg-type]
        (lambda: asyncio.sleep(60), Outcome.RETRY, "timeout"),
    ],
)
async def test_every_end_is_a_result(
    act: Callable[[], Any], outcome: Outcome, reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.dispatch.send.MARGIN", timedelta(milliseconds=50))
    result, receipt, _ = await once(act)
    assert (result.outcome, result.reason, receipt) == (outcome, reason, None)
    assert result.claimed is CLAIMED
    assert result.started_at <= result.finished_at


async def test_the_carrier_is_given_the_key_the_reference_and_the_time() -> None:
    _, _, carrier = await once(Accepted)
    assert carrier.given["key"] == "dlv_7"
    assert carrier.given["prior"] == "r-1"
    assert carrier.given["now"].utcoffset() == timedelta(0)


async def test_a_cancelled_send_is_a_retry() -> None:
    sending = asyncio.create_task(once(lambda: asyncio.sleep(60)))
    await asyncio.sleep(0.01)
    sending.cancel()
    result, _, _ = await sending
    assert (result.outcome, result.reason) == (Outcome.RETRY, "lease_lost")


@pytest.mark.parametrize(("waited", "begins"), [(0.0, True), (13.9, True), (14.1, False), (60.0, False)])
async def test_a_send_that_could_outlive_its_lease_does_not_begin(waited: float, begins: bool) -> None:
    """Lease 15 s, deadline 0.05 s and a margin of 1 s: after 13.95 s of waiting another process may take it over."""
    result, _, carrier = await once(Accepted, waited)
    assert bool(carrier.given) is begins
    assert result.outcome is (Outcome.ACCEPTED if begins else Outcome.RETRY)
    assert result.reason == (None if begins else "lease_lost")


def test_the_lease_outlives_every_deadline(house: House) -> None:
    dispatcher: Dispatcher = made(house, Far())
    for name, deadline in deadlines().items():
        assert dispatcher.leases.by_carrier[name] > deadline + MARGIN
    assert dispatcher.leases.longest == max(dispatcher.leases.by_carrier.values())


async def test_what_the_far_end_says_is_cut_and_has_no_nul() -> None:
    result, _, _ = await once(lambda: Refused(Reason.REJECTED, "\x00坏" * 500))
    assert result.detail == "坏" * 200
    result, _, _ = await once(lambda: Accepted(reference="r\x00-1"))
    assert result.reference == "r-1"


async def test_the_answer_and_its_receipt_are_one_transaction(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the receipt written apart, a crash between the two would lose it."""
    await make_place(house, "one")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET state = 'sending', tries = 1, lease_until = now() + interval '15 s'")
    (delivery,) = await rows(house, "SELECT id, alert_id, outlet_id FROM delivery")
    claimed = CLAIMED._replace(id=delivery.id, alert_id=delivery.alert_id, outlet_id=delivery.outlet_id)
    now = datetime.now(UTC)
    result = Result(claimed, "", Outcome.ACCEPTED, None, "", now, now)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as middle:
        middle.setattr(evidence, "confirm", broken)
        with pytest.raises(RuntimeError, match="in the middle"):
            async with transaction(house.engine) as session:
                await settle(session, [(result, StatedReceipt(ReceiptKind.AIRED))], "w", house.press)
    assert (await rows(house, "SELECT state FROM delivery"))[0].state == "sending"
    assert await rows(house, "SELECT id FROM attempt") == []
    async with transaction(house.engine) as session:
        await settle(session, [(result, StatedReceipt(ReceiptKind.AIRED))], "w", house.press)
    assert (await rows(house, "SELECT state FROM delivery"))[0].state == "confirmed"
    assert len(await rows(house, "SELECT id FROM receipt")) == 1


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1)])
def test_the_store_clock_goes_on_from_what_the_store_says(off: timedelta) -> None:
    clock = StoreClock()
    said = datetime.now(UTC) + off
    clock.set(said, time.monotonic())
    assert timedelta(0) <= clock.now() - said < timedelta(seconds=1)


def test_an_answer_that_was_long_on_its_way_does_not_set_the_store_clock_back() -> None:
    """Else a send that ends then had ended before it began."""
    clock, asked = StoreClock(), time.monotonic() - 30
    clock.set(datetime.now(UTC), asked)
    before = clock.now()
    clock.set(before - timedelta(seconds=20), asked)
    assert clock.now() >= before
    clock.set(before - timedelta(seconds=40), asked)
    assert clock.now() < before - timedelta(seconds=5), "that cannot be the way: it was set back"
