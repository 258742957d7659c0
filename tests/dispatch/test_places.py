"""What a send needs of its outlet is read once, and again after every change of it or of its partner."""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import pytest

from app.db import claims, sendable
from app.db.claims import Claimed, Leases
from app.db.engine import Session, transaction
from app.db.sendable import Sendable
from app.dispatch import prepare
from app.dispatch.dispatcher import Dispatcher
from app.dispatch.send import Order
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


async def _orders(house: House, dispatcher: Dispatcher) -> Sequence[Order]:
    """Of all that there is, due once more."""
    await rows(house, "UPDATE delivery SET state = 'pending', tries = 0, lease_until = NULL")
    async with transaction(house.engine) as session:
        now = await claims.begin(session)
        taken = await claims.claim(session, worker="w", leases=LEASES, room=10, only_retractions=False)
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
    assert one in read[1]
    await _orders(house, dispatcher)
    assert len(read) == 2


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
