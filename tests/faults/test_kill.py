"""Dispatchers, and everything, killed while notices go out and while they are taken back."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import httpx

from tests.faults.far_side import FarSide, assert_all_taken_back, assert_sound
from tests.faults.officer import NOWHERE, Officer
from tests.faults.proof import UNDER_WAY
from tests.faults.rig import Rig

# A lease is 15 s for a webhook and up to 27 s for others, two if its rescuer is killed too; the rest is for a slow machine.
RECOVERY = 90.0


async def disturb(far: FarSide, chance: random.Random) -> None:
    """Half of the stations take a notice at once and answer three seconds later, so that a kill always finds sends under
    way whose end nobody knows; some of them fail every other time instead."""
    slow = await far.turn("half", "slow")
    for slug in chance.sample(slow, len(slow) // 12):
        await far.turn(slug, "flaky")


def some_of(rig: Rig, chance: random.Random) -> int:
    """So many calls that a fan-out is neither just begun nor nearly over."""
    return chance.randint(rig.outlets // 25, rig.outlets * 9 // 10)


async def kill_busiest(rig: Rig, alert: str, doing: str, heard: int) -> str:
    """Kill the dispatcher that has the most sends of this alert, and start another. What there is to say of it."""
    victim = await rig.busiest(alert)
    rig.kill(victim)
    left = await rig.count("delivery WHERE state = 'sending' AND split_part(worker, ':', 2) = $1", str(victim.pid))
    assert left > 0, "it was killed too late to matter"
    rig.start_dispatcher()
    return f"killed while {doing}, after {heard} of {rig.outlets} calls, with {left} sends under way"


async def timed(right: Awaitable[object], since: float) -> float:
    """Seconds from ``since`` until it was right."""
    await right
    return time.monotonic() - since


async def test_dispatchers_are_killed(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """One while a notice goes out, one while another is taken back, one while a retraction overtakes a third."""
    ending = await officer.issue()
    await officer.is_accepted(ending)
    await disturb(far, chance)

    starting = await officer.issue()
    heard = await far.heard(starting, "publish", some_of(rig, chance))
    said, at = [await kill_busiest(rig, starting, "publishing", heard)], [time.monotonic()]

    await officer.retract(ending)
    heard = await far.heard(ending, "retract", some_of(rig, chance))
    said.append(await kill_busiest(rig, ending, "retracting", heard))
    at.append(time.monotonic())

    overtaken = await officer.issue()
    heard = await far.heard(overtaken, "publish", some_of(rig, chance))
    await officer.retract(overtaken)
    await asyncio.sleep(chance.uniform(0, 0.5))
    said.append(await kill_busiest(rig, overtaken, "publishing what was just retracted", heard))
    at.append(time.monotonic())

    await far.turn("all", "ok")
    right = officer.is_up(starting, RECOVERY), officer.is_down(ending, RECOVERY), officer.is_down(overtaken, RECOVERY)
    took = await asyncio.gather(*(timed(one, since) for one, since in zip(right, at, strict=True)))
    for what, seconds in zip(said, took, strict=True):
        say(f"{what}; right everywhere {seconds:.1f} s later")
    assert_sound(await far.calls(starting))
    assert len(await far.showing(starting)) == rig.outlets - 1
    assert (await officer.read(ending))["outlets"] == {"down": rig.outlets - 1, "corrected": 1}
    await officer.retract(starting)
    await officer.is_down(starting)
    for alert in (starting, ending, overtaken):
        await assert_all_taken_back(far, alert)
    assert await rig.count(UNDER_WAY) == 0


async def test_the_power_fails(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """One notice going out, another being taken back, and officers submitting, when all of it goes dark at once."""
    ending = await officer.issue()
    await officer.is_accepted(ending)
    await disturb(far, chance)
    answered: dict[str, str] = {}
    asked: dict[str, dict[str, object]] = {}
    submitting = asyncio.create_task(submit_until_dark(officer, asked, answered))
    starting = await officer.issue()
    await officer.retract(ending)
    await far.heard(starting, "publish", some_of(rig, chance))
    await far.heard(ending, "retract", chance.randint(1, rig.outlets // 5))
    rig.power_cut()
    at = time.monotonic()
    await submitting

    rig.start_store()
    rig.start_api()
    for _ in range(2):
        rig.start_dispatcher()
    lost = await rig.count("delivery WHERE state = 'sending'")
    assert lost > 0, "the power failed too late to matter"
    await rig.up()
    back = time.monotonic() - at
    await far.turn("all", "ok")
    await officer.is_down(ending, RECOVERY)
    await officer.is_up(starting, RECOVERY)
    say(
        f"{lost} sends under way were lost; all runs after {back:.1f} s, all is right after {time.monotonic() - at:.1f} s"
    )
    await assert_none_lost(rig, officer, asked, answered)
    say(f"{len(asked)} more records submitted until it went dark, the last one unanswered: none lost, none twice")
    assert_sound(await far.calls(starting))
    await officer.retract(starting)
    await officer.is_down(starting)
    for alert in (starting, ending):
        await assert_all_taken_back(far, alert)
    assert await rig.count(UNDER_WAY) == 0


async def submit_until_dark(officer: Officer, asked: dict[str, dict[str, object]], answered: dict[str, str]) -> None:
    """One record after another, each under an idempotency key; ``answered`` holds what was answered 201."""
    while True:
        key = f"dark-{len(asked):04d}"
        asked[key] = officer.record(**NOWHERE)
        try:
            answer = await officer.submit(asked[key], key)
        except httpx.TransportError:
            return
        assert answer.status_code in (201, 503), answer.text
        if answer.status_code == 201:
            answered[key] = answer.json()["id"]


async def assert_none_lost(
    rig: Rig, officer: Officer, asked: dict[str, dict[str, object]], answered: dict[str, str]
) -> None:
    """What was answered 201 is there; what was not may be asked again, and comes to one alert all the same."""
    assert answered
    for alert in answered.values():
        assert (await officer.read(alert))["state"] == "active"
    for key in asked.keys() - answered.keys():
        answer = await officer.submit(asked[key], key)
        assert answer.status_code == 201, answer.text
        answered[key] = answer.json()["id"]
    assert len(set(answered.values())) == len(asked)
    cases = [record["case_number"] for record in asked.values()]
    assert await rig.count("alert WHERE case_number = ANY($1::text[])", cases) == len(asked)
