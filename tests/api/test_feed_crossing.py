"""Slow transactions, several processes, readers who change from one to the other: nobody skips anything."""

import asyncio
from random import Random
from typing import Any

import pytest

from app.api.feed_desk import FeedDesk
from app.api.sheet import Sheet
from app.db import feed, outlets
from app.db.engine import StoreUnavailable, connect, transaction
from app.domain.board import Ask
from app.flows.house import House
from app.flows.submit import submit
from tests.api.following import following
from tests.api.hours import goes_by
from tests.faults.processes import free_port
from tests.flows.acts import amended, fetched, record, retracted, submitted
from tests.flows.ledger import one, rows
from tests.making import make_organ, make_outlet, police


def case(n: int) -> Any:
    return record(case_number=f"A610113000000202611{n:04d}")


@pytest.fixture
async def partner(house: House) -> int:
    await make_organ(house)
    await make_outlet(house, name="app", channel="partner", carrier="feed", partner="某平台")
    return int(await one(house, "SELECT id FROM partner WHERE name = '某平台'"))


def read(sheet: Sheet) -> list[str]:
    return [p.notice for p in sheet.postings]


async def until(desk: FeedDesk, ask: Ask, seconds: float = 5) -> Sheet:
    """The first sheet that says something."""
    async with asyncio.timeout(seconds):
        while True:
            sheet = await desk.read(ask)
            if sheet.items:
                return sheet
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("follows", [True, False])
async def test_the_earlier_number_commits_later(house: House, partner: int, follows: bool) -> None:
    """Two alerts: the first to be written is the last to be committed, and meanwhile somebody has read on."""
    async with following(house) as desk:
        desk = desk if follows else FeedDesk(house)
        held = transaction(house.engine)
        session = await held.__aenter__()
        slow = await submit(
            session, police(), case(1), None, idempotency_key=None, body_hash=b"", seal=house.seal, press=house.press
        )
        quick = await submitted(house, case(2))
        first = await until(desk, Ask(partner, True, False))
        assert read(first) == [f"{quick.code}/1"]
        early, late = await rows(house, "SELECT id FROM delivery"), first.postings[0].delivery
        assert [r.id for r in early] == [late], "the other cannot be seen yet"
        await held.__aexit__(None, None, None)
        assert await one(house, "SELECT min(id) FROM delivery") < late, "and was written before it"
        then = await until(desk, Ask(partner, True, False, cursor=first.cursor))
        assert read(then) == [f"{slow.code}/1"]
        assert [p.sequence for p in (*first.postings, *then.postings)] == [1, 2]


async def test_another_process_numbers_what_this_one_has_not_heard_of(house: House, partner: int) -> None:
    """A reader with room for one item must not be given the second number before the first."""
    here, there = FeedDesk(house), FeedDesk(house)
    assert read(await here.read(Ask(partner, True, False))) == []
    codes = [(await submitted(house, case(n))).code for n in range(3)]
    assert len(read(await there.read(Ask(partner, True, False)))) == 3
    cursor, got = 0, list[str]()
    for _ in codes:
        sheet = await here.read(Ask(partner, True, False, cursor=cursor, limit=1))
        got += read(sheet)
        cursor = sheet.cursor
    assert got == [f"{code}/1" for code in codes]


async def test_readers_with_room_for_one_and_for_all_at_once(house: House, partner: int) -> None:
    desk = FeedDesk(house)
    codes = [(await submitted(house, case(n))).code for n in range(5)]
    narrow, wide = await asyncio.gather(
        desk.read(Ask(partner, True, False, limit=1)), desk.read(Ask(partner, True, False, limit=100))
    )
    assert read(wide) == [f"{code}/1" for code in codes]
    assert (read(narrow), narrow.cursor, narrow.more) == ([f"{codes[0]}/1"], 1, True)


async def test_what_somebody_else_holds_is_not_passed(house: House, partner: int) -> None:
    """A pushed notice that the dispatcher is settling just now cannot be marked as read: the page ends before it."""
    await make_outlet(house, name="屏", partner="某平台")
    desk = FeedDesk(house)
    ask = Ask(partner, True, True)
    await submitted(house, case(1))
    await fetched(house, partner)
    await goes_by(house, "3 seconds")
    async with transaction(house.engine) as session:
        (pushed,) = await rows(house, "SELECT id FROM delivery WHERE lane = 'push'")
        heads = await feed.lock_heads(session, [partner])
        await feed.take(session, [pushed.id], heads)
    async with transaction(house.engine) as other:
        await other.exec_driver_sql(f"SELECT 1 FROM delivery WHERE id = {pushed.id} FOR UPDATE")
        held = await desk.read(ask)
        assert [p.polled for p in held.postings] == [True]
        assert (held.cursor, held.tag) == (1, None)
    then = await desk.read(Ask(partner, True, True, cursor=held.cursor))
    assert [p.polled for p in then.postings] == [False]


