"""A retained topic keeps what came last: whatever tries to put an older notice over a newer one, or over an end."""

import asyncio
import random
import secrets
from contextlib import suppress

import pytest

from channels.carriers.mqtt import retained as carrier_retained
from channels.contract import Accepted, Kind, Line, Reason, Retry
from tests.channels.mqtt.stage import (
    ALERT,
    TOPIC,
    Gate,
    Place,
    client,
    gate,
    number_of,
    retained,
    screen,
    send,
    taken,
    telling,
)
from tests.channels.wire import FakeWire


class Two:
    """Two dispatchers with one ledger between them."""

    def __init__(self) -> None:
        self.one, self.other = FakeWire(), FakeWire()
        self.one.heads = self.other.heads = {ALERT: 1}

    async def aclose(self) -> None:
        await self.one.aclose()
        await self.other.aclose()


async def a_publish_is_held_up(place: Place, before: Gate, two: Two) -> "asyncio.Task[object]":
    """Notice 1 for one screen has left its dispatcher and has not reached the broker."""
    before.shut = True
    late = asyncio.create_task(send(two.one, telling(1), screen(Place(before.port, place.version), "a")))
    await asyncio.wait_for(before.holding.wait(), 5)
    return late


async def test_a_publish_under_way_never_lands_on_the_end(place: Place) -> None:
    two = Two()
    async with gate(place) as before:
        late = await a_publish_is_held_up(place, before, two)
        two.other.heads[ALERT] = 2
        taken(await send(two.other, telling(2, Kind.RETRACT), screen(place, "b")))
        before.opened.set()
        outcome = await asyncio.wait_for(late, 10)
        await two.aclose()
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.BROKEN
    assert number_of((await retained(place))[TOPIC]) == 2


async def test_without_the_session_it_would(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above bites: with sessions of their own, the late publish lands, and the child's face stays."""
    monkeypatch.setattr(carrier_retained, "session_of", lambda topic, broker: "x" + secrets.token_hex(8))
    two = Two()
    async with gate(place) as before:
        late = await a_publish_is_held_up(place, before, two)
        two.other.heads[ALERT] = 2
        taken(await send(two.other, telling(2, Kind.RETRACT), screen(place, "b")))
        before.opened.set()
        assert isinstance(await asyncio.wait_for(late, 10), Accepted)
        await two.aclose()
    assert number_of((await retained(place))[TOPIC]) == 1


class Late(FakeWire):
    """A dispatcher that is stopped before it connects."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped, self.go_on = asyncio.Event(), asyncio.Event()

    async def dial(self, *args: object, **options: object) -> Line:
        self.stopped.set()
        await self.go_on.wait()
        return await super().dial(*args, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("asks", [True, False])
async def test_whoever_connects_after_the_end_publishes_nothing(place: Place, asks: bool) -> None:
    """And without asking the ledger once more, it would."""
    late, other = Late(), FakeWire()
    late.heads = other.heads = {ALERT: 1}
    sending = asyncio.create_task(send(late, telling(1), screen(place, "a")))
    await asyncio.wait_for(late.stopped.wait(), 5)
    if asks:
        other.heads[ALERT] = 2
    taken(await send(other, telling(2, Kind.RETRACT), screen(place, "b")))
    late.go_on.set()
    outcome = await asyncio.wait_for(sending, 10)
    if asks:
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.OVERTAKEN
    assert number_of((await retained(place))[TOPIC]) == (2 if asks else 1)
    await late.aclose()
    await other.aclose()


async def test_a_retraction_does_not_wait_for_a_publish_that_hangs(place: Place) -> None:
    """Not even in the same process."""
    wire = FakeWire()
    wire.heads[ALERT] = 1
    async with gate(place) as before:
        through = Place(before.port, place.version)
        before.shut = True
        hanging = asyncio.create_task(send(wire, telling(1), screen(through, "a")))
        await asyncio.wait_for(before.holding.wait(), 5)
        wire.heads[ALERT] = 2
        taken(await asyncio.wait_for(send(wire, telling(2, Kind.RETRACT), screen(place, "a")), 2))
        before.opened.set()
        assert isinstance(await asyncio.wait_for(hanging, 10), Retry)
    assert number_of((await retained(place))[TOPIC]) == 2
    await wire.aclose()


@pytest.mark.parametrize("seed", range(3))
async def test_a_storm_of_dispatchers_only_ever_goes_up(place: Place, seed: int) -> None:
    """Four dispatchers, four notices and an end, each sent by everyone at its own moment, late ones among them."""
    chance = random.Random(seed)
    wires = [FakeWire() for _ in range(4)]
    heads = {ALERT: 1}
    for wire in wires:
        wire.heads = heads
    seen: list[int] = []

    async def watch() -> None:
        async with client(place) as one:
            await one.subscribe("huijia/actual/#", 1)
            async for message in one.messages:
                seen.append(number_of(bytes(message.payload)))

    async def dispatch(wire: FakeWire, number: int) -> None:
        await asyncio.sleep(chance.uniform(0, 0.05))
        rendition = telling(number, Kind.RETRACT if number == 5 else None)
        while isinstance(said := await send(wire, rendition, screen(place)), Retry):
            if said.reason is Reason.OVERTAKEN:
                return
            await asyncio.sleep(chance.uniform(0, 0.02))

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.2)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for number in range(1, 6):
            heads[ALERT] = number
            for wire in wires:
                tasks.create_task(dispatch(wire, number))
            await asyncio.sleep(chance.uniform(0, 0.03))
    assert number_of((await retained(place))[TOPIC]) == 5
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert seen == sorted(seen)
    assert seen[-1] == 5
    for wire in wires:
        await wire.aclose()
