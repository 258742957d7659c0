"""One of three dispatchers killed each second, while 20,000 outlets are told and while they are told that it is over.
HUIJIA_TEST_OUTLETS makes them fewer; it takes as long and there are as many kills."""

import os
import random
from collections.abc import Callable, Sequence
from statistics import mean

from tests.faults.kills import QUICKEST, Pace, Phase, scene
from tests.faults.timing import LEASE, SLACK
from tests.faults.told import assert_told

FULL = 20_000
OUTLETS = int(os.environ.get("HUIJIA_TEST_OUTLETS") or FULL)
# Of what the living could do. With fewer outlets each dispatcher has so few under way that the luck of the slow ones decides.
GOAL = 0.9 if OUTLETS >= FULL else 0.7
ENOUGH = 6  # kills in each phase, or it proves little


async def test_while_it_goes_out_and_while_it_is_taken_back(chance: random.Random, say: Callable[[str], None]) -> None:
    async with scene(OUTLETS, chance) as at:
        quiet, before = await at.issue(kill=False)
        after = await at.retract(quiet, kill=False)
        heard = at.heard()
        await assert_told(at.ledger, quiet, heard, everyone=OUTLETS)
        could = [await at.pace(quiet, phase, heard) for phase in (before, after)]

        code, out = await at.issue()
        down = await at.retract(code)
        heard = at.heard()
        told = await assert_told(at.ledger, code, heard, everyone=OUTLETS)
        did = [await at.pace(code, phase, heard) for phase in (out, down)]
    for what, phase, one, other in zip(("publishing", "retracting"), (out, down), did, could, strict=True):
        say(f"{what}: {recovered([phase])}; {compared(one, other)}")
    say(
        f"{OUTLETS} outlets, {told.lost} sends lost with their senders, {told.doubles} heard twice, all with the same id"
    )
    assert min(len(out.kills), len(down.kills)) >= ENOUGH
    assert told.lost > 0, "no lease was lost: nothing had to be recovered"
    for phase, calm in ((out, before), (down, after)):
        assert_recovered(phase, (calm.settled - calm.begun) / QUICKEST[phase.number])
    share = mean(share_of(one, other) for one, other in zip(did, could, strict=True))
    assert share >= GOAL, f"{share:.2f} of what the living could do"


async def test_while_a_retraction_overtakes_it(chance: random.Random, say: Callable[[str], None]) -> None:
    async with scene(OUTLETS, chance) as at:
        quiet, calm = await at.issue(kill=False)
        await at.retract(quiet, kill=False)
        await assert_told(at.ledger, quiet, at.heard(), everyone=OUTLETS)
        code, out = await at.issue(untried=chance.uniform(0.3, 0.6))
        down = await at.retract(code)
        told = await assert_told(at.ledger, code, at.heard())
    say(
        f"{told.publish} of {OUTLETS} outlets had heard of it, {told.retract} were told that it is over: "
        f"{recovered([out, down])}; {told.lost} sends lost with their senders, {told.doubles} heard twice with the same id"
    )
    assert 0 < told.publish < OUTLETS
    assert min(len(out.kills), len(down.kills)) >= ENOUGH
    assert told.lost > 0, "no lease was lost: nothing had to be recovered"
    assert_recovered(down, (calm.settled - calm.begun) / QUICKEST[calm.number])


def assert_recovered(phase: Phase, slower: float) -> None:
    """Within the lease of the last one killed, and some slack; more of it on a machine that was ``slower`` than it need be when
    nobody was killed."""
    bound = LEASE + SLACK * min(max(1.0, slower), 3.0)
    assert phase.recovery <= bound, f"recovered {phase.recovery:.1f} s after the last kill, not within {bound:.1f} s"


def share_of(did: Pace, could: Pace) -> float:
    """Of what the living could do: outlets told for the first time."""
    return did.told / could.told / did.living * could.living


def recovered(phases: Sequence[Phase]) -> str:
    kills = " and ".join(str(len(phase.kills)) for phase in phases)
    return f"{kills} kills, all right {phases[-1].recovery:.1f} s after the last (lease {LEASE:.0f} s)"


def compared(did: Pace, could: Pace) -> str:
    return (
        f"{did.finished:.0f}/s finished with {did.living:.0%} of the dispatchers living, {could.finished:.0f}/s with all, "
        f"÷ what the living could do {did.finished / could.finished / did.living * could.living:.2f}; "
        f"first heard {did.told:.0f}/s and {could.told:.0f}/s, {share_of(did, could):.2f}"
    )
