"""Every verb of the ledger in any order, with crashes, lost answers, late settles and the clock jumping at any moment."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text

from app.db.engine import transaction
from app.domain.words import Lane, Outcome, ReceiptKind, Status
from tests.machine.building import Building
from tests.machine.far_end import Arrival, Place
from tests.machine.invariants import check_each, check_end, drive
from tests.machine.known import Send
from tests.machine.world import World

T = TypeVar("T")
pick = st.integers(0, 59)  # divisible by the length of every short list
workers = st.sampled_from(["a", "b", "c"])
rarely = st.integers(0, 9).map(lambda n: n == 9)
now_and_then = st.integers(0, 3).map(lambda n: n == 3)
statuses = st.sampled_from([Status.ACTUAL, Status.ACTUAL, Status.EXERCISE])
JUMPS = [timedelta(seconds=s) for s in (1, 3, 10, 16, 61, 900, 3700, 90_000)]
STEPS = [timedelta(seconds=s) for s in (5, 40, 700, 4000)]


class Machine(RuleBasedStateMachine):
    """``building`` and ``runner`` are set by the test that runs it."""

    building: Building
    runner: asyncio.Runner
    most_alerts = 4

    walked: ClassVar[int] = 0  # steps of all runs together
    broken = False
    checked = 0

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        try:
            return self.runner.run(what)
        except BaseException:
            self.broken = True
            raise

    @initialize(status=statuses)
    def begin(self, status: Status) -> None:
        """With an alert: of steps before the first one nothing is to be learnt."""
        self.world: World = self.do(self.building.world())
        self.do(self.world.submit(status))

    def _live(self) -> list[str]:
        return [code for code, alert in self.world.known.items() if alert.ended is None]

    def _flying(self) -> list[Send]:
        return [s for s in self.world.sends if s.result is None]

    def _answered(self) -> list[Send]:
        return [s for s in self.world.sends if s.result is not None]

    def _heard(self) -> list[tuple[Place, Arrival]]:
        return [(place, a) for place in self.world.places.values() for a in place.arrivals]

    @precondition(lambda self: len(self.world.known) < self.most_alerts)
    @rule(status=statuses, torn=rarely, unsure=rarely)
    def submit(self, status: Status, torn: bool, unsure: bool) -> None:
        self.do(self.world.submit(status, torn, unsure))

    @precondition(lambda self: self._live())
    @rule(at=pick, torn=rarely, unsure=rarely)
    def amend(self, at: int, torn: bool, unsure: bool) -> None:
        self.do(self.world.amend(self._live()[at % len(self._live())], torn, unsure))

    @rule(at=pick, torn=rarely, unsure=now_and_then)
    def retract(self, at: int, torn: bool, unsure: bool) -> None:
        codes = [c for c in self.world.known if c in self._live()] or list(self.world.known)
        if self.world.known[codes[at % len(codes)]].ended is None:
            self.do(self.world.retract(codes[at % len(codes)], torn, unsure))

    @precondition(lambda self: self.world.refused)
    @rule(at=pick)
    def ask_again(self, at: int) -> None:
        codes = list(self.world.known)
        self.do(self.world.ask_again(codes[at % len(codes)]))

    @precondition(lambda self: self._heard())
    @rule(at=pick)
    def replay(self, at: int) -> None:
        heard = self._heard()
        self.do(self.world.replay(*heard[at % len(heard)]))

    @rule(worker=workers, room=st.integers(1, 4), only_retractions=rarely)
    def claim(self, worker: str, room: int, only_retractions: bool) -> None:
        self.do(self.world.claim(worker, room, only_retractions))

    @rule(
        worker=workers,
        outcomes=st.lists(st.sampled_from(Outcome), min_size=1, max_size=3),
        lies=now_and_then,
        unsure=now_and_then,
    )
    def work(self, worker: str, outcomes: list[Outcome], lies: bool, unsure: bool) -> None:
        """A whole turn; what is drawn one by one seldom comes to an answer in time."""
        sends = self.do(self.world.claim(worker, room=4))
        for n, send in enumerate(sends):
            self.world.answer(send, outcomes[n % len(outcomes)], lies=lies)
        if sends:
            self.do(self.world.settle(sends, unsure=unsure))

    @precondition(lambda self: any(not s.arrived for s in self._flying()))
    @rule(at=pick)
    def arrive(self, at: int) -> None:
        flying = [s for s in self._flying() if not s.arrived]
        self.world.arrive(flying[at % len(flying)])

    @precondition(lambda self: self._flying())
    @rule(
        at=pick, outcome=st.sampled_from(Outcome), receipt=st.none() | st.sampled_from(ReceiptKind), lies=now_and_then
    )
    def answer(self, at: int, outcome: Outcome, receipt: ReceiptKind | None, lies: bool) -> None:
        self.world.answer(self._flying()[at % len(self._flying())], outcome, receipt, lies=lies)

    @precondition(lambda self: self._answered())
    @rule(at=pick, all_of_them=st.booleans(), torn=rarely, unsure=now_and_then)
    def settle(self, at: int, all_of_them: bool, torn: bool, unsure: bool) -> None:
        answered = self._answered()
        one = answered[at % len(answered)]
        batch = [s for s in answered if s.worker == one.worker] if all_of_them else [one]
        self.do(self.world.settle(batch, torn, unsure=unsure))

    @precondition(lambda self: self.world.unsure)
    @rule()
    def settle_again(self) -> None:
        self.do(self.world.settle_again(*self.world.unsure.pop()))

    @precondition(lambda self: any(place.tended and place.arrivals for place in self.world.places.values()))
    @rule(worker=workers)
    def look(self, worker: str) -> None:
        self.do(self.world.look(worker))

    @precondition(lambda self: self.world.looks)
    @rule()
    def looked(self) -> None:
        self.do(self.world.looked(self.world.looks[0]))

    @precondition(lambda self: self.world.sends or self.world.looks)
    @rule(worker=workers, arrives=st.booleans())
    def crash(self, worker: str, arrives: bool) -> None:
        self.world.crash(worker, lambda _: arrives)

    @rule(by=st.sampled_from(JUMPS), arrives=st.booleans())
    def jump(self, by: timedelta, arrives: bool) -> None:
        self.do(self.world.jump(by, lambda _: arrives))

    @rule(by=st.sampled_from(STEPS), forward=st.booleans(), so_be_it=now_and_then)
    def set_clock(self, by: timedelta, forward: bool, so_be_it: bool) -> None:
        if so_be_it:
            self.do(self.world.set_forward(by) if forward else self.world.set_back(by))

    @rule(name=st.sampled_from(["rescue", "rescue_all", "expire", "put_right", "look_again", "follow", "extend"]))
    def sweep(self, name: str) -> None:
        self.do(self.world.sweep(name))

    @rule(lost=st.booleans(), anew=rarely)
    def poll(self, lost: bool, anew: bool) -> None:
        place = next(p for p in self.world.places.values() if p.lane is Lane.POLLED)
        self.do(self.world.poll(place, lost, anew=anew))

    @precondition(lambda self: self._heard())
    @rule(at=pick, kind=st.sampled_from(ReceiptKind), minutes=st.integers(-2, 2), torn=rarely)
    def say(self, at: int, kind: ReceiptKind, minutes: int, torn: bool) -> None:
        place, of = self._heard()[at % len(self._heard())]
        self.do(self.world.say(place, of, kind, self.world.at(minutes=minutes), torn))

    @rule(at=pick, paused=st.booleans())
    def pause(self, at: int, paused: bool) -> None:
        ids = list(self.world.places)
        self.do(self._set_paused(ids[at % len(ids)], paused))
        self.world.places[ids[at % len(ids)]].paused = paused

    async def _set_paused(self, id: int, paused: bool) -> None:
        async with transaction(self.world.house.engine) as session:
            await session.execute(
                text("UPDATE outlet SET paused = :paused, updated_at = now() WHERE id = :id"),
                {"paused": paused, "id": id},
            )

    @invariant()
    def nothing_is_lost(self) -> None:
        Machine.walked += 1
        if hasattr(self, "world") and self.world.written != self.checked:
            self.do(check_each(self.world))
            self.checked = self.world.written

    def teardown(self) -> None:
        if hasattr(self, "world") and not self.broken:
            self.do(self._rest())

    async def _rest(self) -> None:
        await drive(self.world)
        await check_each(self.world)
        await check_end(self.world)
