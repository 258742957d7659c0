"""Any number of watchdogs at one database: each trouble is told once, and none that died or froze silences the others."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.db import watch, workers
from app.db.engine import transaction
from app.db.views import retractions_unheard
from app.dispatch.watchdog import AFTER_A_NO, LIMIT, REST, Watchdog
from app.flows.house import House
from app.flows.troubles import UNHEARD_SECONDS
from channels.contract import Reply
from tests.channels.wire import FakeWire, reply
from tests.dispatch.far import rows, until
from tests.dispatch.watching import URL, later, looks, said
from tests.making import make_alert, make_outlet

SILENT = "dispatcher_silent"


class Hanging(FakeWire):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__(reply())
        self.go = asyncio.Event()

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> Reply:
        answer = await super().request(method, url, headers=headers, timeout=timeout, body=body)
        await self.go.wait()
        return answer


async def test_many_tell_it_once(house: House) -> None:
    wire = FakeWire(reply())
    dogs = [Watchdog(house.watch, wire, URL) for _ in range(8)]
    for _ in range(6):
        await asyncio.gather(*(dog.look() for dog in dogs))
        await later(house, 3)
    assert len(said(wire)) == 1
    async with transaction(house.engine) as session:
        await workers.seen(session, "w", {})
    for _ in range(6):
        await asyncio.gather(*(dog.look() for dog in dogs))
        await later(house, 3)
    assert ["解除" in line for line in said(wire)] == [False, True]


async def test_each_has_its_turns(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of processes that look at the same pace none is always too early."""
    monkeypatch.setattr("app.dispatch.watchdog.EVERY_SECONDS", 0.2)
    monkeypatch.setattr("app.dispatch.watchdog.REST", 0.15)
    looked: set[str] = set()
    stop = asyncio.Event()
    dogs = [asyncio.create_task(Watchdog(house.watch, FakeWire(reply()), URL).run(stop)) for _ in range(3)]

    async def all_have() -> bool:
        looked.update(r.by for r in await rows(house, "SELECT by FROM watch WHERE by <> ''"))
        return len(looked) == len(dogs)

    await until(all_have, 30)
    stop.set()
    await asyncio.gather(*dogs)


async def test_one_that_freezes_while_it_tells_holds_up_the_others_for_its_turn(house: House) -> None:
    """And when it comes back it undoes nothing of what they did."""
    frozen, wire = Hanging(), FakeWire(reply())
    first, second = Watchdog(house.watch, frozen, URL), Watchdog(house.watch, wire, URL)
    await looks(second, house, 2)
    telling = asyncio.create_task(first.look())
    await until(lambda: len(frozen.calls) == 1)
    await later(house, watch.LONGEST - 2)
    await second.look()
    assert said(wire) == [], "it may be about to say that it was taken"
    await later(house, 3)
    await second.look()
    assert len(said(wire)) == 1
    async with transaction(house.engine) as session:
        await workers.seen(session, "w", {})
    await later(house, 3)
    await second.look()
    frozen.go.set()
    assert await telling
    assert await looks(second, house, 4) == []
    assert ["解除" in line for line in said(wire)] == [False, True]


async def test_one_that_freezes_before_it_tells_keeps_silent_afterwards(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    await looks(dog, house, 2)
    real = dog._turn

    async def freezes() -> object:
        ends, found = await real()
        assert ends is not None
        return ends - LIMIT - 1, found

    dog._turn = freezes  # type: ignore[assignment,method-assign]
    await dog.look()
    assert said(wire) == []
    assert await rows(house, "SELECT 1 FROM trouble WHERE told_at IS NOT NULL") == []


async def test_one_that_freezes_while_it_looks_is_forgotten_by_the_server(house: House) -> None:
    wire = FakeWire(reply())
    async with house.watch.connect() as frozen:
        await frozen.begin()
        assert await watch.take(frozen) is False
        dog = Watchdog(house.watch, wire, URL)
        await dog.look()
        assert not await rows(house, "SELECT 1 FROM watch WHERE looked_at IS NOT NULL"), "it is not our turn"

        async def looked() -> bool:
            await dog.look()
            return bool(await rows(house, "SELECT 1 FROM watch WHERE looked_at IS NOT NULL"))

        await until(looked, 10)
        await frozen.invalidate()


async def test_a_turn_is_as_long_as_it_must_be(house: House) -> None:
    async def left() -> float:
        found = await rows(house, "SELECT extract(epoch FROM until - clock_timestamp())::float AS left FROM watch")
        return float(found[0].left)

    dog = Watchdog(house.watch, FakeWire(reply(500)), URL)
    await dog.look()
    assert REST - 0.5 < await left() <= REST
    await later(house, 6)
    await dog.look()
    assert AFTER_A_NO - 0.5 < await left() <= AFTER_A_NO


@pytest.mark.parametrize("told", [False, True])
async def test_a_clock_that_is_set_back_silences_nobody(house: House, told: bool) -> None:
    """Everything that is kept lies an hour ahead, and it is told once too often rather than not."""
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    await looks(dog, house, 4 if told else 1)
    before = len(said(wire))
    assert before == told
    await later(house, -3600)
    await looks(dog, house, 3)
    assert len(said(wire)) == before + 1


async def test_what_was_seen_before_the_clock_was_set_back_is_not_there(house: House) -> None:
    """A dispatcher that died and a retraction that waits would be well until that time has come again."""
    await make_outlet(house)
    await make_alert(house)
    await rows(house, "UPDATE delivery SET kind = 'retract', created_at = now() + interval '1 hour'")
    await rows(house, "INSERT INTO worker (name, seen_at) VALUES ('w', now() + interval '1 hour')")
    async with transaction(house.engine) as session:
        assert await workers.at_work(session) == []
        assert [w["silent"] > 3000 for w in await workers.listing(session)] == [True]
        assert await retractions_unheard(session, UNHEARD_SECONDS) == 1
    await rows(house, "UPDATE delivery SET created_at = now()")
    async with transaction(house.engine) as session:
        assert await retractions_unheard(session, UNHEARD_SECONDS) == 0


async def test_one_without_an_address_leaves_the_telling_to_the_others(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    wire = FakeWire(reply())
    silent, speaks = Watchdog(house.watch, FakeWire(), None), Watchdog(house.watch, wire, URL)
    await looks(silent, house, 4)
    await asyncio.sleep(5)
    await looks(silent, house, 2)
    assert [r.message for r in caplog.records if "trouble" in r.message] == [
        "trouble dispatcher_silent: 没有投递进程在运行，通告和撤回都发不出去。请立即启动 huijia dispatch。"
    ]
    await looks(speaks, house)
    assert len(said(wire)) == 1


async def test_the_age_of_the_last_look(house: House) -> None:
    async def age() -> float:
        async with transaction(house.engine) as session:
            return await watch.looked_seconds(session)

    assert await age() == float("inf")
    await Watchdog(house.watch, FakeWire(reply()), URL).look()
    assert 0 <= await age() < 5
    await later(house, 40)
    assert 40 <= await age() < 45
    await later(house, -100)
    assert await age() > 50, "nobody knows when that was"
    async with transaction(house.engine) as session:
        await session.execute(text("DELETE FROM watch"))
    assert await age() == float("inf")
