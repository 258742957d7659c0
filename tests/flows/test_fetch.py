"""The polled lane: numbers without gaps, nothing behind a reader's cursor, nothing that is over."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from app.flows import boards
from app.flows.house import House
from tests.flows.acts import amended, fetched, record, retracted, submitted
from tests.flows.ledger import one, rows, told
from tests.making import make_organ, make_outlet


@pytest.fixture
async def reader(house: House) -> int:
    """A partner with one outlet that polls."""
    await make_organ(house)
    await make_outlet(house, name="app", channel="partner", carrier="feed", partner="某平台")
    return int(await one(house, "SELECT id FROM partner WHERE name = '某平台'"))


def case(n: int) -> Any:
    return record(case_number=f"A610113000000202611{n:04d}")


def seen(items: Sequence[Any]) -> list[tuple[str, int, str]]:
    return [
        (i["payload"]["data"]["alert"], i["payload"]["data"]["number"], i["payload"]["data"]["kind"]) for i in items
    ]


async def test_what_was_fetched_counts_as_accepted(house: House, reader: int) -> None:
    issued = await submitted(house, case(1))
    cursor, items = await fetched(house, reader)
    assert seen(items) == [(issued.code, 1, "publish")]
    assert (cursor, items[0]["sequence"]) == (1, 1)
    (delivery,) = await rows(house, "SELECT state, tries, feed_seq, lease_until FROM delivery")
    assert tuple(delivery) == ("accepted", 1, 1, None)
    (attempt,) = await rows(house, "SELECT lane, outcome, worker FROM attempt")
    assert tuple(attempt) == ("polled", "accepted", "feed")
    assert await fetched(house, reader, cursor) == (1, []), "nothing new, and the cursor stays"


async def test_an_answer_that_was_lost_can_be_asked_for_again(house: House, reader: int) -> None:
    await submitted(house, case(1))
    first, again = await fetched(house, reader), await fetched(house, reader)
    assert first == again
    assert await one(house, "SELECT tries FROM delivery") == 1


async def test_only_the_newest_notice_is_given(house: House, reader: int) -> None:
    issued = await submitted(house, case(1))
    await fetched(house, reader)
    await amended(house, issued.code, case(1))
    await amended(house, issued.code, case(1))
    _, items = await fetched(house, reader, 0)
    assert seen(items) == [(issued.code, 3, "update")]


async def test_who_was_away_never_learns_of_what_is_over(house: House, reader: int) -> None:
    issued = await submitted(house, case(1))
    await retracted(house, issued.code)
    assert await fetched(house, reader) == (0, [])
    assert await told(house, issued.code, 2) == []


async def test_who_fetched_it_learns_that_it_is_over_from_any_cursor(house: House, reader: int) -> None:
    issued = await submitted(house, case(1))
    cursor, _ = await fetched(house, reader)
    await retracted(house, issued.code)
    for asked in (cursor, 0):
        _, items = await fetched(house, reader, asked)
        assert seen(items) == [(issued.code, 2, "retract")]
        assert items[0]["payload"]["data"]["person"] is None


async def test_pages(house: House, reader: int) -> None:
    codes = [(await submitted(house, case(n))).code for n in range(5)]
    cursor, got = 0, []
    for size in (2, 2, 1, 0):
        cursor, items = await fetched(house, reader, cursor, 2)
        assert len(items) == size
        got += [i["sequence"] for i in items]
    assert got == [1, 2, 3, 4, 5]
    assert cursor == 5
    assert len(codes) == 5


async def test_a_partner_is_given_its_own_alone(house: House, reader: int) -> None:
    await make_outlet(house, name="app", channel="partner", carrier="feed", partner="另一平台")
    other = int(await one(house, "SELECT id FROM partner WHERE name = '另一平台'"))
    await submitted(house, case(1))
    _, mine = await fetched(house, reader)
    _, theirs = await fetched(house, other)
    assert [len(mine), len(theirs)] == [1, 1]
    assert mine[0]["outlet"] != theirs[0]["outlet"]
    assert mine[0]["sequence"] == theirs[0]["sequence"] == 1, "each has numbers of its own"


async def test_a_test_key_is_given_no_actual_alert(house: House, reader: int) -> None:
    await submitted(house, case(1))
    assert await fetched(house, reader, live=False) == (0, [])
    assert await one(house, "SELECT state FROM delivery") == "pending", "nor does it count as accepted"


@pytest.mark.parametrize("more", [False, True])
async def test_what_another_reader_numbers_in_between_is_not_skipped(
    house: House, reader: int, more: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two readers share a key. While the first has looked and not yet learnt its cursor, the second fetches something
    new: the cursor of the first must not pass it."""
    first_of_all = await submitted(house, case(1))
    cursor, _ = await fetched(house, reader)
    give = boards.give

    async def after_the_other(*given: Any) -> boards.Given:
        monkeypatch.setattr("app.api.feed_desk.give", give)
        await retracted(house, first_of_all.code)
        await fetched(house, reader, cursor)
        return await give(*given)

    monkeypatch.setattr("app.api.feed_desk.give", after_the_other)
    if more:
        await submitted(house, case(2))
    cursor, items = await fetched(house, reader, cursor)
    _, rest = await fetched(house, reader, cursor)
    assert (first_of_all.code, 2, "retract") in seen([*items, *rest]), "the first reader would show it for ever"


async def test_readers_at_once_see_every_number_once_and_in_order(house: House, reader: int) -> None:
    """Six readers with cursors of their own, while alerts are issued, updated and ended."""
    done = asyncio.Event()

    async def read(seed: int) -> list[int]:
        random, cursor, got = Random(seed), 0, list[int]()
        while not done.is_set():
            cursor, items = await fetched(house, reader, cursor, random.choice([1, 2, 100]))
            got += [i["sequence"] for i in items]
            await asyncio.sleep(random.choice([0, 0.005]))
        while True:
            cursor, items = await fetched(house, reader, cursor)
            if not items:
                return got
            got += [i["sequence"] for i in items]

    async def issue(n: int) -> None:
        code = (await submitted(house, case(n))).code
        await asyncio.sleep(0.03)
        await amended(house, code, case(n))
        if n % 2:
            await asyncio.sleep(0.03)
            await retracted(house, code)

    readers = [asyncio.create_task(read(seed)) for seed in range(4)]
    await asyncio.gather(*(issue(n) for n in range(12)))
    done.set()
    got = await asyncio.gather(*readers)
    numbers = [
        r.feed_seq for r in await rows(house, "SELECT feed_seq FROM delivery WHERE feed_seq > 0 ORDER BY feed_seq")
    ]
    assert numbers == list(range(1, len(numbers) + 1)), "a gap"
    assert await one(house, "SELECT head FROM feed WHERE partner_id = :id", id=reader) == len(numbers)
    heads = await rows(
        house,
        "SELECT feed_seq FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number WHERE feed_seq > 0",
    )
    for one_reader in got:
        assert one_reader == sorted(set(one_reader)), "out of order, or twice"
        assert {r.feed_seq for r in heads} <= set(one_reader), "what is in force now reached every reader"
