"""Nothing that may have aired is uncancellable: answers lost, packets late, the process killed between any two steps."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.contract import Accepted, Kind, Media, Notice, Outcome, Reason, Reply, Retry, WireError
from tests.channels.ebd.stage import ReachingWire, Stage, stage
from tests.channels.notices import PUBLISH, RETRACT, UPDATE

FATES = ("arrives", "unheard", "lost", "late", "killed")


class Killed(Exception):
    """The process ends here. What was durable stays."""


@dataclass
class Fate:
    """How one try fares. ``step``: after how many steps of the wire the process is killed."""

    what: str
    step: int = 0
    tells: bool = True  # whether the ledger knows the reference of what was accepted


class RoughWire(ReachingWire):
    """Remembers like a database, and dies, loses and delays as it is told."""

    fate = Fate("arrives")
    steps = 0

    def __init__(self, of: ReachingWire) -> None:
        super().__init__(of._client)
        self.late: list[tuple[dict[str, str], bytes]] = []

    def _step(self) -> None:
        self.steps += 1
        if self.fate.what == "killed" and self.steps > self.fate.step:
            raise Killed

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> Reply:
        self._step()
        if self.fate.what == "lost":
            raise WireError(Reason.UNREACHABLE)
        if self.fate.what == "late":
            self.late.append((dict(headers), body))
            raise WireError(Reason.TIMEOUT)
        reply = await super().request(method, url, headers=headers, timeout=timeout, body=body)
        self._step()
        if self.fate.what == "unheard":
            raise WireError(Reason.TIMEOUT)
        return reply

    async def arrive(self) -> None:
        """What was late is there."""
        self.fate = Fate("arrives")
        for headers, body in self.late:
            await super().request("POST", "", headers=headers, timeout=timedelta(1), body=body)
        self.late.clear()

    async def note(self, name: str, value: str) -> str:
        self._step()
        noted = await super().note(name, value)
        self._step()
        return noted

    async def noted(self, name: str) -> str | None:
        self._step()
        return await super().noted(name)

    async def count(self, name: str) -> int:
        self._step()
        return await super().count(name)

    async def content(self, media: Media) -> bytes:
        self._step()
        return await super().content(media)


@dataclass
class Walk:
    """One alert at one outlet, driven as the dispatcher drives it: the newest notice only, one try at a time."""

    at: Stage
    wire: RoughWire
    prior: str | None = None
    tried: list[str] = field(default_factory=list)

    async def attempt(self, notice: Notice, fate: Fate) -> Outcome | None:
        self.wire.fate, self.wire.steps = fate, 0
        self.at.now += timedelta(seconds=7)
        self.tried.append(f"{notice.number} {fate.what}")
        try:
            outcome = await self.at.send(notice, f"dlv_{notice.number}", prior=self.prior)
        except Killed:
            return None
        finally:
            self.wire.fate = Fate("arrives")
        if isinstance(outcome, Accepted) and fate.tells and outcome.reference:
            self.prior = outcome.reference
        return outcome

    def check(self, notice: Notice, outcome: Outcome | None) -> None:
        """An accepted notice is the only one of the alert on the air, unless an older one has yet to arrive."""
        if isinstance(outcome, Accepted) and not self.wire.late:
            on = self.at.on_air(1)
            assert len(on) == (notice.kind is not Kind.RETRACT), (self.tried, on)


def notice(number: int, last: bool) -> Notice:
    kind = RETRACT if last else PUBLISH if number == 1 else UPDATE
    return replace(kind, number=number, ends=tuple(range(1, number)))


fate = st.builds(Fate, st.sampled_from(FATES), st.integers(0, 40), st.booleans())
story = st.lists(st.lists(fate, min_size=1, max_size=3), min_size=1, max_size=4)


async def walked(tries: list[list[Fate]], end: list[Fate], blunt: bool, arrive: int) -> None:
    at = stage(blunt=blunt)
    wire = RoughWire(at.wire)
    at.wire = wire
    walk = Walk(at, wire)
    begun = False
    for number, fates in enumerate(tries, 1):
        told = notice(number, last=False)
        for each in fates:
            outcome = await walk.attempt(told, each)
            walk.check(told, outcome)
            begun = begun or bool(wire.calls) or bool(wire.late)
            if isinstance(outcome, Accepted):
                break
        if number == arrive:
            await wire.arrive()
    over = notice(len(tries) + 1, last=True)
    for each in end:
        walk.check(over, await walk.attempt(over, each))
    await wire.arrive()
    last = await walk.attempt(over, Fate("arrives"))
    assert at.on_air(1) == [], walk.tried
    assert at.on_air(3600) == [], walk.tried
    known = {one.ebmid for one in at.platform.broadcasts.values() if not one.cancels}
    if isinstance(last, Retry):
        assert "查找不到该EBMID" in last.detail, "what the platform never got, and that alone, keeps it from the end"
    elif isinstance(last, Accepted):
        assert all(at.platform.broadcasts[ebmid].cancelled for ebmid in known)
    else:
        assert not known, "refused only where nothing was ever sent"
    broken = [rule for rule in at.rules() if "查找不到" not in rule]
    assert broken == [], (walk.tried, broken)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tries=story, end=st.lists(fate, max_size=3), blunt=st.booleans(), arrive=st.integers(0, 4))
def test_whatever_happens_it_comes_off(tries: list[list[Fate]], end: list[Fate], blunt: bool, arrive: int) -> None:
    asyncio.run(walked(tries, end, blunt, arrive))


async def test_killed_after_every_single_step() -> None:
    """Not by chance: the first publish, and an update after it, ended after each of their steps."""
    for step in range(0, 40, 2):
        await walked([[Fate("killed", step)]], [], False, 0)
        await walked([[Fate("arrives")], [Fate("killed", step)]], [], False, 0)
        await walked([[Fate("killed", step), Fate("unheard")]], [Fate("killed", step)], False, 0)


async def test_it_bites() -> None:
    """Without what was noted, a lost answer leaves the notice on the air."""
    at = stage()
    at.wire.lose = lambda call: "after" if call == 1 else None
    await at.send(PUBLISH, "dlv_1")
    at.wire._notes.clear()
    await at.send(replace(RETRACT, number=2, ends=(1,)), "dlv_2")
    assert len(at.on_air(1)) == 1