async def test_an_import_of_outlets_keeps_no_end_from_anybody(house: House, partner: int) -> None:
    """It holds its partner's row for as long as its list is; that partner and all others read on."""
    await make_outlet(house, name="屏", partner="某平台")
    await make_outlet(house, name="app", channel="partner", carrier="feed", partner="另一平台")
    other = int(await one(house, "SELECT id FROM partner WHERE name = '另一平台'"))
    async with following(house) as desk:
        issued = await submitted(house, case(1))
        cursors = {who: (await until(desk, Ask(who, True, False))).cursor for who in (partner, other)}
        async with transaction(house.engine) as importing:
            await outlets.add_partner(importing, "某平台", "029-87654321")
            await retracted(house, issued.code)
            for who, cursor in cursors.items():
                sheet = await until(desk, Ask(who, True, False, cursor=cursor))
                assert (read(sheet), sheet.stale) == ([f"{issued.code}/2"], False)


async def test_what_was_never_given_is_not_given_from_memory_and_no_cursor_goes_back(
    house: House, partner: int
) -> None:
    await make_outlet(house, name="屏", partner="某平台")
    desk = FeedDesk(house)
    await submitted(house, case(1))
    await goes_by(house, "3 seconds")
    before = await desk.read(Ask(partner, True, False))
    assert (len(before.postings), before.cursor) == (1, 2), "the pushed one has a number, and was given to nobody"
    desk._engine = connect(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    away = await desk.read(Ask(partner, True, True, cursor=1))
    assert (read(away), away.cursor, away.more, away.stale) == ([], 1, True, True)
    await desk._engine.dispose()


async def test_nothing_is_given_that_ended_before_it_was_asked_for(house: House, partner: int) -> None:
    """Though memory has not heard of it yet."""
    async with following(house) as desk:
        issued = await submitted(house, case(1))
        await until(desk, Ask(partner, True, False))
        for _ in range(20):
            await retracted(house, issued.code)
            sheet = await desk.read(Ask(partner, True, False))
            assert f"{issued.code}/1" not in read(sheet)
            issued = await submitted(house, case(1))
            await until(desk, Ask(partner, True, False, cursor=sheet.cursor))


@pytest.mark.parametrize("seed", range(3))
async def test_a_storm(house: House, partner: int, seed: int) -> None:
    """Two processes; readers with cursors of their own who change between them; slow issuers; the ledger is the judge."""
    random, done, at_once = Random(seed), asyncio.Event(), asyncio.Semaphore(5)

    async def issue(n: int) -> None:
        await asyncio.sleep(random.random() * 0.3)
        async with at_once, transaction(house.engine) as session:
            issued = await submit(
                session,
                police(),
                case(n),
                None,
                idempotency_key=None,
                body_hash=b"",
                seal=house.seal,
                press=house.press,
            )
            await asyncio.sleep(random.choice([0, 0.02, 0.2]))
        await asyncio.sleep(random.random() * 0.2)
        await amended(house, issued.code, case(n))
        if n % 3 == 0:
            await asyncio.sleep(random.random() * 0.2)
            await retracted(house, issued.code)

    async def follow(desks: list[FeedDesk]) -> list[int]:
        cursor, got = 0, list[int]()
        while True:
            last = done.is_set()
            ask = Ask(partner, True, False, cursor=cursor, limit=random.choice([1, 2, 100]))
            try:
                sheet = await random.choice(desks).read(ask)
            except StoreUnavailable:  # a 503 on a machine that is very busy: the reader asks again
                continue
            cursor = sheet.cursor
            got += [p.sequence or 0 for p in sheet.postings]
            if last and not sheet.items and not sheet.more:
                return got
            await asyncio.sleep(random.choice([0, 0, 0.01]))

    async with following(house) as one_desk, following(house) as other:
        readers = [asyncio.create_task(follow([one_desk, other, FeedDesk(house)])) for _ in range(5)]
        await asyncio.gather(*(issue(n) for n in range(20)))
        await asyncio.sleep(1.2)  # the slowest look
        done.set()
        got = await asyncio.wait_for(asyncio.gather(*readers), 20)
    found = await rows(house, "SELECT feed_seq FROM delivery WHERE feed_seq IS NOT NULL ORDER BY feed_seq")
    numbers = [r.feed_seq for r in found]
    assert numbers == list(range(1, len(numbers) + 1)), "a gap"
    heads = await rows(house, "SELECT feed_seq FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number")
    for reader in got:
        assert reader == sorted(set(reader)), "out of order, or twice"
        assert {r.feed_seq for r in heads if r.feed_seq} <= set(reader), "what stands now reached every reader"
