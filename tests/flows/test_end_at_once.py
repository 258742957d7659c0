"""An alert ends once, whoever ends it, and whoever else is at it in that moment."""

import asyncio

import pytest

from app.domain.errors import WrongState
from app.domain.words import ReceiptKind
from app.flows.confirm import Taken
from app.flows.end import Ended
from app.flows.house import House
from tests.flows.acts import expired, extended, fetched, record, retracted, said, submitted
from tests.flows.ledger import aired, one, rows, told
from tests.making import make_organ, make_outlet

DUE = "UPDATE alert SET expires_at = now()"


@pytest.fixture
async def code(house: House) -> str:
    """On air at two stations."""
    await make_organ(house)
    for name in ("tv", "radio"):
        await make_outlet(house, name=name, channel=name)
    issued = await submitted(house, record())
    await aired(house)
    return issued.code


async def one_end(house: House) -> None:
    """One retraction, to each outlet once, and it is the head."""
    assert await one(house, "SELECT count(*) FROM notice WHERE kind = 'retract'") == 1
    assert await one(house, "SELECT head FROM alert") == 2
    assert await one(house, "SELECT count(*) FROM delivery WHERE number = 2") == 2


async def test_officers_at_once(house: House, code: str) -> None:
    ends = await asyncio.gather(*(retracted(house, code) for _ in range(4)))
    assert sorted(e.again for e in ends) == [False, True, True, True]
    assert {e.number for e in ends} == {2}
    await one_end(house)


async def test_sweeps_at_once(house: House, code: str) -> None:
    await rows(house, DUE)
    id = await one(house, "SELECT id FROM alert")
    ends = await asyncio.gather(*(expired(house, id) for _ in range(4)))
    assert [e for e in ends if e is not None] == [Ended(code, 2, 2)]
    await one_end(house)


@pytest.mark.parametrize("officer_first", [True, False])
async def test_an_officer_and_the_clock_at_once(house: House, code: str, officer_first: bool) -> None:
    await rows(house, DUE)
    id = await one(house, "SELECT id FROM alert")
    acts = [retracted(house, code), expired(house, id)]
    ends = await asyncio.gather(*(acts if officer_first else reversed(acts)), return_exceptions=True)
    mine, clock = ends if officer_first else reversed(ends)
    state = await one(house, "SELECT state FROM alert")
    if state == "retracted":
        assert isinstance(mine, Ended)
        assert clock is None
    else:
        assert (state, type(mine)) == ("expired", WrongState)
        assert isinstance(clock, Ended)
    await one_end(house)


async def test_the_end_and_its_growth_at_once(house: House, code: str) -> None:
    """A new outlet is added or is not; if it was, and nothing left yet, it is spared."""
    new = await make_outlet(house, name="new", channel="tv")
    id = await one(house, "SELECT id FROM alert")
    await asyncio.gather(extended(house, id), retracted(house, code))
    assert new not in await told(house, code, 2)
    waiting = await rows(house, "SELECT state FROM delivery WHERE outlet_id = :id", id=new)
    assert {r.state for r in waiting} <= {"superseded"}


async def test_whoever_reads_as_it_ends_has_the_end_or_nothing(house: House, code: str) -> None:
    """The feed is read by ten while it ends: if one of them was given the publish, the retraction is there for it."""
    await make_outlet(house, name="app", channel="partner", carrier="feed", partner="某平台")
    reader = int(await one(house, "SELECT id FROM partner WHERE name = '某平台'"))
    app = int(await one(house, "SELECT id FROM outlet WHERE name = 'app'"))
    assert await extended(house, await one(house, "SELECT id FROM alert")) == 1
    reads = [fetched(house, reader) for _ in range(10)]
    ends = await asyncio.gather(*reads[:5], retracted(house, code), *reads[5:])
    given = {i["payload"]["data"]["kind"] for e in ends if isinstance(e, tuple) for i in e[1]}
    _, now = await fetched(house, reader)
    tried = await one(house, "SELECT tries FROM delivery WHERE number = 1 AND outlet_id = :id", id=app)
    assert ("publish" in given) <= (tried == 1)
    assert (app in await told(house, code, 2)) == (tried == 1)
    assert [i["payload"]["data"]["kind"] for i in now] == ["retract"] * tried


async def test_nobody_was_told(house: House) -> None:
    await make_organ(house)
    await make_outlet(house, name="tv", channel="tv")
    issued = await submitted(house, record())
    ended = await retracted(house, issued.code)
    assert (ended.number, ended.told) == (2, 0)
    assert [tuple(r) for r in await rows(house, "SELECT number, state FROM delivery")] == [(1, "superseded")]
    assert await one(house, "SELECT state FROM alert") == "retracted"


async def test_one_that_had_refused_and_then_says_that_it_airs(house: House, code: str) -> None:
    """Certainly refused, so never told; it says otherwise after the end, and then it is told, once."""
    await rows(house, "UPDATE delivery SET state = 'failed', tries = 2, refusals = 2 WHERE profile LIKE 'radio:%'")
    (radio,) = await rows(house, "SELECT id, outlet_id FROM delivery WHERE profile LIKE 'radio:%'")
    await retracted(house, code)
    assert radio.outlet_id not in await told(house, code, 2)
    partner = await one(house, "SELECT DISTINCT partner_id FROM outlet")
    for _ in range(2):
        assert await said(house, partner, radio.id, ReceiptKind.AIRED) is Taken.RECORDED
    assert radio.outlet_id in await told(house, code, 2)
    ready = "SELECT count(*) FROM rendition r JOIN delivery d USING (alert_id, number, profile) WHERE d.outlet_id = :id"
    assert await one(house, ready + " AND d.number = 2", id=radio.outlet_id) == 1, "and there is something to send"
    assert await one(house, "SELECT state FROM delivery WHERE id = :id", id=radio.id) == "confirmed"


async def test_a_receipt_and_the_end_at_once(house: House) -> None:
    """Not sent as far as we know; it says that it airs in the very moment of the end. Whichever is first, it is told."""
    await make_organ(house)
    place = await make_outlet(house, name="tv", channel="tv")
    partner = await one(house, "SELECT partner_id FROM outlet")
    for n in range(6):
        issued = await submitted(house, record(case_number=f"A610113000000202611{n:04d}"))
        sql = "SELECT d.id FROM delivery d JOIN alert a ON a.id = d.alert_id WHERE a.code = :code"
        delivery = await one(house, sql, code=issued.code)
        await asyncio.gather(said(house, partner, delivery, ReceiptKind.AIRED), retracted(house, issued.code))
        assert await told(house, issued.code, 2) == [place]
