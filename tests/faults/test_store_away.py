"""PostgreSQL goes away under running processes, and a dispatcher is told to end: nothing of ours needs a restart."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from tests.faults.far_side import FarSide, assert_all_taken_back, assert_sound
from tests.faults.officer import NOWHERE, Officer
from tests.faults.processes import kill_all
from tests.faults.proof import UNDER_WAY
from tests.faults.reader import Reader
from tests.faults.rig import Rig, until

SESSIONS = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
FORGOTTEN = (  # sends whose end was never written, or was written by somebody who could only guess it
    "delivery d JOIN alert a ON a.id = d.alert_id WHERE a.code = $1 "
    "AND d.tries > (SELECT count(*) FROM attempt t WHERE t.delivery_id = d.id AND t.reason IS DISTINCT FROM 'lease_lost')"
)


async def going_out(rig: Rig, officer: Officer, far: FarSide, chance: random.Random) -> str:
    """An alert in the middle of its fan-out: half of the stations answer only after three seconds."""
    await far.turn("half", "slow")
    alert = await officer.issue()
    await far.heard(alert, "publish", chance.randint(rig.outlets // 25, rig.outlets * 4 // 5))
    return alert


@pytest.mark.parametrize("seconds", [4, 60])
async def test_the_store_goes_away_and_comes_back(
    rig: Rig,
    officer: Officer,
    far: FarSide,
    reader: Reader,
    chance: random.Random,
    say: Callable[[str], None],
    seconds: int,
) -> None:
    """For a minute, too: every lease ends meanwhile, and those that sent still say first what came of it."""
    before = rig.pids()
    alert = await going_out(rig, officer, far, chance)
    await until(lambda: reader.sees(alert), 10, "the partner reads it", pause=0.1)
    refused: dict[str, Mapping[str, object]] = {}
    answers: Counter[int] = Counter()
    back = asyncio.Event()
    submitting = asyncio.create_task(submit_all_the_while(officer, refused, answers, back))
    rig.stop_store()
    away = time.monotonic()
    live, ready = await officer.get("/health/live"), await officer.get("/health/ready")
    assert (live.status_code, ready.status_code) == (200, 503)
    reading = asyncio.create_task(reader.watch(alert))
    await asyncio.sleep(seconds - chance.random())  # the slow ones answer meanwhile
    reading.cancel()
    await asyncio.wait({reading})
    assert reading.cancelled(), "the partner did not read what it had read before"
    rig.start_store()
    at = time.monotonic()
    back.set()
    await submitting
    assert set(answers) <= {201, 503}, answers
    assert answers[503] > 0

    await rig.up()
    listening = time.monotonic() - at
    await officer.is_up(alert)
    took = time.monotonic() - at
    say(
        f"away for {at - away:.1f} s, answers {dict(answers)}; LISTEN again after {listening:.1f} s, aired after {took:.1f} s"
    )
    say(reader.told())
    assert set(reader.answers) == {200}
    assert rig.pids() == before
    calls = await far.calls(alert)
    assert_sound(calls)
    assert not [call for call in calls if call["verdict"] == "duplicate"], "something was sent twice"
    assert len(await far.group_says(alert)) == 1
    assert await rig.count(FORGOTTEN, alert) == 0
    await assert_nothing_half_accepted(rig, officer, refused)
    await officer.retract(alert)
    await officer.is_down(alert)
    await assert_all_taken_back(far, alert)
    assert await rig.count(UNDER_WAY) == 0


async def submit_all_the_while(
    officer: Officer, refused: dict[str, Mapping[str, object]], answers: Counter[int], back: asyncio.Event
) -> None:
    """Until the first 201 after ``back``. ``refused`` are the records that were not accepted, by their keys."""
    while True:
        key, record = f"away-{sum(answers.values()):05d}", officer.record(**NOWHERE)
        was_back = back.is_set()
        answer = await officer.submit(record, key)
        answers[answer.status_code] += 1
        if answer.status_code == 201 and was_back:
            return
        if answer.status_code != 201:
            refused[key] = record
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["type"] == "urn:huijia:problem:store-unavailable"
        await asyncio.sleep(0.02)


async def assert_nothing_half_accepted(rig: Rig, officer: Officer, refused: Mapping[str, Mapping[str, object]]) -> None:
    """Of a refused record nothing was kept, and the very same request is taken now. A 503 that came at the moment of the
    commit may have been kept whole: then the key says so, and nothing is issued twice."""
    cases = [str(record["case_number"]) for record in refused.values()]
    kept = await rig.count("alert WHERE case_number = ANY($1::text[])", cases)
    assert kept <= 1, f"{kept} of {len(cases)} refused records were kept"
    replayed = 0
    for key, record in list(refused.items())[-5:]:
        answer = await officer.submit(record, key)
        assert answer.status_code == 201, answer.text
        replayed += answer.headers.get("idempotency-replayed") == "true"
        assert await rig.count("alert WHERE case_number = $1", record["case_number"]) == 1
    assert replayed <= kept


async def test_every_session_is_cut_off_while_a_notice_goes_out(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """Twice by a command; then a backend is killed, and PostgreSQL drops everybody and recovers as after a crash."""
    before = rig.pids()
    refused: dict[str, Mapping[str, object]] = {}
    answers: Counter[int] = Counter()
    back = asyncio.Event()
    alert = await going_out(rig, officer, far, chance)
    submitting = asyncio.create_task(submit_all_the_while(officer, refused, answers, back))
    cut, at = 0, time.monotonic()
    for _ in range(2):
        cut += await rig.count(f"(SELECT pg_terminate_backend(pid) {SESSIONS}) x")
        await asyncio.sleep(chance.uniform(0.05, 1.0))
    kill_all([chance.choice(await rig.ask(f"SELECT pid {SESSIONS}"))["pid"]])
    back.set()
    await submitting
    await officer.is_up(alert)
    await rig.up()
    say(f"{cut} sessions cut off, then a crash: {dict(answers)}; aired everywhere {time.monotonic() - at:.1f} s later")
    assert cut > 0
    assert set(answers) <= {201, 503}
    assert rig.pids() == before
    assert_sound(await far.calls(alert))
    await assert_nothing_half_accepted(rig, officer, refused)


async def test_a_dispatcher_is_told_to_end_while_a_notice_goes_out(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """Some stations do not answer at all, so it cannot wait for all that it has begun."""
    slow = await far.turn("half", "slow")
    hanging = chance.sample(slow, len(slow) // 4)
    for slug in hanging:
        await far.turn(slug, "hanging")
    alert = await officer.issue()
    await far.heard(alert, "publish", chance.randint(rig.outlets // 25, rig.outlets * 4 // 5))
    leaving = await rig.busiest(alert)
    leaving.send_signal(signal.SIGTERM)
    at = time.monotonic()
    code = await asyncio.to_thread(leaving.wait, 20)
    took = time.monotonic() - at
    assert code == 0
    assert took < 10
    left = "delivery WHERE state = 'sending' AND split_part(worker, ':', 2) = $1"
    assert await rig.count(left, str(leaving.pid)) == 0, "it left sends behind that nobody may take up yet"
    await far.turn("all", "ok")
    await officer.is_up(alert)
    say(f"it ended within {took:.1f} s; aired everywhere {time.monotonic() - at:.1f} s after the signal")
    assert_sound(await far.calls(alert))
    assert await rig.count(UNDER_WAY) == 0
