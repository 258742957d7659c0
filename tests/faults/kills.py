"""An alert told to many outlets and taken back by three dispatchers, of which one is killed each second and another started.

The outlets are addresses of their own at the sink of the measurements, which keeps every message. A dispatcher would tell
20,000 of them in seconds, and there would be little to kill: so each takes 0.05 to 0.15 s to answer, every twentieth 1 to 2 s
(``bench.hosts.wait``), and their one partner bears no more at once from one dispatcher than the 300th part of them, and as
much again of retractions. That makes it 15 s and 8 s at least without a kill, however many they are."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.hosts import Message, SinkProcess
from bench.ledger import Ledger
from tests.faults.nursery import Nursery

DISPATCHERS = 3
QUICKEST = {1: 15.0, 2: 8.0}  # seconds that a notice, and its retraction, take at least
EVERY = 1.0  # seconds between two kills
SHARE = 300  # one in so many outlets is under way at once
PATIENCE = 90.0  # seconds from the last kill, a lease being 15: for the verdict "stuck", not for a claim of speed
MOST = 0.95  # of the outlets: the last ones wait for the leases of the dead


@dataclass(slots=True)
class Phase:
    """One notice on its way, by the wall clock: committed, and settled everywhere."""

    number: int
    begun: float
    settled: float = 0.0
    kills: list[float] = field(default_factory=list)

    @property
    def recovery(self) -> float:
        """Seconds from the last kill until nothing of it waited any more."""
        return self.settled - self.kills[-1]


@dataclass(frozen=True, slots=True)
class Pace:
    """Deliveries a second while most of the outlets were told: heard there for the first time, and finished as the ledger
    has it. ``living``: which share of the dispatchers was at work meanwhile, each second counted."""

    told: float
    finished: float
    living: float


class Scene:
    def __init__(
        self, ledger: Ledger, sink: SinkProcess, nursery: Nursery, outlets: int, chance: random.Random
    ) -> None:
        self.ledger, self.outlets = ledger, outlets
        self._sink, self._nursery, self._chance = sink, nursery, chance
        self._dispatchers = [nursery.start() for _ in range(DISPATCHERS)]
        self._died: dict[int, float] = {}

    def heard(self) -> Sequence[Message]:
        """Everything since it was asked last."""
        return self._sink.messages()

    async def issue(self, *, kill: bool = True, untried: float = 0.0) -> tuple[str, Phase]:
        """A new alert, and its way until no more than this share of the outlets is untried; where that is none, until all
        is settled."""
        code, committed = await self.ledger.issue()
        phase = Phase(1, committed)
        await self._follow(code, phase, kill, untried)
        return code, phase

    async def retract(self, code: str, *, kill: bool = True) -> Phase:
        _, committed = await self.ledger.retract(code)
        phase = Phase(2, committed)
        await self._follow(code, phase, kill, 0.0)
        return phase

    async def _follow(self, code: str, phase: Phase, kill: bool, untried: float) -> None:
        due = phase.begun + EVERY
        while await self._untried(code, phase.number) > untried * self.outlets:
            if kill and time.time() >= due:
                phase.kills.append(await self._kill_one())
                due = phase.kills[-1] + EVERY
            await asyncio.sleep(0.05)
            assert time.time() < phase.begun + 2 * PATIENCE, "it does not get on"
        if untried == 0.0:
            phase.settled = await self.ledger.settled(code, PATIENCE)

    async def _untried(self, code: str, number: int) -> int:
        (row,) = await self.ledger.sql(
            "SELECT count(*) AS n FROM delivery WHERE alert_id = (SELECT id FROM alert WHERE code = :code) "
            "AND number = :number AND state = 'pending' AND tries = 0", code=code, number=number,
        )  # fmt: skip
        return int(row.n)

    async def _kill_one(self) -> float:
        """One that is at work, and another is started at once."""
        await self.at_work(1)
        working = await self._working()
        victim = self._chance.choice([p for p in self._dispatchers if p in working])
        self._nursery.kill(victim)
        self._died[victim] = at = time.time()
        self._dispatchers.remove(victim)
        self._dispatchers.append(self._nursery.start())
        return at

    async def at_work(self, many: int = DISPATCHERS) -> None:
        """Wait until so many are: on a slow machine there is nobody to kill each second."""
        deadline = time.monotonic() + PATIENCE
        while len((await self._working()).keys() & set(self._dispatchers)) < many:
            assert time.monotonic() < deadline, "no dispatcher gets to work"
            await asyncio.sleep(0.05)

    async def _working(self) -> dict[int, float]:
        """Since when each dispatcher that ever was has been at work, by its pid."""
        rows = await self.ledger.sql(
            "SELECT CAST(split_part(name, ':', 2) AS int) AS pid, CAST(extract(epoch FROM started_at) AS float) AS since "
            "FROM worker"
        )
        return {r.pid: r.since for r in rows}

    async def pace(self, code: str, phase: Phase, heard: Sequence[Message]) -> Pace:
        first: dict[str, float] = {}
        for one in heard:
            if (one.alert, one.number) == (code, phase.number):
                first.setdefault(one.place, one.at)
        most = int(MOST * len(first))
        until = sorted(first.values())[most - 1]
        (row,) = await self.ledger.sql(
            "SELECT count(*) AS n FROM attempt t JOIN delivery d ON d.id = t.delivery_id JOIN alert a ON a.id = d.alert_id "
            "WHERE a.code = :code AND d.number = :number AND t.outcome = 'accepted' "
            "AND t.finished_at <= to_timestamp(:until)", code=code, number=phase.number, until=until,
        )  # fmt: skip
        took = until - phase.begun
        lived = sum(
            max(0.0, min(self._died.get(pid, until), until) - max(since, phase.begun))
            for pid, since in (await self._working()).items()
        )
        return Pace(most / took, row.n / took, lived / took / DISPATCHERS)


@asynccontextmanager
async def scene(outlets: int, chance: random.Random) -> AsyncIterator[Scene]:
    """With everything running and every outlet slow; nothing of it is left afterwards."""
    with SinkProcess() as sink:
        async with Ledger(outlets, sink.port, dispatchers=0) as ledger:
            await ledger.bears(max(1, outlets // SHARE))
            sink.be_slow()
            with Nursery(ledger.env, ledger.log) as nursery:
                found = Scene(ledger, sink, nursery, outlets, chance)
                await found.at_work()
                yield found
