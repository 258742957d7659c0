"""Dispatchers, and everything, killed while notices go out and while they are taken back."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from tests.faults.far_side import FarSide, assert_all_taken_back, assert_sound
from tests.faults.officer import Officer
from tests.faults.proof import states
from tests.faults.rig import Rig, until
from tests.faults.submissions import Submissions
from tests.faults.timing import LEASE, SLACK

PATIENCE = 90.0  # seconds: for the verdict "stuck"


LOST = (
    "attempt t JOIN delivery d ON d.id = t.delivery_id JOIN alert a ON a.id = d.alert_id "
    "WHERE a.code = ANY($1::text[]) AND t.reason = 'lease_lost'"
)


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
    """One while a notice goes out, one while another is taken back, one while a retraction overtakes a third. All is right
    once the last one's lease has ended and what it had is done again, for which the time is added that this machine takes
    when nothing is wrong. A chat group takes twenty messages a minute, which the cells before may have used: that is no
    recovery."""

    async def group_may_be_told() -> bool | None:
        lately = "paced_send WHERE at > now() - interval '1 minute'"
        return await rig.count(lately) == 0 or None

    await until(group_may_be_told, 70, "the group has had nothing for a minute")
    begun = time.monotonic()
    ending = await officer.issue()
    await officer.is_accepted(ending)
    usual = min(time.monotonic() - begun, SLACK)
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
    right = officer.is_up(starting, PATIENCE), officer.is_down(ending, PATIENCE), officer.is_down(overtaken, PATIENCE)
    took = await asyncio.gather(*(timed(one, since) for one, since in zip(right, at, strict=True)))
    for what, seconds in zip(said, took, strict=True):
        say(f"{what}; right everywhere {seconds:.1f} s later")
    recovered = took[0] - (at[-1] - at[0]), took[1] - (at[-1] - at[1]), took[2]
    assert max(recovered) <= LEASE + SLACK + usual, f"{max(recovered):.1f} s after the last kill, usual {usual:.1f} s"
    assert await rig.count(LOST, [starting, ending, overtaken]) > 0, "no lease was lost: nothing had to be recovered"
    assert_sound(await far.calls(starting))
    assert len(await far.showing(starting)) == rig.outlets - 1
    assert (await officer.read(ending))["outlets"] == {"down": rig.outlets - 1, "corrected": 1}
    await officer.retract(starting)
    await officer.is_down(starting)
    for alert in (starting, ending, overtaken):
        await assert_all_taken_back(far, alert)


async def test_the_power_fails(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """One notice going out, another being taken back, and officers submitting, when all of it goes dark at once. In the end
    every outlet is where it is after a notice that nothing disturbed."""
    calm = await officer.issue()
    await officer.is_up(calm)
    up = await states(rig, calm)
    await officer.retract(calm)
    await officer.is_down(calm)
    down = await states(rig, calm)
    ending = await officer.issue()
    await officer.is_accepted(ending)
    await disturb(far, chance)
    submissions = Submissions(rig, officer)
    submitting = asyncio.create_task(submissions.until_dark())
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
    await officer.is_down(ending, PATIENCE)
    await officer.is_up(starting, PATIENCE)
    assert await states(rig, starting) == up, "not what it is undisturbed"
    assert await states(rig, ending) == down, "not what it is undisturbed"
    say(
        f"{lost} sends under way were lost; all runs after {back:.1f} s, all is right after {time.monotonic() - at:.1f} s"
    )
    assert submissions.accepted
    asked = len(submissions.asked)
    await submissions.assert_kept(in_doubt=1)
    await submissions.take_back()
    say(f"{asked} more records submitted until it went dark, the last one unanswered: none lost, none twice")
    assert_sound(await far.calls(starting))
    await officer.retract(starting)
    await officer.is_down(starting)
    for alert in (starting, ending):
        await assert_all_taken_back(far, alert)
