"""What is dear is read once for all who ask, and again only after a while."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db.engine import Session, StoreUnavailable, connect
from app.flows.house import House
from app.flows.sparing import TIMES, Sparing
from tests.dispatch.far import until


class Slow:
    """A reading that takes ``seconds``; it says how often it was done."""

    def __init__(self, seconds: float, then: str = "SELECT 1") -> None:
        self._seconds, self._then = seconds, then
        self.times = 0

    async def __call__(self, session: Session) -> int:
        self.times += 1
        mine = self.times
        await asyncio.sleep(self._seconds)
        await session.execute(text(self._then))
        return mine


async def test_all_who_ask_at_the_same_time_are_answered_with_one(house: House) -> None:
    sparing, slow = Sparing(), Slow(0.2)
    assert await asyncio.gather(*(sparing.read(house.watch, slow) for _ in range(50))) == [1] * 50
    assert await sparing.read(house.watch, slow) == 1, "it is good for a while"


async def test_it_is_good_for_a_time_that_fits_what_it_took(house: House) -> None:
    sparing, slow = Sparing(), Slow(0.05)
    assert await sparing.read(house.watch, slow) == 1
    await asyncio.sleep(0.05 * TIMES / 2)
    assert await sparing.read(house.watch, slow) == 1

    async def is_read_again() -> bool:
        return await sparing.read(house.watch, slow) == 2

    await until(is_read_again, 30)


async def test_who_leaves_spoils_it_for_nobody(house: House) -> None:
    sparing, slow = Sparing(), Slow(0.2)
    first, second = (asyncio.create_task(sparing.read(house.watch, slow)) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    assert await second == 1


async def test_what_took_too_long_is_not_tried_again_at_once(house: House) -> None:
    sparing, slow = Sparing(), Slow(0.1, "SELECT 1 / 0")
    for _ in range(3):
        with pytest.raises(DBAPIError):
            await sparing.read(house.watch, slow)
    assert slow.times == 1


async def test_that_the_database_is_away_is_kept_for_nobody(house: House) -> None:
    sparing, slow = Sparing(), Slow(0.0)
    nowhere = connect("postgresql://nobody@127.0.0.1:1/none")
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await sparing.read(nowhere, slow)
    assert await sparing.read(house.watch, slow) == 1
    await nowhere.dispose()
