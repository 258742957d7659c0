"""Silence is noticed, and somebody is told."""

import asyncio

import orjson
import pytest

from app.db.engine import connect
from app.dispatch.watchdog import Watchdog
from app.flows.house import House
from channels.contract import Reason, WireError
from tests.channels.wire import FakeWire, reply
from tests.dispatch.far import Far, dispatching, rows, until
from tests.making import make_alert, make_outlet

URL = "http://duty.test/alarm?token=secret-token"


def said(wire: FakeWire) -> list[str]:
    return [orjson.loads(call.body)["text"]["content"] for call in wire.calls]


async def test_a_dispatcher_that_falls_silent_is_missed_and_its_return_is_told(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    wire = FakeWire(*[reply(200)] * 9)
    dog = Watchdog(house.engine, wire, URL)
    async with dispatching(house, Far()):
        await until(lambda: _seen(house))
        assert await dog.look() == {}
    assert list(await dog.look()) == ["dispatcher_silent"], "one that has ended is missed at once"
    assert list(await dog.look()) == ["dispatcher_silent"]
    assert len(wire.calls) == 1, "told once, not at every look"
    assert "huijia dispatch" in said(wire)[0]
    async with dispatching(house, Far()):
        await until(lambda: _seen(house))
        assert await dog.look() == {}
        await rows(house, "UPDATE worker SET seen_at = now() - interval '11 s'")
        assert list(await dog.look()) == ["dispatcher_silent"], "it lives, and does nothing"
    assert ["解除" in words for words in said(wire)] == [False, True, False]
    assert "secret-token" not in caplog.text


async def _seen(house: House) -> bool:
    return bool(await rows(house, "SELECT 1 FROM worker WHERE seen_at > now() - interval '3 s'"))


async def test_a_dispatcher_that_hangs_stops_saying_that_it_is_there(house: House) -> None:
    """Its loop turns no more, though its process lives and its other tasks run."""
    async with dispatching(house, Far()) as dispatcher:
        await until(lambda: _seen(house))
        real = dispatcher._claim

        async def hangs() -> int:
            await asyncio.sleep(3)
            return await real()

        dispatcher._claim = hangs  # type: ignore[method-assign]
        dispatcher._wake.set()
        await asyncio.sleep(0.2)
        first = (await rows(house, "SELECT seen_at FROM worker"))[0].seen_at
        await asyncio.sleep(2.5)
        second = (await rows(house, "SELECT seen_at FROM worker"))[0].seen_at
        assert (second - first).total_seconds() < 2.4, "at most the turn that was under way"


async def test_an_alarm_that_does_not_get_through_is_raised_again(house: House) -> None:
    wire = FakeWire(WireError(Reason.TIMEOUT), reply(500), reply(200), reply(200))
    dog = Watchdog(house.engine, wire, URL)
    for _ in range(4):
        await dog.look()
    assert len(wire.calls) == 3, "until one was taken"


async def test_retractions_that_nobody_took_and_deliveries_that_nobody_claims(house: House) -> None:
    await make_outlet(house)
    await make_alert(house)
    dog = Watchdog(house.engine, FakeWire(), None)
    await rows(house, "INSERT INTO worker (name) VALUES ('w')")
    assert await dog.look() == {}
    await rows(house, "UPDATE delivery SET due_at = now() - interval '31 s'")
    assert list(await dog.look()) == ["unclaimed"]
    await rows(house, "UPDATE delivery SET kind = 'retract', created_at = now() - interval '3 minutes'")
    assert list(await dog.look()) == ["retraction_unheard", "unclaimed"]
    await rows(house, "UPDATE delivery SET state = 'confirmed'")
    assert await dog.look() == {}


async def test_the_database_itself(house: House) -> None:
    wire = FakeWire(*[reply(200)] * 9)
    nowhere = connect("postgresql://nobody@127.0.0.1:1/none")
    stop = asyncio.Event()
    task = asyncio.create_task(Watchdog(nowhere, wire, URL).run(stop))
    await until(lambda: len(wire.calls) == 1)
    assert "数据库" in said(wire)[0]
    stop.set()
    await asyncio.wait_for(task, 5)
    await nowhere.dispose()
