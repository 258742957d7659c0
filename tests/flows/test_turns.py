"""Whoever waits for a turn that never comes is told so, and takes nobody's."""

import asyncio

import pytest

from app.db.engine import StoreUnavailable
from app.flows.house import Turns


async def test_who_has_no_turn_in_time_is_refused() -> None:
    turns = Turns(at_once=2, waits=0.05)
    ended = asyncio.Event()

    async def held() -> None:
        async with turns.turn():
            await ended.wait()

    holders = [asyncio.create_task(held()) for _ in range(2)]
    await asyncio.sleep(0)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            async with turns.turn():
                raise AssertionError("a third at the same time")
    ended.set()
    await asyncio.gather(*holders)
    async with turns.turn(), turns.turn():  # both are free again
        pass


async def test_a_turn_is_given_back_by_whoever_fails() -> None:
    turns = Turns(at_once=1, waits=0.05)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with turns.turn():
                raise ZeroDivisionError


async def test_a_turn_is_not_lost_with_whoever_waited_for_it() -> None:
    """A client may go just when its turn comes."""
    turns = Turns(at_once=1, waits=5)

    async def waits() -> None:
        async with turns.turn():
            pass

    async with turns.turn():
        waiting = asyncio.create_task(waits())
        await asyncio.sleep(0)
    waiting.cancel()  # it has been given the turn, and has not run since
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(1), turns.turn():
        pass


async def test_who_waits_for_others_that_get_done_is_not_refused() -> None:
    """Eight turns of a twentieth of a second each, and the patience of one for less than all of them."""
    turns = Turns(at_once=1, waits=0.15)

    async def works() -> None:
        async with turns.turn():
            await asyncio.sleep(0.05)

    await asyncio.gather(*(works() for _ in range(8)))


async def test_nor_for_ever() -> None:
    turns = Turns(at_once=1, waits=5, at_most=0.2)

    async def works() -> None:
        async with turns.turn():
            await asyncio.sleep(0.05)

    came = await asyncio.gather(*(works() for _ in range(20)), return_exceptions=True)
    assert {type(one) for one in came} == {type(None), StoreUnavailable}
    assert isinstance(came[-1], StoreUnavailable)
