"""A machine whose clock is wrong, and one whose clock steps back: the database's clock decides, and nobody notices."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.faults.another_clock import FAKETIME, WANTED, Clock
from tests.faults.far_side import OTHERS, FarSide, assert_all_taken_back
from tests.faults.officer import Officer
from tests.faults.proof import assert_nothing_stuck, assert_shown
from tests.faults.rig import Rig

OFF = 330  # seconds: a far end that verifies with standardwebhooks forgives 300
DISPATCHER = "dispatch-by-another-clock"
OUTLETS = 100
LASTS_ODDLY = (
    "alert WHERE code = ANY($1::text[]) AND (activated_at NOT BETWEEN now() - interval '4 minutes' AND now() "
    "OR (expires_at - activated_at) <> interval '1 hour' * round(extract(epoch FROM expires_at - activated_at) / 3600))"
)

pytestmark = pytest.mark.skipif(FAKETIME is None, reason=WANTED)


@pytest.fixture
async def rig(rig: Rig) -> AsyncIterator[Rig]:
    async with rig.only(OUTLETS):
        yield rig


@pytest.fixture
async def clock(rig: Rig, tmp_path: Path) -> AsyncIterator[Clock]:
    """That of the only dispatcher there is: whatever is done, it does."""
    made = Clock(tmp_path)
    made.set(OFF)
    for one in list(rig.dispatchers):
        rig.kill(one)
    rig.start_dispatcher(DISPATCHER, made.surroundings)
    await rig.up()
    yield made
    for one in list(rig.dispatchers):
        rig.kill(one)


@pytest.fixture
async def clock_of_the_api(rig: Rig, tmp_path: Path) -> AsyncIterator[Clock]:
    """That of the API, who takes records and receipts."""
    made = Clock(tmp_path)
    made.set(OFF)
    rig.kill_api()
    rig.start_api("api-by-another-clock", made.surroundings)
    await rig.up()
    yield made
    rig.kill_api()


def ahead(rig: Rig) -> float:
    """How many seconds the dispatcher believes to be ahead of us, by the last line of its log."""
    last = next(line for line in reversed(rig.processes.log(DISPATCHER).read_text().splitlines()) if line[:2] == "20")
    return datetime.strptime(f"{last[:19]} +0000", "%Y-%m-%d %H:%M:%S %z").timestamp() - time.time()


async def ahead_by_its_answers(officer: Officer) -> float:
    """How many seconds the API believes to be ahead of us."""
    said = (await officer.get("/health/live")).headers["date"]
    return parsedate_to_datetime(said).timestamp() - time.time()


async def works(rig: Rig, officer: Officer, far: FarSide, chance: random.Random) -> str:
    """A notice goes out, to some that are down at first, and the ledger holds no moment that is not near."""
    down = chance.sample(sorted(far.active() - set(OTHERS)), 5)
    for slug in down:
        await far.turn(slug, "down")
    await far.turn("tv-1", "slow")
    alert = await officer.issue()
    await far.heard(alert, "publish", rig.outlets // 2)
    for _ in range(10):
        odd = await rig.count(
            "delivery WHERE lease_until NOT BETWEEN now() - interval '5 seconds' AND now() + interval '60 seconds' "
            "OR state = 'pending' AND due_at NOT BETWEEN now() - interval '30 seconds' AND now() + interval '60 seconds'"
        )
        assert odd == 0, "leases or due times by a wrong clock"
        await asyncio.sleep(0.3)
    await far.turn("all", "ok")
    await officer.is_up(alert)
    times = await rig.count(
        "attempt WHERE started_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '5 seconds' "
        "OR finished_at NOT BETWEEN started_at AND now() + interval '5 seconds'"
    )
    assert times == 0, "attempts at the time of a wrong clock"
    await assert_shown(far, alert, rig.outlets - 1)  # each signature was fresh by the clock of the far end
    return alert


async def test_the_clock_of_a_machine_is_wrong_and_steps_back(
    rig: Rig, officer: Officer, far: FarSide, clock: Clock, chance: random.Random, say: Callable[[str], None]
) -> None:
    begun = time.monotonic()
    first = await works(rig, officer, far, chance)
    assert abs(ahead(rig) - OFF) < 60, "the clock was right"
    say(f"{OFF} s ahead: aired everywhere, every signature taken, {time.monotonic() - begun:.1f} s")
    clock.set(-OFF)
    begun = time.monotonic()
    second = await works(rig, officer, far, chance)
    assert abs(ahead(rig) + OFF) < 60, "the clock did not step"
    say(f"stepped back by {2 * OFF} s: aired everywhere, every signature taken, {time.monotonic() - begun:.1f} s")

    begun = time.monotonic()
    await rig.ask("UPDATE alert SET expires_at = now() WHERE code = $1", first)
    await officer.is_down(first)
    say(f"what expired then was down everywhere {time.monotonic() - begun:.1f} s later")
    assert (await officer.read(first))["state"] == "expired"
    await officer.retract(second)
    await officer.is_down(second)
    for alert in (first, second):
        await assert_all_taken_back(far, alert)
    await assert_nothing_stuck(rig)


async def test_the_clock_of_the_api_is_wrong_and_steps_back(
    rig: Rig, officer: Officer, far: FarSide, clock_of_the_api: Clock, chance: random.Random, say: Callable[[str], None]
) -> None:
    """Alerts last as long as they should, receipts are believed, and what is taken back is down."""
    first = await works(rig, officer, far, chance)
    assert abs(await ahead_by_its_answers(officer) - OFF) < 60, "the clock was right"
    clock_of_the_api.set(-OFF)
    second = await works(rig, officer, far, chance)
    assert abs(await ahead_by_its_answers(officer) + OFF) < 60, "the clock did not step"
    odd = await rig.count(LASTS_ODDLY, [first, second])
    assert odd == 0, "alerts that begin or end by a wrong clock"
    begun = time.monotonic()
    for alert in (first, second):
        await officer.retract(alert)
    for alert in (first, second):
        await officer.is_down(alert)
        await assert_all_taken_back(far, alert)
    say(f"the API's {OFF} s ahead, then stepping back by {2 * OFF} s: all down {time.monotonic() - begun:.1f} s after")
