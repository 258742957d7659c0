"""Everything at once, on connections of their own: what the walk cannot do, whose steps come one after another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import pytest

from app.db.claims import Crossed
from app.db.engine import StoreUnavailable
from app.domain.errors import Conflict
from app.domain.words import Lane, Outcome, ReceiptKind, Status
from tests.machine.bad_runs import rest, seconds
from tests.machine.building import building
from tests.machine.world import World

ALERTS, WORKERS, LONGEST_JUMP = 24, 4, 3.0


class Storm:
    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, Random(seed)
        self.issuing = ALERTS

    async def breathe(self) -> None:
        await asyncio.sleep(self.random.choice([0, 0, 0.001, 0.005]))

    async def until_calm(self, act: Callable[[], Awaitable[object]]) -> None:
        """Again and again, as long as alerts are issued. A lost race is refused and tried again, as at the edges."""
        while self.issuing:
            with suppress(StoreUnavailable, Conflict, Crossed):
                await act()
            await self.breathe()

    async def issue(self) -> None:
        """The life of one alert."""
        code = await self.world.submit(self.random.choice([Status.ACTUAL, Status.EXERCISE]))
        for _ in range(self.random.randrange(3)):
            await self.breathe()
            await self.world.amend(code)
        await asyncio.sleep(self.random.choice([0, 0.01, 0.1]))
        if self.random.random() < 0.9:
            await self.world.retract(code)
        self.issuing -= 1

    async def work(self, name: str) -> None:
        sends = await self.world.claim(name, room=self.random.randint(1, 6))
        for send in sends:
            await self.breathe()
            if send.result is None and self.random.random() < 0.7:
                self.world.arrive(send)
            await self.breathe()
            if send.result is None:
                self.world.answer(
                    send, self.random.choice([*Outcome, Outcome.ACCEPTED]), lies=self.random.random() < 0.1
                )
        if self.random.random() < 0.1:
            self.world.crash(name, lambda _: False)
        while mine := [s for s in self.world.sends if s.worker == name]:
            try:
                await self.world.settle(mine)
            except StoreUnavailable:
                await self.breathe()

    async def say(self) -> None:
        place = self.random.choice(list(self.world.places.values()))
        if place.arrivals:
            of = self.random.choice(place.arrivals)
            await self.world.say(place, of, self.random.choice(list(ReceiptKind)), self.world.now)

    async def poll(self) -> None:
        place = next(p for p in self.world.places.values() if p.lane is Lane.POLLED)
        await self.world.poll(place, lost=self.random.random() < 0.3)

    async def sweep(self) -> None:
        await self.world.sweep(self.random.choice(["rescue", "put_right", "follow", "extend"]))

    async def ask_again(self) -> None:
        if self.world.known:
            await self.world.ask_again(self.random.choice(list(self.world.known)))

    async def tick(self) -> None:
        await asyncio.sleep(0.02)
        await self.world.jump(seconds(self.random.uniform(0.5, LONGEST_JUMP)), lambda _: self.random.random() < 0.5)

    async def rage(self) -> None:
        endless = [self.say, self.poll, self.sweep, self.sweep, self.ask_again, self.tick]
        async with asyncio.TaskGroup() as all_of_it:
            for _ in range(3):
                all_of_it.create_task(self._issue_all())
            for n in range(WORKERS):
                all_of_it.create_task(self.until_calm(lambda n=n: self.work(f"w{n}")))  # type: ignore[misc]
            for act in endless:
                all_of_it.create_task(self.until_calm(act))

    async def _issue_all(self) -> None:
        for _ in range(ALERTS // 3):
            await self.issue()


@pytest.mark.parametrize("seed", [1, 2])
async def test_storm(seed: int, database: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    async with building(database, pool=16) as built:
        world = await built.world()
        world.slack, world.sweeps.looks = seconds(LONGEST_JUMP), False
        await Storm(world, seed).rage()
        assert len(world.known) == ALERTS
        assert sum(world.begun.values()) > 3 * ALERTS, "the storm was none"
        await rest(world)
