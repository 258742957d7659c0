"""That something changed reaches every open page soon, once, and holds nobody up."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator
from itertools import pairwise

import httpx
import pytest
import uvicorn

from app.console.changes import CHANGED, STILL_HERE, events
from app.console.live import Live
from app.flows.house import House
from tests.console.conftest import application, let_in

CODE, OTHER = "HJ-2026-000001", "HJ-2026-000002"


async def _next(heard: AsyncGenerator[bool, None], within: float = 1.0) -> bool:
    return await asyncio.wait_for(anext(heard), within)


async def _nothing(heard: AsyncGenerator[bool, None], during: float) -> asyncio.Task[bool]:
    """Nothing is said meanwhile; the question stays open."""
    asked = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(during)
    assert not asked.done()
    return asked


async def test_the_first_word_comes_at_once_and_then_only_when_something_changes() -> None:
    live = Live(pause=0.01)
    heard = live.subscribe(CODE)
    assert await _next(heard), "whatever changed while the page was drawn"
    asked = await _nothing(heard, 0.05)
    live.publish(CODE)
    assert await asyncio.wait_for(asked, 1)
    asked = await _nothing(heard, 0.05)
    live.publish(OTHER)
    await asyncio.sleep(0.05)
    assert not asked.done(), "another alert"
    live.publish("")
    assert await asyncio.wait_for(asked, 1), "anything may have changed"


async def test_a_page_that_is_up_to_date_is_not_told_so() -> None:
    live = Live(pause=0.01)
    assert live.stamp(CODE) == "", "nobody would know"
    live.hearing(True)
    for code, other in ((CODE, OTHER), ("", OTHER)):
        heard = live.subscribe(code, live.stamp(code))
        asked = await _nothing(heard, 0.05)
        live.publish(code or other)
        assert await asyncio.wait_for(asked, 1)
        old = live.stamp(code)
        live.publish(code or other)
        assert await _next(live.subscribe(code, old)), "it changed between the drawing and the question"
        assert await _next(live.subscribe(code, Live().stamp(code) or "other.1")), "drawn by another process"
    drawn = live.stamp(CODE)
    live.publish(OTHER)
    assert live.stamp(CODE) == drawn


async def test_a_page_of_all_alerts_hears_of_every_one() -> None:
    live = Live(pause=0.01)
    heard = live.subscribe()
    await _next(heard)
    live.publish(OTHER)
    assert await _next(heard)


async def test_a_storm_collapses_and_its_last_word_is_not_lost() -> None:
    live = Live(pause=0.1)
    heard, times, started = live.subscribe(CODE), [], time.monotonic()

    async def storm() -> float:
        while (at := time.monotonic() - started) < 0.95:
            for _ in range(100):
                live.publish(CODE)
            await asyncio.sleep(0.001)
            last = at
        return last

    async def listen() -> None:
        async for changed in heard:
            if changed:
                times.append(time.monotonic() - started)

    listening = asyncio.create_task(listen())
    last = await storm()
    await asyncio.sleep(0.25)
    listening.cancel()
    assert 3 <= len(times) <= 11
    assert min(b - a for a, b in pairwise(times)) >= 0.09
    assert times[-1] >= last, "what came during the pause is told after it"


async def test_a_reader_that_is_stuck_holds_nobody_up() -> None:
    live = Live(pause=0.01)
    stuck, quick = live.subscribe(), live.subscribe()
    await _next(stuck)
    await _next(quick)
    for _ in range(20):
        started = time.monotonic()
        live.publish(CODE)
        assert time.monotonic() - started < 0.2
        assert await _next(quick)
    assert await _next(stuck), "twenty changes are one when it comes back"
    await _nothing(stuck, 0.05)


async def test_silence_is_kept_alive() -> None:
    live = Live(pause=0.01, quiet=0.05)
    stream = events(live, CODE)
    assert [await anext(stream) for _ in range(3)] == [CHANGED, STILL_HERE, STILL_HERE]
    assert STILL_HERE.startswith(":"), "a comment, which no page hears"


async def test_whoever_leaves_is_forgotten() -> None:
    live = Live(pause=0.01)
    stream = events(live, CODE)
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.02)
    assert live.watching == 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert live.watching == 0


async def test_closing_ends_every_subscription_wherever_it_waits() -> None:
    live = Live(pause=0.2, quiet=30)
    waiting, resting = live.subscribe(), live.subscribe()
    await _next(waiting)
    both = [await _nothing(waiting, 0.3)]
    await _next(resting)
    both.append(await _nothing(resting, 0.02))
    live.close()
    done = await asyncio.wait_for(asyncio.gather(*both, return_exceptions=True), 1)
    assert [type(d) for d in done] == [StopAsyncIteration, StopAsyncIteration]
    assert [c async for c in live.subscribe()] == [], "nor does a new one begin"
    assert live.watching == 0


async def test_a_real_server_streams_and_stops_with_streams_open(house: House) -> None:
    live = Live(pause=0.05)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(application(house, live), log_level="warning"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(20), httpx.AsyncClient(base_url=base, trust_env=False) as officer:
            while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, not an event
                await asyncio.sleep(0.01)
            await let_in(house, officer)
            async with officer.stream("GET", f"/console/changes?alert={CODE}") as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                said = answer.aiter_text()
                assert await anext(said) == CHANGED
                live.publish(CODE)
                assert await anext(said) == CHANGED
                live.close()
                server.should_exit = True
                started = time.monotonic()
                assert [text async for text in said] == []
            await serving
            assert time.monotonic() - started < 5
