"""How long outlets take, measured once for each delivery: until it is taken, and until it is proven."""

import pytest

from app.api.feed_desk import FeedDesk
from app.db.engine import transaction
from app.domain.board import Ask
from app.domain.words import ReceiptKind
from app.flows.fetch import fetch
from app.flows.house import House
from tests.flows.acts import fetched, record, retracted, submitted
from tests.flows.ledger import one, rows
from tests.flows.test_play import make_player, shown
from tests.making import make_organ, make_outlet
from tests.measured import measured, total

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
    for _ in range(2):
        sheet = await desk.read(Ask(reader, True, all))
        assert len(sheet.items) == (2 if all else 1)
    assert measured(TOOK, kind="publish", lane="polled") == before + 1
    assert total(TOOK) == all_before + 1, "the other one is still to be sent"
    assert 40 <= total(_sum(TOOK)) - sum_before < 60


async def test_a_fetch_that_is_rolled_back_is_not_observed(house: House) -> None:
    reader = await make_reader(house)
    await submitted(house, record())
    before = total(TOOK)

    async def break_off() -> None:
        async with transaction(house.engine) as session:
            await fetch(session, reader, 0, 100, press=house.press)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await break_off()
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
    await shown(house, token)
    await shown(house, token)
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


def _sum(count: str) -> str:
    return count.removesuffix("_count") + "_sum"
