"""A send has the lease that its carrier's deadline asks for, and does not begin where the two do not fit."""

import time
from datetime import timedelta

from app.db import claims, tending
from app.db.claims import Leases
from app.db.engine import transaction
from app.dispatch.dispatcher import Dispatcher
from app.dispatch.send import send_together
from app.dispatch.timeouts import Timeouts
from app.flows.house import House
from tests.dispatch.far import Far, made, make_place, rows
from tests.making import make_alert

SECOND = timedelta(seconds=1)
LEASES = Leases(27 * SECOND, {"webhook": 15 * SECOND, "ebd": 27 * SECOND})


async def test_it_goes_by_the_carrier(house: House) -> None:
    places = {await make_place(house, name): name for name in ("webhook", "ebd", "unknown")}
    await make_alert(house)
    for name in ("ebd", "unknown"):
        await rows(house, f"UPDATE outlet SET carrier = '{name}' WHERE name = '{name}'")
    async with transaction(house.engine) as session:
        taken = await claims.claim(session, worker="w", leases=LEASES, room=10, only_retractions=False)
    assert {places[c.outlet_id]: c.lease for c in taken} == {
        "webhook": 15 * SECOND, "ebd": 27 * SECOND, "unknown": 27 * SECOND,
    }  # fmt: skip
    until = await rows(house, "SELECT outlet_id, lease_until > now() + interval '20 s' AS is_long FROM delivery")
    assert {places[r.outlet_id] for r in until if r.is_long} == {"ebd", "unknown"}


async def test_one_whose_wire_was_changed_after_the_claim_does_not_begin(house: House) -> None:
    """Claimed for a quick wire, and the settings that are read then are those of a slow one."""
    await make_place(house, "one")
    await make_alert(house)
    far = Far()
    dispatcher: Dispatcher = made(house, far)
    async with transaction(house.engine) as session:
        taken = await claims.claim(session, worker="w", leases=Leases(SECOND), room=10, only_retractions=False)
        orders, broken = await dispatcher._preparer.orders(session, taken, time.monotonic(), dispatcher.clock.now())
    assert orders
    assert not broken
    ((result, _),) = await send_together(orders, wire=far, clock=dispatcher.clock, timeouts=Timeouts())
    assert result.reason == "lease_lost"
    assert not far.calls


async def test_a_look_has_the_lease_of_its_carrier_too(house: House) -> None:
    """A process that dies while it looks must not keep the retraction from the outlet for longer than a send would."""
    places = {await make_place(house, name): name for name in ("webhook", "ebd")}
    await make_alert(house)
    await rows(house, "UPDATE outlet SET carrier = 'ebd' WHERE name = 'ebd'")
    await rows(house, "UPDATE delivery SET state = 'accepted', tend_at = now()")
    async with transaction(house.engine) as session:
        looks = await tending.claim(session, worker="w", leases=LEASES, room=10, renewing=[])
    assert {places[t.claimed.outlet_id]: t.claimed.lease for t in looks} == {
        "webhook": 15 * SECOND, "ebd": 27 * SECOND,
    }  # fmt: skip
