"""Receipts: early, late, twice, contradictory or for something unknown."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.db.engine import transaction
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, Taken, confirm
from app.flows.house import House
from app.flows.latecomers import take_down_latecomers
from tests.flows.acts import amended, record, retracted, said, submitted
from tests.flows.ledger import aired, one, rows, told
from tests.making import make_organ, make_outlet, make_partner

R = ReceiptKind
NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.fixture
async def code(house: House) -> str:
    await make_organ(house)
    await make_outlet(house, name="tv", channel="tv")
    return (await submitted(house, record())).code


async def partner(house: House) -> int:
    return int(await one(house, "SELECT id FROM partner WHERE name = '测试协作单位'"))


async def delivery(house: House, number: int = 1) -> int:
    return int(await one(house, "SELECT id FROM delivery WHERE number = :n", n=number))


async def state(house: House, number: int = 1) -> str:
    return str(await one(house, "SELECT state FROM delivery WHERE number = :n", n=number))


async def test_evidence_outranks_our_opinion(house: House, code: str) -> None:
    """We gave it up for failed; it was on air all the time."""
    await rows(house, "UPDATE delivery SET state = 'failed', tries = 1, refusals = 1, reason = 'rejected'")
    assert await said(house, await partner(house), await delivery(house), R.AIRED) is Taken.RECORDED
    (found,) = await rows(house, "SELECT state, heard, confirmed_at IS NOT NULL AS at FROM delivery")
    assert tuple(found) == ("confirmed", True, True)


async def test_the_same_receipt_twice_is_one(house: House, code: str) -> None:
    me, id = await partner(house), await delivery(house)
    ends = await asyncio.gather(*(said(house, me, id, R.AIRED, at=NOW) for _ in range(4)))
    assert sorted(ends) == [Taken.DUPLICATE] * 3 + [Taken.RECORDED]
    assert await said(house, me, id, R.AIRED, at=NOW + timedelta(seconds=1)) is Taken.RECORDED, "another showing"
    assert await one(house, "SELECT count(*) FROM receipt") == 2


async def test_what_fits_nothing_is_kept(house: House, code: str) -> None:
    other = await make_partner(house, "别家")
    mine = await delivery(house)
    for id, as_said in ((None, "dlv_x"), (999_999, "dlv_999999"), (mine, f"dlv_{mine}")):
        taken = await said(house, other, id, R.AIRED, said_for=as_said, note="头屏")
        assert taken is Taken.UNMATCHED
    kept = await rows(house, "SELECT delivery_id, partner_id, said_for, note FROM receipt ORDER BY id")
    assert [tuple(r) for r in kept] == [(None, other, s, "头屏") for s in ("dlv_x", "dlv_999999", f"dlv_{mine}")]
    assert await state(house) == "pending", "one partner cannot speak for another"


async def test_good_ones_are_kept_beside_one_that_fits_nothing(house: House, code: str) -> None:
    stated = [Stated(999_999, R.AIRED, NOW), Stated(await delivery(house), R.RECEIVED, NOW)]
    async with transaction(house.engine) as session:
        taken = await confirm(session, await partner(house), stated, press=house.press)
    assert taken == [Taken.UNMATCHED, Taken.RECORDED]
    assert await state(house) == "confirmed"


async def test_rejected_fails_and_says_why(house: House, code: str) -> None:
    await aired(house)
    await said(house, await partner(house), await delivery(house), R.REJECTED, note="广告时段已满")
    (found,) = await rows(house, "SELECT state, reason, detail FROM delivery")
    assert tuple(found) == ("failed", "rejected", "广告时段已满")
    await retracted(house, code)
    assert len(await told(house, code, 2)) == 1, "our attempt was accepted: it may have aired before it was rejected"


async def test_an_early_receipt_leaves_the_send_alive(house: House, code: str) -> None:
    """It may be for an earlier try: until this one is settled nothing else goes to the outlet."""
    await rows(
        house, "UPDATE delivery SET state = 'sending', tries = 2, worker = 'w', lease_until = now() + interval '15 s'"
    )
    await said(house, await partner(house), await delivery(house), R.RECEIVED)
    (found,) = await rows(house, "SELECT state, worker, lease_until IS NULL AS ended FROM delivery")
    assert tuple(found) == ("confirmed", "w", False)


@pytest.mark.parametrize("kind", [R.RECEIVED, R.AIRED])
async def test_having_received_the_retraction_is_not_having_obeyed_it(
    house: House, code: str, kind: ReceiptKind
) -> None:
    await aired(house)
    await retracted(house, code)
    await aired(house, number=2)
    me, id = await partner(house), await delivery(house, 2)
    await said(house, me, id, kind)
    assert await state(house, 2) == "accepted"
    await said(house, me, id, R.TAKEN_DOWN)
    assert await state(house, 2) == "confirmed"


async def test_aired_after_taken_down_contradicts(house: House, code: str) -> None:
    await aired(house)
    await retracted(house, code)
    me, first, second = await partner(house), await delivery(house), await delivery(house, 2)
    await said(house, me, second, R.TAKEN_DOWN, at=NOW)
    await said(house, me, first, R.AIRED, at=NOW - timedelta(minutes=5))
    await said(house, me, first, R.AIRED, at=NOW + timedelta(minutes=5))
    found = await rows(house, "SELECT at, contradicts FROM receipt WHERE kind = 'aired' ORDER BY at")
    assert [r.contradicts for r in found] == [False, True], "what was aired before it came down is no contradiction"


async def test_a_latecomer_is_told_to_stop(house: House, code: str) -> None:
    """Never sent as far as we know, so never told; then it says that it is on air."""
    await retracted(house, code)
    assert await told(house, code, 2) == []
    id = await delivery(house)
    assert await state(house) == "superseded"
    await said(house, await partner(house), id, R.AIRED)
    assert len(await told(house, code, 2)) == 1
    assert await state(house) == "superseded", "evidence never revives what was replaced"
    await said(house, await partner(house), id, R.AIRED, at=NOW)
    assert len(await told(house, code, 2)) == 1, "once is enough"


async def test_evidence_that_crossed_the_end_is_found_by_the_sweep(
    house: House, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unseen(*_: object, **__: object) -> int:
        return 0

    await retracted(house, code)
    with monkeypatch.context() as crossed:
        crossed.setattr("app.flows.confirm.take_down_latecomer", unseen)
        await said(house, await partner(house), await delivery(house), R.AIRED)
    assert await told(house, code, 2) == []
    for expected in (1, 0):
        async with transaction(house.engine) as session:
            assert await take_down_latecomers(session, press=house.press) == expected
    assert len(await told(house, code, 2)) == 1


async def test_a_receipt_for_an_older_notice_confirms_that_one(house: House, code: str) -> None:
    await aired(house)
    await amended(house, code, record(minor__clothing="蓝色外套"))
    await said(house, await partner(house), await delivery(house), R.AIRED)
    assert (await state(house), await state(house, 2)) == ("confirmed", "pending")
