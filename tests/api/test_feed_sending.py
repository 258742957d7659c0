"""What huijia sends gets its number in the feed once it is on its way: numbering keeps no sender from taking it."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from app.api import feed_desk
from app.api.feed_desk import FeedDesk
from app.db import claims, feed, play
from app.db.claims import Leases
from app.db.engine import Session, transaction
from app.dispatch import dispatcher
from app.domain.board import Ask
from app.domain.words import Kind
from app.flows.house import House
from tests.api.following import following
from tests.api.hours import goes_by
from tests.dispatch.far import Far, dispatching, make_place, until
from tests.flows.acts import record, retracted, submitted
from tests.flows.ledger import aired, one
from tests.making import make_organ, make_outlet


@pytest.fixture
async def partner(house: House) -> int:
    """With one outlet that is called and one that plays for itself."""
    await make_organ(house)
    await make_place(house, "屏", partner="某平台")
    await make_outlet(house, name="页", partner="某平台", carrier="player")
    return int(await one(house, "SELECT id FROM partner WHERE name = '某平台'"))


@asynccontextmanager
async def being_numbered(desk: FeedDesk, ask: Ask, patch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """For as long as the block lasts a reader's answer has numbered what it can, and is not committed."""
    take, numbered, go_on = feed.take, asyncio.Event(), asyncio.Event()
    patch.setattr(feed_desk, "TURN", 30.0)

    async def and_linger(session: Session, ids: Collection[int], heads: Mapping[int, int]) -> Any:
        taken = await take(session, ids, heads)
        numbered.set()
        await go_on.wait()
        return taken

    with patch.context() as slow:
        slow.setattr(feed, "take", and_linger)
        reading = asyncio.create_task(desk.read(ask))
        await asyncio.wait_for(numbered.wait(), 3)
    try:
        yield
    finally:
        go_on.set()
        await reading


@pytest.mark.parametrize("all", [True, False])
async def test_an_end_goes_out_while_it_is_numbered(
    house: House, partner: int, all: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sends passes over what is locked, and looks again a second later."""
    desk, ask = FeedDesk(house), Ask(partner, True, all)
    await desk.read(ask)
    issued = await submitted(house, record())
    await aired(house)
    await desk.read(ask)
    await retracted(house, issued.code)
    async with being_numbered(desk, ask, monkeypatch), transaction(house.engine) as session:
        sends = await claims.claim(
            session, worker="w", leases=Leases(timedelta(seconds=15)), room=10, only_retractions=True
        )
        page = await one(house, "SELECT id FROM outlet WHERE lane = 'played'")
        assert [send.kind for send in sends] == [Kind.RETRACT]
        taken = await play.take(session, [w.id for w in await play.waiting(session, page)])
        assert taken.codes == [issued.code]
    given = (await desk.read(Ask(partner, True, True))).postings
    assert [p.kind for p in given] == [Kind.RETRACT, Kind.RETRACT], "now it is on its way"


async def test_what_nobody_sends_is_in_the_feed_all_the_same(house: House, partner: int) -> None:
    """It is the second way: after two seconds nobody waits any longer for the first."""
    desk, ask = FeedDesk(house), Ask(partner, True, True)
    issued = await submitted(house, record())
    assert (await desk.read(ask)).postings == []
    await goes_by(house, "3 seconds")
    given = (await desk.read(ask)).postings
    assert [p.notice for p in given] == [f"{issued.code}/1"] * 2
    assert (await retracted(house, issued.code)).told == 2


async def test_a_reader_who_waits_has_it_as_soon_as_it_is_on_its_way(
    house: House, partner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told when something is sent."""
    monkeypatch.setattr(feed_desk, "TICK", 60.0)
    ask = Ask(partner, True, True)
    async with following(house) as desk:
        with desk.reader(partner) as changed:
            await desk.read(ask)
            await submitted(house, record())
            await asyncio.wait_for(changed.wait(), 5)
            assert (await desk.read(ask)).postings == []
            changed.clear()
            await aired(house)
            await asyncio.wait_for(changed.wait(), 5)
            assert len((await desk.read(ask)).postings) == 2


async def test_who_passed_over_what_was_numbered_looks_again_at_once(
    house: House, partner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it had waited for long enough to be numbered all the same."""
    monkeypatch.setattr(dispatcher, "POLL_SECONDS", 60.0)
    far = Far()
    await submitted(house, record())
    await goes_by(house, "3 seconds")
    async with AsyncExitStack() as numbering:
        await numbering.enter_async_context(being_numbered(FeedDesk(house), Ask(partner, True, False), monkeypatch))
        async with dispatching(house, far) as sender:
            await until(lambda: sender._turns > 1)  # at its start, and when it hears
            await asyncio.sleep(0.1)
            assert far.at("屏") == []
            await numbering.aclose()
            await until(lambda: far.kinds("屏") == ["publish"])
