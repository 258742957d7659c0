"""Reach grows with the time since the loss; new outlets hear of live alerts; nobody is told twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.db import outlets
from app.db.engine import transaction
from app.flows.enrol import Application, enrol
from app.flows.house import House
from app.flows.roster import check_document, enrol_all
from tests.flows.acts import amended, extended, record, retracted, submitted
from tests.flows.ledger import one, rows, told
from tests.machine.clock import move_clock, stop_the_clock
from tests.making import make_organ, make_outlet, make_partner

HOUR = timedelta(hours=1)
# Places east of 小寨, by rough distance in kilometres.
AT = {50: 109.49, 150: 110.57, 250: 111.65, 400: 113.28, 600: 115.45}


@pytest.fixture
async def still(house: House) -> House:
    """A house whose clock stands at the present until a test moves it."""
    await stop_the_clock(house.engine)
    await rows(house, "UPDATE clock.face SET at = pg_catalog.now()")
    await make_organ(house)
    return house


async def _ring(house: House) -> dict[int, int]:
    """An outlet at each distance, none of them changed lately."""
    made = {km: await make_outlet(house, name=f"{km} km", channel="tv", lon=lon, lat=34.22) for km, lon in AT.items()}
    await rows(house, "UPDATE outlet SET updated_at = now() - interval '1 day'")
    return made


async def test_the_circle_grows_by_the_hour(still: House) -> None:
    ring = await _ring(still)
    lost = datetime.now(UTC) - timedelta(minutes=40)
    issued = await submitted(still, record(loss__at=lost.isoformat()))
    id = await one(still, "SELECT id FROM alert")
    expected = [50]
    assert await told(still, issued.code, 1) == [ring[50]]
    for newly in (150, 250, 400, None):
        await move_clock(still.engine, HOUR)
        assert await extended(still, id) == (1 if newly else 0)
        expected += [newly] if newly else []
        assert await told(still, issued.code, 1) == [ring[km] for km in expected]
        assert await extended(still, id) == 0, "safe to run twice"
    assert ring[600] not in await told(still, issued.code, 1), "500 km is the farthest"
    assert [r.detail["reach_km"] for r in await rows(still, "SELECT detail FROM audit WHERE act = 'extend' ORDER BY id")] == [
        200, 300, 500,
    ]  # fmt: skip


async def test_it_grows_with_the_notice_that_is_in_force(still: House) -> None:
    ring = await _ring(still)
    issued = await submitted(still, record())
    await amended(still, issued.code, record(minor__clothing="蓝色外套"))
    await move_clock(still.engine, HOUR)
    await extended(still, await one(still, "SELECT id FROM alert"))
    assert await told(still, issued.code, 1) == [ring[50]]
    assert ring[150] in await told(still, issued.code, 2)
    assert await one(still, "SELECT kind FROM delivery WHERE outlet_id = :id", id=ring[150]) == "update"


async def test_what_is_over_does_not_grow(still: House) -> None:
    await _ring(still)
    issued = await submitted(still, record())
    await retracted(still, issued.code)
    await move_clock(still.engine, HOUR)
    assert await extended(still, await one(still, "SELECT id FROM alert")) == 0
    assert await one(still, "SELECT count(*) FROM delivery WHERE number = 2") == 0


async def test_a_new_outlet_hears_of_a_live_alert_once(still: House) -> None:
    issued = await submitted(still, record())
    id = await one(still, "SELECT id FROM alert")
    new = await make_outlet(still, name="new", channel="tv")
    ends = await asyncio.gather(*(extended(still, id) for _ in range(3)))
    assert sorted(ends) == [0, 0, 1], "three sweeps at once"
    assert await told(still, issued.code, 1) == [new]


async def test_who_is_paused_hears_of_it_when_the_pause_is_over(still: House) -> None:
    place = await make_outlet(still, name="paused", channel="tv")
    await rows(still, "UPDATE outlet SET paused = true")
    issued = await submitted(still, record())
    id = await one(still, "SELECT id FROM alert")
    assert await extended(still, id) == 0
    await rows(still, "UPDATE outlet SET paused = false, updated_at = now()")
    assert await extended(still, id) == 1
    assert await told(still, issued.code, 1) == [place]


async def test_an_enrolment_that_was_slow_to_commit_is_not_missed(still: House) -> None:
    """It began before the alert was issued and swept, and is seen only afterwards."""
    partner = await make_partner(still)
    facts = Application("slow", "tv", "feed", {}, lon=108.95, lat=34.22)
    async with transaction(still.engine) as slow:
        await enrol(slow, partner, facts, wire=still.wire, seal=still.seal)
        await move_clock(still.engine, timedelta(minutes=1))
        issued = await submitted(still, record())
        id = await one(still, "SELECT id FROM alert")
        assert await extended(still, id) == 0
    await move_clock(still.engine, timedelta(seconds=5))
    assert await extended(still, id) == 1
    assert len(await told(still, issued.code, 1)) == 1


async def test_a_sweep_that_found_nobody_remembers_how_far_it_looked(still: House) -> None:
    issued = await submitted(still, record())
    await move_clock(still.engine, HOUR)
    await extended(still, await one(still, "SELECT id FROM alert"))
    assert await one(still, "SELECT reach_km FROM alert") == 200
    assert await told(still, issued.code, 1) == []


async def test_only_who_has_not_been_told_is_looked_at_again(still: House) -> None:
    """Ten thousand outlets are not weighed anew for every live alert whenever one of them is edited."""
    ring = await _ring(still)
    await submitted(still, record())
    id = await one(still, "SELECT id FROM alert")
    assert {row.outlet_id for row in await rows(still, "SELECT outlet_id FROM delivery")} == {ring[50]}
    await rows(still, "UPDATE outlet SET updated_at = now() WHERE id = ANY(:ids)", ids=[ring[50], ring[600]])
    async with transaction(still.engine) as session:
        changed = await outlets.untold(session, id, 1, changed=True)
        others = await outlets.untold(session, id, 1, changed=False)
    assert [outlet.id for outlet in changed] == [ring[600]]
    assert [outlet.id for outlet in others] == [ring[km] for km in (150, 250, 400, 600)]


async def test_a_roster_that_takes_long_is_not_missed(house: House) -> None:
    """Its first outlets are written minutes before it is committed, and live alerts are swept meanwhile: all of them count as
    changed at the end."""
    outlet = {"name": "slow", "channel": "tv", "carrier": "feed", "codes": ["610113"]}
    roster = check_document({"partners": [{"name": "one", "outlets": [outlet]}]})
    async with transaction(house.engine) as session:
        await session.execute(text("SELECT pg_sleep(0.05)"))
        await enrol_all(session, roster, "test", wire=house.wire, seal=house.seal)
        changed = await session.execute(text("SELECT updated_at - now() FROM outlet"))
        assert changed.scalar_one() >= timedelta(seconds=0.05)
