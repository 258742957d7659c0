"""Places, and sends that no longer take one up."""

import asyncio
import resource

import pytest

from app.dispatch.files import OTHER_FILES
from app.dispatch.slots import Slots


async def task() -> asyncio.Task[None]:
    return asyncio.create_task(asyncio.sleep(0))


async def test_a_send_gives_its_place_up_after_a_while() -> None:
    now = 100.0
    slots = Slots(2, 1, 0.5, clock=lambda: now)
    first, second, third = await task(), await task(), await task()
    slots.enter(first)
    now = 100.4
    slots.enter(second)
    assert (slots.room(), len(slots)) == (0, 2)
    now = 100.5
    assert slots.room() == 1, "the first is late"
    slots.enter(third)
    now = 106.0
    assert (slots.room(), len(slots)) == (0, 3), "all are late, and there may be three in all"
    slots.leave(first)
    assert slots.room() == 1
    slots.leave(second)
    slots.leave(third)
    assert (slots.room(), len(slots), list(slots)) == (2, 0, [])
    await asyncio.gather(first, second, third)


async def test_where_every_answer_takes_long_nobody_is_late() -> None:
    now = 100.0
    slots = Slots(100, 100, 0.25, clock=lambda: now)
    for _ in range(300):
        one = await task()
        slots.enter(one)
        now += 0.4
        slots.leave(one)
        await one
    busy = await task()
    slots.enter(busy)
    now += 1.5
    assert slots.room() == 99, "four times the usual 0.4 s are not over"
    now += 0.2
    assert slots.room() == 100
    await busy


async def test_there_are_never_more_than_the_process_may_have_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (OTHER_FILES + 3, OTHER_FILES + 3))
    slots = Slots(2000, 8000, 0.25)
    assert slots.room() == 3


async def test_without_a_limit_of_files_there_are_as_many_as_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert Slots(2000, 8000, 0.25).room() == 2000
