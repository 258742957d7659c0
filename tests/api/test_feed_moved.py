"""An outlet that was called goes over to the feed, whatever has come of what was sent to it: what its reader is given counts,
and what it is not given holds nothing else up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.api.feed_desk import FeedDesk
from app.api.sheet import Sheet
from app.db import claims
from app.db.claims import Claimed, Leases
from app.db.engine import transaction
from app.db.settling import Result
from app.dispatch.settle import settle
from app.domain.board import Ask
from app.domain.words import Outcome, ReceiptKind
from app.flows.ask_again import ask_again
from app.flows.house import House
from app.flows.move import EVERY
from tests.api.hours import goes_by
from tests.flows.acts import record, retracted, said, submitted
from tests.flows.ledger import aired, one, rows
from tests.making import make_alert, make_organ, make_outlet, police

ACCEPTED, RETRY, REFUSED = Outcome.ACCEPTED, Outcome.RETRY, Outcome.REFUSED


@pytest.fixture
async def partner(house: House) -> int:
    """With one outlet, which is called."""
    await make_organ(house)
    await make_outlet(house, name="屏", partner="某平台")
    return int(await one(house, "SELECT id FROM partner WHERE name = '某平台'"))


async def moved(house: House) -> None:
    await make_outlet(house, name="屏", partner="某平台", carrier="feed", settled=EVERY)


async def claimed(house: House) -> Sequence[Claimed]:
    await rows(house, "UPDATE delivery SET due_at = now() WHERE state = 'pending'")
    async with transaction(house.engine) as session:
        return await claims.claim(
            session, worker="w", leases=Leases(timedelta(seconds=15)), room=10, only_retractions=False
        )


async def answered(house: House, sends: Sequence[Claimed], outcome: Outcome) -> None:
    now, reason = datetime.now(UTC), None if outcome is ACCEPTED else "gone"
    async with transaction(house.engine) as session:
        done = [(Result(send, "webhook", outcome, reason, "", now, now), None) for send in sends]
        await settle(session, done, "w", house.press)


def read(sheet: Sheet) -> list[str]:
    return [p.notice for p in sheet.postings]


async def told_of_all(house: House, desk: FeedDesk, ask: Ask) -> list[str]:
    """What the reader is given. It counts by then."""
    sheet = await desk.read(ask)
    for p in sheet.postings:
        assert await one(
            house, "SELECT tries > refusals OR heard OR kind = 'retract' FROM delivery WHERE id = :d", d=p.delivery
        ), f"{p.notice} was given and counts as never told"
    return read(sheet)


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize(
    ("before", "after", "given"),
    [
        ([], None, True),
        ([RETRY], None, True),
        ([REFUSED], None, False),
        ([RETRY, REFUSED], None, True),
        ([], REFUSED, False),
        ([], ACCEPTED, True),
        ([], RETRY, True),
        ([RETRY], REFUSED, True),
    ],
)
async def test_what_is_given_counts_and_what_is_not_holds_nothing_up(
    house: House, partner: int, before: list[Outcome], after: Outcome | None, given: bool, numbered: bool
) -> None:
    """``before`` are the answers of the webhook until the outlet goes over; ``after``: one is still under way then, and is
    answered so."""
    desk, ask = FeedDesk(house), Ask(partner, True, False)
    await desk.read(ask)
    issued = await submitted(house, record())
    for outcome in before:
        await answered(house, await claimed(house), outcome)
    under_way = await claimed(house) if after is not None else []
    if numbered:
        await goes_by(house, "3 seconds")
        assert read(await desk.read(ask)) == []
        assert await one(house, "SELECT feed_seq FROM delivery") == 1
    await moved(house)
    if after is not None:
        assert await told_of_all(house, desk, ask) == [], "nobody knows yet"
        await answered(house, under_way, after)
        await rows(house, "UPDATE delivery SET due_at = now() WHERE state = 'pending'")
    first = [f"{issued.code}/1"] if given else []
    assert await told_of_all(house, desk, ask) == first
    assert await told_of_all(house, FeedDesk(house), ask) == first
    later = await make_alert(house)
    sheet = await desk.read(ask)
    assert read(sheet) == [*first, f"{later}/1"]
    assert sheet.cursor == await one(house, "SELECT head FROM feed")
    assert (await desk.read(ask)).tag is not None, "nothing waits that nobody can take"
    ended = await retracted(house, issued.code)
    assert ended.told == len(first)
    assert read(await desk.read(ask)) == [f"{later}/1", *([f"{issued.code}/2"] if given else [])]


async def test_what_was_refused_is_given_once_it_is_asked_for_again(house: House, partner: int) -> None:
    desk, ask = FeedDesk(house), Ask(partner, True, False)
    await desk.read(ask)
    issued = await submitted(house, record())
    await answered(house, await claimed(house), REFUSED)
    cursor = (await desk.read(ask)).cursor
    await moved(house)
    assert read(await desk.read(ask)) == []
    async with transaction(house.engine) as session:
        assert await ask_again(session, police(), issued.code) == 1
    sheet = await desk.read(Ask(partner, True, False, cursor=cursor))
    assert (read(sheet), sheet.cursor) == ([f"{issued.code}/1"], 2), "under a number that no cursor has passed"
    assert await one(house, "SELECT state FROM delivery") == "accepted"
    assert (await retracted(house, issued.code)).told == 1


async def test_an_end_that_was_refused_is_given_all_the_same(house: House, partner: int) -> None:
    """It stays undelivered, for operators to see: nobody has obeyed it."""
    desk, ask = FeedDesk(house), Ask(partner, True, False)
    await desk.read(ask)
    issued = await submitted(house, record())
    await aired(house)
    await retracted(house, issued.code)
    await answered(house, await claimed(house), REFUSED)
    await moved(house)
    assert read(await desk.read(ask)) == [f"{issued.code}/2"]
    assert await one(house, "SELECT state FROM delivery WHERE number = 2") == "failed"


async def test_what_its_reader_rejected_holds_nothing_up(house: House, partner: int) -> None:
    await moved(house)
    desk, ask = FeedDesk(house), Ask(partner, True, False)
    issued = await submitted(house, record())
    (fetched,) = (await desk.read(ask)).postings
    await said(house, partner, fetched.delivery, ReceiptKind.REJECTED)
    later = await make_alert(house)
    for one_desk in (desk, FeedDesk(house)):
        assert read(await one_desk.read(ask)) == [f"{issued.code}/1", f"{later}/1"]
    assert (await retracted(house, issued.code)).told == 1


async def test_what_waited_for_its_old_wire_is_due_now(house: House, partner: int) -> None:
    desk, ask = FeedDesk(house), Ask(partner, True, False)
    issued = await submitted(house, record())
    await rows(house, "UPDATE delivery SET tries = 1, due_at = now() + interval '10 minutes'")
    await moved(house)
    assert read(await desk.read(ask)) == [f"{issued.code}/1"]


async def test_what_is_refused_while_its_reader_rejects_it_is_not_given(house: House, partner: int) -> None:
    """A receipt came while the send was under way, and then the outlet went over: until that is answered it counts, and
    then it does not."""
    desk, ask = FeedDesk(house), Ask(partner, True, False)
    await desk.read(ask)
    issued = await submitted(house, record())
    under_way = await claimed(house)
    assert (await desk.read(ask)).cursor == 1
    await said(house, partner, under_way[0].id, ReceiptKind.REJECTED)
    await moved(house)
    assert await told_of_all(house, desk, ask) == []
    await answered(house, under_way, REFUSED)
    assert await told_of_all(house, desk, ask) == []
    assert (await retracted(house, issued.code)).told == 0
