"""PostgreSQL goes away under running processes, and a dispatcher is told to end: nothing of ours needs a restart."""

import asyncio
import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.far_side import GROUP, FarSide, assert_all_taken_back, assert_sound
from tests.faults.officer import Officer
from tests.faults.processes import kill_all
from tests.faults.proof import assert_ended
from tests.faults.reader import Reader
from tests.faults.rig import Rig, until
from tests.faults.submissions import AT_ONCE, Submissions, commits_tarry

SESSIONS = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
FORGOTTEN = (  # sends whose end was never written, or was written by somebody who could only guess it
    "delivery d JOIN alert a ON a.id = d.alert_id WHERE a.code = $1 "
    "AND d.tries > (SELECT count(*) FROM attempt t WHERE t.delivery_id = d.id AND t.reason IS DISTINCT FROM 'lease_lost')"
)

GIVEN_UP = (
    "SELECT 'dlv_' || d.id AS id FROM attempt t JOIN delivery d ON d.id = t.delivery_id JOIN alert a ON a.id = d.alert_id "
    "WHERE a.code = $1 AND t.reason = 'lease_lost'"
)


async def going_out(rig: Rig, officer: Officer, far: FarSide, chance: random.Random) -> str:
    """An alert in the middle of its fan-out: half of the stations answer only after three seconds."""
    await far.turn("half", "slow")
    alert = await officer.issue()
    await far.heard(alert, "publish", chance.randint(rig.outlets // 25, rig.outlets * 4 // 5))
    return alert


@pytest.mark.parametrize("seconds", [4, 60])
async def test_the_store_goes_away_and_comes_back(
    rig: Rig, officer: Officer, far: FarSide, reader: Reader, chance: random.Random, say: Callable[[str], None],
    seconds: int,
) -> None:  # fmt: skip
    """For a minute, too: every lease ends meanwhile, and those that sent still say first what came of it."""
    before, submissions = rig.pids(), Submissions(rig, officer)
    async with commits_tarry(rig):
        async with submissions.meanwhile():
            alert = await going_out(rig, officer, far, chance)
            await until(lambda: reader.sees(alert), 10, "the partner reads it", pause=0.1)
            async with reader.reads_on(alert):
                await rig.end_store()
                away = time.monotonic()
                live, ready = await officer.get("/health/live"), await officer.get("/health/ready")
                assert (live.status_code, ready.status_code) == (200, 503)
                await asyncio.sleep(seconds - chance.random())  # the slow ones answer meanwhile
            rig.start_store()
            at = time.monotonic()
        await rig.up()
    listening = time.monotonic() - at
    assert submissions.answers[503] > 0
    await officer.is_up(alert)
    took, answers = time.monotonic() - at, dict(submissions.answers)
    say(
        f"away for {at - away:.1f} s, answers {answers}; LISTEN again after {listening:.1f} s, aired after {took:.1f} s"
    )
    say(reader.told())
    assert rig.pids() == before
    calls = await far.calls(alert)
    assert_sound(calls)
    assert not [call for call in calls if call["verdict"] == "duplicate"], "something was sent twice"
    assert len(await far.group_says(alert)) == 1
    assert await rig.count(FORGOTTEN, alert) == 0
    await submissions.assert_kept(in_doubt=AT_ONCE)
    await submissions.take_back()
    await officer.retract(alert)
    await officer.is_down(alert)
    await assert_all_taken_back(far, alert)


async def backends(rig: Rig) -> tuple[set[int], int]:
    """The pids of everybody's sessions, and of the one that writes checkpoints: it is another after a crash only."""
    rows = await rig.ask("SELECT pid, backend_type AS type FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    (checkpointer,) = (row["pid"] for row in rows if row["type"] == "checkpointer")
    return {row["pid"] for row in rows if row["type"] == "client backend"}, checkpointer


async def test_every_session_is_cut_off_while_a_notice_goes_out(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """Twice by a command; then a backend is killed, and PostgreSQL drops everybody and recovers as after a crash."""
    before, submissions = rig.pids(), Submissions(rig, officer)
    async with commits_tarry(rig):
        async with submissions.meanwhile():
            alert = await going_out(rig, officer, far, chance)
            sessions, checkpointer = await backends(rig)
            under_way, refused = await rig.count("delivery WHERE state = 'sending'"), submissions.answers[503]
            cut, at = [], time.monotonic()
            for _ in range(2):
                cut.append(await rig.count(f"(SELECT pg_terminate_backend(pid) {SESSIONS}) x"))
                await asyncio.sleep(chance.uniform(0.5, 1.0))
            kill_all([chance.choice(await rig.ask(f"SELECT pid {SESSIONS}"))["pid"]])
        await officer.is_up(alert)
        await rig.up()
    answers = submissions.answers
    say(f"{cut} sessions cut off, then a crash: {dict(answers)}; aired everywhere {time.monotonic() - at:.1f} s later")
    assert under_way > 0, "they were cut off too late to matter"
    assert min(cut) > 0
    assert refused == 0
    assert answers[503] > 0, "no officer noticed"
    now, other = await backends(rig)
    assert not sessions & now, "some sessions were never cut off"
    assert other != checkpointer, "PostgreSQL did not crash"
    assert rig.pids() == before
    assert_sound(await far.calls(alert))
    await submissions.assert_kept(in_doubt=3 * AT_ONCE)
    await submissions.take_back()
    await far.turn("all", "ok")
    await assert_ended(rig, officer, far, [alert])


async def test_a_dispatcher_is_told_to_end_while_a_notice_goes_out(
    rig: Rig, officer: Officer, far: FarSide, chance: random.Random, say: Callable[[str], None]
) -> None:
    """Some stations do not answer at all, so it cannot wait for all that it has begun. Whoever answers is heard out, and is
    not asked again."""
    slow = await far.turn("half", "slow")
    hanging = chance.sample([slug for slug in slow if slug != GROUP], len(slow) // 4)
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
    calls = await far.calls(alert)
    assert_sound(calls)
    twice = {call["slug"] for call in calls if call["verdict"] == "duplicate"} - set(hanging)
    assert not twice, f"sent twice: {sorted(twice)}"
    given_up = {row["id"] for row in await rig.ask(GIVEN_UP, alert)}
    answering = {call["webhook_id"] for call in calls if call["slug"] not in hanging}
    assert not given_up & answering, "it did not hear out who answers"
    assert len(await far.group_says(alert)) == 1
    await assert_ended(rig, officer, far, [alert])
