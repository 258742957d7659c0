"""Who takes too long is cancelled, and nobody else."""

import asyncio

import pytest

from app.dispatch.timeouts import TICK, Timeouts


async def a_send(timeouts: Timeouts, seconds: float, takes: float) -> tuple[bool, int]:
    """Whether it was struck, and how many cancellations are left."""
    task, struck = asyncio.current_task(), False
    assert task is not None
    tick = timeouts.begin(task, seconds)
    try:
        await asyncio.sleep(takes)
    except asyncio.CancelledError:
        struck = timeouts.struck(task, tick)
    finally:
        timeouts.end(task, tick)
    return struck, task.cancelling()


async def test_who_takes_too_long_is_struck_and_may_go_on() -> None:
    timeouts = Timeouts()
    done = await asyncio.gather(*[asyncio.create_task(a_send(timeouts, 0.6 + n / 100, 60)) for n in range(50)])
    assert done == [(True, 0)] * 50


async def test_nobody_has_longer_than_his_time() -> None:
    """A lease must outlive it."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for seconds in (TICK, 0.6, 1.0, 8.99):
        timeouts, before = Timeouts(), loop.time()
        tick = timeouts.begin(task, seconds)
        assert before + seconds - TICK < tick * TICK <= loop.time() + seconds
        timeouts.end(task, tick)


async def test_who_is_done_is_left_in_peace() -> None:
    timeouts = Timeouts()
    done = await asyncio.gather(*[asyncio.create_task(a_send(timeouts, 1.0, n / 100)) for n in range(50)])
    assert done == [(False, 0)] * 50
    await asyncio.sleep(1.0 + TICK)


@pytest.mark.parametrize("seconds", [2 * TICK, 5.0])
async def test_a_cancellation_by_somebody_else_is_not_taken_for_a_timeout(seconds: float) -> None:
    task = asyncio.create_task(a_send(Timeouts(), seconds, 60))
    await asyncio.sleep(0.01)
    task.cancel()
    assert await task == (False, 1)
