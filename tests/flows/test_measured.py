"""How long outlets take, measured once for each delivery: until it is taken, and until it is proven."""

from datetime import timedelta
from typing import Any

import pytest

from app.api.feed_desk import FeedDesk
from app.db.engine import transaction
from app.domain.board import Ask
from app.domain.words import ReceiptKind
from app.flows import boards
from app.flows.confirm import Stated, confirm
from app.flows.house import House
from tests.flows.acts import fetched, record, retracted, said, submitted
from tests.flows.ledger import aired, one, rows
from tests.flows.test_confirm import NOW, delivery, partner
from tests.flows.test_play import make_player, shown
from tests.making import make_organ, make_outlet
from tests.measured import canonical_lines, measured, total

R = ReceiptKind
TOOK, AIRED = "huijia_accepted_seconds_count", "huijia_aired_seconds_count"


async def make_reader(house: House) -> int:
    """A partner with an outlet that polls, and one that is sent to and is seen in the same feed."""
    await make_organ(house)
    await make_outlet(house, name="app", channel="partner", carrier="feed", partner="某平台")
    await make_outlet(house, name="屏", partner="某平台")
    return int(await one(house, "SELECT id FROM partner WHERE name = '某平台'"))


@pytest.mark.parametrize("all", [False, True], ids=["its own", "all"])
async def test_what_is_fetched_is_observed_once(house: House, all: bool) -> None:
    reader = await make_reader(house)
    await submitted(house, record())
    await rows(house, "UPDATE delivery SET created_at = created_at - interval '40 s'")
    before, all_before, sum_before = measured(TOOK, kind="publish", lane="polled"), total(TOOK), total(_sum(TOOK))
    desk = FeedDesk(house)
    with canonical_lines() as lines:
        for _ in range(2):
            sheet = await desk.read(Ask(reader, True, all))
            assert len(sheet.items) == (2 if all else 1)
    assert lines == [await line(house, "feed")]
    assert measured(TOOK, kind="publish", lane="polled") == before + 1
    assert total(TOOK) == all_before + 1, "the other one is still to be sent"
    assert 40 <= total(_sum(TOOK)) - sum_before < 60


async def line(house: House, carrier: str) -> str:
    """Of the only attempt."""
    (a,) = await rows(
        house,
        "SELECT d.id, d.alert_id, d.outlet_id FROM attempt t JOIN delivery d ON d.id = t.delivery_id AND t.number = 1",
    )
    return (
        f"attempt delivery={a.id} alert={a.alert_id} notice=1 outlet={a.outlet_id} carrier={carrier} try=1 outcome=accepted "
        "reason=- ms=0"
    )


async def test_a_fetch_that_is_rolled_back_is_not_observed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = await make_reader(house)
    await submitted(house, record())
    before = total(TOOK)

    give = boards.give

    async def broken_off(*given: Any) -> boards.Given:
        await give(*given)
        raise RuntimeError("in the middle")

    monkeypatch.setattr("app.api.feed_desk.give", broken_off)
    with pytest.raises(RuntimeError, match="in the middle"):
        await fetched(house, reader)
    monkeypatch.undo()
    assert total(TOOK) == before
    await fetched(house, reader)
    assert total(TOOK) == before + 1


async def test_what_is_fetched_again_on_another_wire_is_not_observed(house: House) -> None:
    reader = await make_reader(house)
    await submitted(house, record())
    await rows(house, "UPDATE delivery SET accepted_at = created_at WHERE lane = 'polled'")
    before = total(TOOK)
    await fetched(house, reader)
    assert await one(house, "SELECT tries FROM delivery WHERE lane = 'polled'") == 1
    assert total(TOOK) == before


async def test_what_a_page_takes_is_observed_once(house: House) -> None:
    _, token = await make_player(house)
    issued = await submitted(house, record())
    await rows(house, "UPDATE delivery SET created_at = created_at - interval '40 s'")
    before, sum_before = measured(TOOK, kind="publish", lane="played"), total(_sum(TOOK))
    with canonical_lines() as lines:
        await shown(house, token)
        await shown(house, token)
    assert lines == [await line(house, "player")]
    assert measured(TOOK, kind="publish", lane="played") == before + 1
    assert 40 <= total(_sum(TOOK)) - sum_before < 60
    await rows(house, "UPDATE delivery SET state = 'pending'")  # as a replay does
    await shown(house, token)
    assert await one(house, "SELECT tries FROM delivery") == 2
    assert measured(TOOK, kind="publish", lane="played") == before + 1, "it was taken before"
    ends = measured(TOOK, kind="retract", lane="played")
    await retracted(house, issued.code)
    await shown(house, token)
    assert measured(TOOK, kind="retract", lane="played") == ends + 1


@pytest.fixture
async def code(house: House) -> str:
    await make_organ(house)
    await make_outlet(house)
    return (await submitted(house, record())).code


async def test_aired_is_what_counts_and_once(house: House, code: str) -> None:
    """Having received it comes first, and proves nothing of the screen; and it is shown again and again."""
    me, id = await partner(house), await delivery(house)
    before, sum_before = measured(AIRED, kind="publish"), total(_sum(AIRED))
    await said(house, me, id, R.RECEIVED)
    assert measured(AIRED, kind="publish") == before
    await rows(house, "UPDATE delivery SET created_at = created_at - interval '40 s'")
    for n in range(3):
        await said(house, me, id, R.AIRED, at=NOW + timedelta(seconds=n // 2))
    assert measured(AIRED, kind="publish") == before + 1
    assert 40 <= total(_sum(AIRED)) - sum_before < 60


async def test_a_retraction_is_proven_by_what_is_down(house: House, code: str) -> None:
    await aired(house)
    await retracted(house, code)
    me, first, second = await partner(house), await delivery(house), await delivery(house, 2)
    before = measured(AIRED, kind="retract"), measured(AIRED, kind="publish")
    await said(house, me, second, R.RECEIVED)
    await said(house, me, second, R.AIRED)
    await said(house, me, first, R.TAKEN_DOWN)
    assert (measured(AIRED, kind="retract"), measured(AIRED, kind="publish")) == before
    await said(house, me, second, R.TAKEN_DOWN, at=NOW)
    await said(house, me, second, R.TAKEN_DOWN, at=NOW + timedelta(seconds=1))
    assert (measured(AIRED, kind="retract"), measured(AIRED, kind="publish")) == (before[0] + 1, before[1])


async def test_evidence_that_is_rejected_later_was_evidence(house: House, code: str) -> None:
    """Both in one call: that it aired counts, whatever state the delivery ends in."""
    stated = [Stated(await delivery(house), R.AIRED, NOW), Stated(await delivery(house), R.REJECTED, NOW)]
    before = measured(AIRED, kind="publish")
    async with transaction(house.engine) as session:
        await confirm(session, await partner(house), stated, press=house.press)
        assert measured(AIRED, kind="publish") == before, "not before the commit"
    assert await one(house, "SELECT state FROM delivery") == "failed"
    assert measured(AIRED, kind="publish") == before + 1


def _sum(count: str) -> str:
    return count.removesuffix("_count") + "_sum"
