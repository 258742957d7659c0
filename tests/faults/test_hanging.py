"""Two hundred outlets, half of them sick: the others must not notice."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import pytest

from tests.faults.far_side import GROUP, FarSide, assert_all_taken_back, assert_sound
from tests.faults.officer import Officer
from tests.faults.rig import Rig, until
from tests.faults.timing import all_hear, issue, retract

OUTLETS = 200


@pytest.fixture
async def rig(rig: Rig) -> AsyncIterator[Rig]:
    """With the other outlets paused."""
    async with rig.only(OUTLETS):
        yield rig


async def undelivered(officer: Officer, alert: str, wanted: int) -> None:
    """Wait until exactly so many are counted as not delivered."""

    async def look() -> bool | None:
        oldest = (await officer.read(alert))["oldest_undelivered"]
        return True if oldest is not None and oldest["count"] == wanted else None

    await until(look, 5, f"{wanted} are undelivered", pause=0.2)


async def halve(far: FarSide, mode: str) -> tuple[set[str], set[str]]:
    """The sick, and the healthy, among those that are not paused."""
    sick = set(await far.turn("half", mode)) & far.active()
    return sick, far.active() - sick


async def test_half_of_them_hang(rig: Rig, officer: Officer, far: FarSide, say: Callable[[str], None]) -> None:
    hanging, healthy = await halve(far, "hanging")
    assert len(hanging) + len(healthy) == rig.outlets
    assert abs(len(hanging) - len(healthy)) <= 2
    alert, at = await issue(officer)
    say(await all_hear(far, alert, "publish", healthy, at))
    await undelivered(officer, alert, len(hanging))
    assert not any(call["verdict"] == "shown" for call in await far.calls(alert) if call["slug"] in hanging)

    at = await retract(officer, alert)  # while every send to a hanging one is still open
    say(await all_hear(far, alert, "retract", healthy, at))
    await undelivered(officer, alert, len(hanging))
    await far.turn("all", "ok")
    stages = await officer.is_down(alert)
    say(f"well again: all {stages} {time.time() - at:.1f} s after the retraction")
    assert stages == {"down": rig.outlets - 1, "corrected": 1}  # nobody knows what a hanging one took: each is told
    await assert_all_taken_back(far, alert)


async def test_half_of_them_are_down(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    down, healthy = await halve(far, "down")
    alert, at = await issue(officer)
    say(await all_hear(far, alert, "publish", healthy, at))
    await undelivered(officer, alert, len(down))
    await asyncio.sleep(chance.uniform(0, 2))
    waiting = [d for d in await officer.deliveries(alert) if d["state"] in ("pending", "sending")]
    assert len(waiting) == len(down)
    assert {d["reason"] for d in waiting} == {"server_error"}
    await far.turn("all", "ok")
    await officer.is_up(alert)
    say(f"well again: aired everywhere {time.time() - at:.1f} s after the answer, by retries")

    await far.turn("half", "down")
    at = await retract(officer, alert)
    say(await all_hear(far, alert, "retract", healthy, at))
    await far.turn("all", "ok")
    await officer.is_down(alert)
    await assert_all_taken_back(far, alert)


async def test_half_of_them_lie(rig: Rig, officer: Officer, far: FarSide, say: Callable[[str], None]) -> None:
    """HTTP 200 with an errcode is a refusal: certain, so it is not tried again, and there is nothing to take down."""
    lying, healthy = await halve(far, "lying")
    alert, at = await issue(officer)
    say(await all_hear(far, alert, "publish", healthy, at))

    async def refused() -> Sequence[Mapping[str, str]] | None:
        failed = [d for d in await officer.deliveries(alert) if d["state"] == "failed"]
        return failed if len(failed) == len(lying) else None

    failed = await until(refused, 10, "the refusals are settled", pause=0.2)
    assert Counter(d["reason"] for d in failed) == {"rejected": len(lying) - 1, "bad_credentials": 1}  # 1: the group
    assert all("310000" in d["detail"] for d in failed)
    seen = await officer.read(alert)
    assert seen["outlets"]["failed"] == len(lying)
    assert seen["oldest_undelivered"]["count"] == len(lying)

    at = await retract(officer, alert)
    say(await all_hear(far, alert, "retract", healthy, at))

    async def ended() -> bool | None:
        seen = await officer.read(alert)
        stages = {"down": len(healthy), "failed": len(lying)}
        return True if (seen["outlets"], seen["oldest_undelivered"]) == (stages, None) else None

    await until(ended, 30, "the healthy ones are down, the others have failed", pause=0.4)
    calls = await far.calls(alert)
    asked = Counter(call["slug"] for call in calls if call["slug"] in lying)
    assert asked == Counter(lying - {GROUP}), "asked more than once"  # a call that a group failed names no alert
    await assert_all_taken_back(far, alert)


async def test_half_of_them_fail_now_and_then(
    rig: Rig, officer: Officer, far: FarSide, say: Callable[[str], None]
) -> None:
    """A 500, an answer, a connection closed after the notice was taken, an answer, and so on."""
    flaky, healthy = await halve(far, "flaky")
    alert, at = await issue(officer)
    say(await all_hear(far, alert, "publish", healthy, at))
    await officer.is_up(alert)
    say(f"aired everywhere {time.time() - at:.1f} s after the answer, by retries")

    at = await retract(officer, alert)
    say(await all_hear(far, alert, "retract", healthy, at))
    await officer.is_down(alert)
    say(f"down everywhere {time.time() - at:.1f} s after the answer, by retries")
    calls = await far.calls(alert)
    assert_sound(calls)
    struck = {call["slug"] for call in calls if call["fault"] == "server_error"}
    hung_up = {call["slug"] for call in calls if call["fault"] == "hung_up"}
    assert struck | {GROUP} == hung_up | {GROUP} == flaky  # a call that a group failed names no alert
    await assert_all_taken_back(far, alert)
