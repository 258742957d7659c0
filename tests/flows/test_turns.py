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
