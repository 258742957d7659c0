"""What a send needs of its outlet is read once, and again after every change of it or of its partner."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from app.db import claims, sendable
from app.db.claims import Claimed, Leases
from app.db.engine import Session, StoreUnavailable, transaction
from app.db.sendable import Sendable
from app.dispatch import prepare
from app.dispatch.dispatcher import Dispatcher
from app.dispatch.send import Order
from app.domain.words import Outcome
from app.flows.house import House
from tests.dispatch.far import Far, made, make_place, rows
from tests.making import make_alert

LEASES = Leases(timedelta(seconds=30))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """Which outlets were read, each time."""
    asked: list[set[int]] = []
    really = sendable.read

    async def counted(session: Session, ids: Collection[int]) -> Mapping[int, Sendable]:
        asked.append(set(ids))
        return await really(session, ids)

    monkeypatch.setattr(sendable, "read", counted)
    return asked


async def _claimed(house: House) -> tuple[Sequence[Claimed], datetime]:
    """All that there is, due once more; and when."""
    await rows(house, "UPDATE delivery SET state = 'pending', tries = 0, lease_until = NULL")
    async with transaction(house.engine) as session:
        now = await claims.begin(session)
        return await claims.claim(session, worker="w", leases=LEASES, room=10, only_retractions=False), now


async def _orders(house: House, dispatcher: Dispatcher) -> Sequence[Order]:
    taken, now = await _claimed(house)
    async with transaction(house.engine) as session:
        orders, broken = await dispatcher._preparer.orders(session, taken, time.monotonic(), now)
    assert not broken
    return orders


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE outlet SET failures = 3 WHERE name = 'one'",
        "UPDATE outlet SET settings_sealed = (SELECT settings_sealed FROM outlet WHERE name = 'two') WHERE name = 'one'",
        "UPDATE partner SET at_once = 7 WHERE id = (SELECT partner_id FROM outlet WHERE name = 'one')",
    ],
)
async def test_what_has_changed_is_read_again(house: House, read: list[set[int]], change: str) -> None:
    one, two = await make_place(house, "one"), await make_place(house, "two")
    await make_alert(house)
    dispatcher = made(house, Far())
    before = {o.claimed.outlet_id: (o.host, o.settings) for o in await _orders(house, dispatcher)}
    assert {o.claimed.outlet_id: (o.host, o.settings) for o in await _orders(house, dispatcher)} == before
    assert read == [{one, two}]
    await rows(house, change)
    after = {o.claimed.outlet_id: (o.host, o.settings) for o in await _orders(house, dispatcher)}
    assert after[one] != before[one]
    assert read[1] == ({one} if change.startswith("UPDATE outlet") else {one, two})
    await _orders(house, dispatcher)
    assert len(read) == 2


async def test_agreement_that_is_taken_back_is_seen_by_the_next_claim(house: House) -> None:
    await make_place(house, "one", takes_exercises=True)
    await make_alert(house, status="exercise")
    dispatcher = made(house, Far())
    assert len(await _orders(house, dispatcher)) == 1
    await rows(house, "UPDATE outlet SET takes_exercises = false")
    taken, now = await _claimed(house)
    async with transaction(house.engine) as session:
        orders, (broken,) = await dispatcher._preparer.orders(session, taken, time.monotonic(), now)
    assert not orders
    assert broken.outcome is Outcome.REFUSED


async def test_what_somebody_else_read_before_a_change_does_not_come_between(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one outlet is read the tender writes down what it knows of the other, from before that one was changed."""
    one, two = await make_place(house, "one"), await make_place(house, "two")
    await make_alert(house)
    dispatcher = made(house, Far())
    await _orders(house, dispatcher)
    old = dispatcher._preparer._places[one]
    await rows(house, "UPDATE outlet SET failures = 3 WHERE id = :id", id=one)
    await _orders(house, dispatcher)
    await rows(house, "UPDATE outlet SET failures = 3 WHERE id = :id", id=two)
    really = sendable.read

    async def slow(session: Session, ids: Collection[int]) -> Mapping[int, Sendable]:
        dispatcher._preparer._places[one] = old
        return await really(session, ids)

    monkeypatch.setattr(sendable, "read", slow)
    assert {o.claimed.outlet_id for o in await _orders(house, dispatcher) if o.host.ailing} == {one, two}


async def test_when_the_database_was_away_all_is_read_again(house: House, read: list[set[int]]) -> None:
    """What comes back may have been restored from elsewhere, and count its changes anew."""
    one = await make_place(house, "one")
    await make_alert(house)
    dispatcher = made(house, Far())
    await _orders(house, dispatcher)

    async def away() -> int:
        raise StoreUnavailable("gone")

    stop = asyncio.Event()
    stop.set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatcher, "_claim", away)
        await dispatcher._turn(stop)
    await _orders(house, dispatcher)
    assert read == [{one}, {one}]


async def test_a_claim_that_did_not_look_has_it_read(house: House, read: list[set[int]]) -> None:
    """As those who look after what was taken."""
    one = await make_place(house, "one")
    await make_alert(house)
    dispatcher = made(house, Far())
    (order,) = await _orders(house, dispatcher)
    async with transaction(house.engine) as session:
        unseen: list[Claimed] = [order.claimed._replace(seen=None)]
        orders, _ = await dispatcher._preparer.orders(session, unseen, time.monotonic(), dispatcher.clock.now())
    assert len(orders) == 1
    assert read == [{one}, {one}]


async def test_memory_has_an_end(house: House, read: list[set[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "KEPT_PLACES", 1)
    both = {await make_place(house, "one"), await make_place(house, "two")}
    await make_alert(house)
    dispatcher = made(house, Far())
    for _ in range(3):
        assert len(await _orders(house, dispatcher)) == 2
    assert read == [both] * 3
