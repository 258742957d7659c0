"""The network to some outlets is bad, in six ways: nobody else notices, the wait is seen, and once it is mended they have
what they should have."""

import random
import time
from collections.abc import AsyncIterator, Callable, Collection

import pytest

from tests.faults.far_side import OTHERS, FarSide, assert_all_taken_back
from tests.faults.network import Network, Shape
from tests.faults.officer import Officer
from tests.faults.proof import assert_nothing_stuck, assert_shown, assert_wait_seen
from tests.faults.rig import Rig
from tests.faults.timing import AT_ONCE, all_hear, issue, retract, waits_of

OUTLETS, BEHIND = 100, 10
RECOVERY = 60.0  # an outlet is asked again after 15 s at the latest when it has been failing for so short a time
NOWHERE = "http://huijia-outlet.invalid:8100"  # RFC 6761: never resolves


@pytest.fixture
async def rig(rig: Rig) -> AsyncIterator[Rig]:
    """Without the chat group: its robot takes twenty messages a minute, and one of these cells after another needs more."""
    async with rig.only(OUTLETS, group=False):
        yield rig


@pytest.fixture
def behind(far: FarSide, chance: random.Random) -> Collection[str]:
    """A television station and some screens."""
    return {"tv-1", *chance.sample(sorted(far.active() - set(OTHERS)), BEHIND - 1)}


@pytest.fixture
async def network(rig: Rig, behind: Collection[str], chance: random.Random) -> AsyncIterator[Network]:
    """That they stand behind; it is taken away again."""
    async with Network(rig.far, chance) as made:
        await rig.move(dict.fromkeys(behind, made.base))
        yield made
        await rig.move(dict.fromkeys(behind, rig.far))


async def normally(officer: Officer, far: FarSide, healthy: Collection[str]) -> float:
    """How long the healthy wait on this machine while all is well, connections warm."""
    alert, at = await issue(officer)
    waits = await waits_of(far, alert, "publish", healthy, at)
    await officer.is_up(alert)
    await officer.retract(alert)
    await officer.is_down(alert)
    return max(waits.values())


async def failures(rig: Rig, alert: str) -> set[str]:
    """Why attempts came to nothing."""
    rows = await rig.ask(
        "SELECT DISTINCT t.reason FROM attempt t JOIN delivery d ON d.id = t.delivery_id JOIN alert a ON a.id = d.alert_id "
        "WHERE a.code = $1 AND t.outcome <> 'accepted'",
        alert,
    )
    return {row["reason"] for row in rows}


@pytest.mark.parametrize(
    ("shape", "reason"),
    [(Shape.REFUSED, "unreachable"), (Shape.BLACK_HOLE, "timeout"), (None, "unreachable")],
    ids=["refused", "black-hole", "no-such-name"],
)
async def test_nothing_gets_through(
    rig: Rig, officer: Officer, far: FarSide, network: Network, behind: Collection[str], say: Callable[[str], None],
    shape: Shape | None, reason: str,
) -> None:  # fmt: skip
    async def break_it() -> None:
        await (network.bend(shape) if shape is not None else rig.move(dict.fromkeys(behind, NOWHERE)))

    async def mend_it() -> float:
        await (network.bend(Shape.WELL) if shape is not None else rig.move(dict.fromkeys(behind, network.base)))
        return time.monotonic()

    before, healthy = rig.pids(), far.active() - set(behind)
    within = AT_ONCE + await normally(officer, far, healthy)
    await break_it()
    alert, at = await issue(officer)
    since = time.monotonic()
    say(await all_hear(far, alert, "publish", healthy, at, within=within))
    await assert_wait_seen(rig, officer, alert, len(behind), since)
    assert await far.showing(alert) >= healthy
    assert not await far.showing(alert) & set(behind)
    mended = await mend_it()
    await officer.is_up(alert, RECOVERY)
    say(f"told {time.monotonic() - mended:.1f} s after the network was mended")
    assert {reason} <= await failures(rig, alert) <= {reason, "broken"}  # what was open when it was mended broke off

    await break_it()
    at = await retract(officer, alert)
    since = time.monotonic()
    say(await all_hear(far, alert, "retract", healthy, at, within=within))
    await assert_wait_seen(rig, officer, alert, len(behind), since)
    assert await far.showing(alert) == set(behind)
    mended = await mend_it()
    assert await officer.is_down(alert, RECOVERY) == {"down": rig.outlets}
    say(f"taken back {time.monotonic() - mended:.1f} s after the network was mended")
    await assert_all_taken_back(far, alert)
    await assert_nothing_stuck(rig)
    assert rig.pids() == before


@pytest.mark.parametrize(
    ("shape", "reason"),
    [(Shape.LOSSY, "broken"), (Shape.RESET, "broken"), (Shape.DRIP, "timeout")],
    ids=["late-and-lossy", "reset", "drip"],
)
async def test_answers_do_not_get_back(
    rig: Rig, officer: Officer, far: FarSide, network: Network, behind: Collection[str], say: Callable[[str], None],
    shape: Shape, reason: str,
) -> None:  # fmt: skip
    """What is sent arrives, and huijia cannot know: a receipt tells it, or it asks again under the same id."""
    before, healthy = rig.pids(), far.active() - set(behind)
    within = AT_ONCE + await normally(officer, far, healthy)
    await network.bend(shape)
    alert, at = await issue(officer)
    say(await all_hear(far, alert, "publish", healthy, at, within=within))
    await all_hear(far, alert, "publish", behind, at, within=RECOVERY)
    at = await retract(officer, alert)
    say(await all_hear(far, alert, "retract", healthy, at, within=within))
    await all_hear(far, alert, "retract", behind, at, within=RECOVERY)
    await network.bend(Shape.WELL)
    mended = time.monotonic()
    assert await officer.is_down(alert, RECOVERY) == {"down": rig.outlets}
    say(f"known to be down everywhere {time.monotonic() - mended:.1f} s after the network was mended")
    assert await failures(rig, alert) == {reason}
    await assert_all_taken_back(far, alert)
    await assert_nothing_stuck(rig)
    alert, _ = await issue(officer)
    await officer.is_up(alert)
    await assert_shown(far, alert, rig.outlets)
    await officer.retract(alert)
    await officer.is_down(alert)
    assert rig.pids() == before
