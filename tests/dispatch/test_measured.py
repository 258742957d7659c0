"""What is said and counted of attempts: each once, when it stands in the ledger."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from app import meters
from app.db.claims import Claimed
from app.db.engine import StoreUnavailable, transaction
from app.db.settling import Result
from app.dispatch import dispatcher as engine_room
from app.dispatch import sweeps
from app.dispatch.settle import rescue, settle
from app.dispatch.sweeps import Sweeps
from app.dispatch.wiring import deadlines
from app.domain.words import Kind, Lane, Outcome
from app.flows import latecomers
from app.flows.house import House
from channels.contract import Reason, ReceiptKind, StatedReceipt
from tests.dispatch.far import Far, all_are, dispatching, made, make_place, reply, rows, until
from tests.flows.acts import record, retracted, submitted
from tests.making import make_alert, make_organ
from tests.measured import canonical_lines, measured, total

TOOK = "huijia_accepted_seconds_count"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    caplog.set_level(logging.CRITICAL)
    with canonical_lines() as said:
        yield said


async def left_sending(house: House) -> None:
    """A delivery whose sender has vanished."""
    await make_place(house, "one")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET state = 'sending', tries = 1, lease_until = now() - interval '1 s'")


async def finished(house: House, outcome: Outcome, reason: Reason | None = None) -> Result:
    """An attempt of the only delivery that is over and not yet written."""
    await rows(house, "UPDATE delivery SET state = 'sending', tries = tries + 1, lease_until = now() + interval '15 s'")
    (d,) = await rows(house, "SELECT id, alert_id, number, outlet_id, kind, tries, give_up_at, profile FROM delivery")
    claimed = Claimed(
        d.id, d.alert_id, d.number, d.outlet_id, Kind(d.kind), Lane.PUSH, d.tries, d.give_up_at, d.profile, None,
        engine_room.DEFAULT_LIMITS.grace,
    )  # fmt: skip
    now = datetime.now(UTC)
    return Result(claimed, "webhook", outcome, reason, "", now, now)


async def test_a_rescued_attempt_has_its_line_and_is_counted(house: House, lines: list[str]) -> None:
    await left_sending(house)
    before = measured("huijia_attempts_total", carrier="webhook", outcome="retry", reason="lease_lost")
    rescuer = Sweeps(house.engine, house.press, "rescuer")
    await asyncio.gather(rescuer.rescue(), rescuer.rescue())
    (d,) = await rows(house, "SELECT id, alert_id, outlet_id FROM delivery")
    assert lines == [
        f"attempt delivery={d.id} alert={d.alert_id} notice=1 outlet={d.outlet_id} carrier=webhook try=1 outcome=retry "
        "reason=lease_lost ms=0"
    ]
    assert measured("huijia_attempts_total", carrier="webhook", outcome="retry", reason="lease_lost") == before + 1


async def test_an_attempt_that_could_not_be_prepared_names_its_carrier(house: House, lines: list[str]) -> None:
    await make_place(house, "one")
    await make_alert(house)
    await rows(house, "UPDATE outlet SET settings_sealed = 'x'")
    async with dispatching(house, Far()):
        await until(lambda: bool(lines))
    assert "carrier=webhook try=1 outcome=retry reason=crash" in lines[0]


async def test_each_attempt_in_the_ledger_has_one_line(
    house: House, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is lost twice at the commit; then one delivery of the batch cannot be settled, and is rescued."""
    real, asked = settle, 0

    async def lost(session: Any, done: Any, worker: str, press: Any) -> None:
        nonlocal asked
        asked += 1
        await real(session, done, worker, press)
        if asked <= 2:
            raise StoreUnavailable("gone")
        if any(r.claimed.outlet_id == outlets[0] for r, _ in done):
            raise RuntimeError("never")

    monkeypatch.setattr(engine_room, "settle", lost)
    outlets = [await make_place(house, f"p{n}") for n in range(3)]
    far = Far()
    far.script["p2"] = [reply(503), reply()]
    await make_alert(house)
    again, took = measured("huijia_retries_total"), total(TOOK, kind="publish")
    gone, said = measured("huijia_leases_lost_total"), total("huijia_attempts_total")
    async with dispatching(house, far):
        await until(lambda: _settled(house, 2))
    assert len(lines) == 3
    assert measured("huijia_retries_total") == again + 1
    assert total(TOOK, kind="publish") == took + 2
    await rows(house, "UPDATE delivery SET lease_until = now() - interval '1 s' WHERE lease_until IS NOT NULL")
    await Sweeps(house.engine, house.press, "rescuer").rescue()
    ledger = await rows(house, "SELECT delivery_id AS id, number, outcome, reason FROM attempt ORDER BY id")
    wanted = sorted(f"delivery={r.id} {r.number} {r.outcome} {r.reason or '-'}" for r in ledger)
    words = [dict(word.split("=") for word in line.split()[1:]) for line in lines]
    assert sorted(f"delivery={w['delivery']} {w['try']} {w['outcome']} {w['reason']}" for w in words) == wanted
    assert len(wanted) == 4
    assert total("huijia_attempts_total") == said + 4
    assert measured("huijia_retries_total") == again + 2, "the rescued one is sent again"
    assert measured("huijia_leases_lost_total") == gone + 1


async def test_an_attempt_whose_commit_was_not_answered_has_its_line(
    house: House, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def loses_the_first_answer(session: Any, done: Any, worker: str, press: Any) -> None:
        nonlocal asked
        asked += 1
        await settle(session, done, worker, press)
        if asked == 1:
            await session.commit()
            raise StoreUnavailable("the answer to the commit was lost")

    monkeypatch.setattr(engine_room, "settle", loses_the_first_answer)
    await make_place(house, "one")
    await make_alert(house)
    said = total("huijia_attempts_total")
    async with dispatching(house, Far()):
        await until(lambda: bool(lines))
    assert len(await rows(house, "SELECT id FROM attempt")) == len(lines) == asked == 1
    assert total("huijia_attempts_total") == said + 1


async def _settled(house: House, wanted: int) -> bool:
    (found,) = await rows(house, "SELECT count(*) AS n FROM delivery WHERE state = 'accepted'")
    return bool(found.n == wanted)


async def test_what_is_rolled_back_is_not_counted(
    house: House, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_place(house, "one")
    await make_alert(house)
    done = [(await finished(house, Outcome.ACCEPTED), StatedReceipt(ReceiptKind.AIRED))]
    names = [TOOK, "huijia_aired_seconds_count", "huijia_attempts_total"]
    before = [total(name) for name in names]

    async def break_off() -> None:
        async with transaction(house.engine) as session:
            await settle(session, done, "w", house.press)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await break_off()
    assert [total(name) for name in names] == before
    async with transaction(house.engine) as session:
        await settle(session, done, "w", house.press)
        assert [total(name) for name in names] == before, "not before the commit"
    assert [total(name) for name in names] == [n + 1 for n in before]
    assert len(lines) == 1


async def test_a_rescue_that_is_rolled_back_lost_no_lease(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await left_sending(house)
    before = measured("huijia_leases_lost_total"), measured("huijia_retries_total")

    async def lost_at_last(*given: Any) -> tuple[int, bool]:
        await rescue(*given)
        raise StoreUnavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr("app.dispatch.sweeps.rescue", lost_at_last)
        with pytest.raises(StoreUnavailable):
            await Sweeps(house.engine, house.press, "w").rescue()
    assert (measured("huijia_leases_lost_total"), measured("huijia_retries_total")) == before
    await Sweeps(house.engine, house.press, "w").rescue()
    assert (measured("huijia_leases_lost_total"), measured("huijia_retries_total")) == (before[0] + 1, before[1] + 1)


async def test_a_second_acceptance_is_no_new_one(house: House) -> None:
    await make_place(house, "one")
    await make_alert(house)
    before = measured(TOOK, kind="publish", lane="push")
    for _ in range(2):
        done = [(await finished(house, Outcome.ACCEPTED), None)]
        async with transaction(house.engine) as session:
            await settle(session, done, "w", house.press)
        assert await all_are(house, "accepted")
    assert measured(TOOK, kind="publish", lane="push") == before + 1


async def test_what_cannot_be_counted_undoes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It stands in the ledger: who thought that it did not would write it twice."""
    await make_place(house, "one")
    await make_alert(house)

    def broken(*_: object) -> None:
        raise RuntimeError("cannot count")

    monkeypatch.setattr("app.dispatch.settle.tell", broken)
    caplog.set_level(logging.CRITICAL)
    async with dispatching(house, Far()):
        await until(lambda: all_are(house, "accepted"))
    assert len(await rows(house, "SELECT id FROM attempt")) == 1


def test_what_rules_look_at_is_there_from_the_start(house: House) -> None:
    """Of a series that is born with its first burst ``increase()`` and ``rate()`` see nothing."""
    meters.attempts.clear()
    meters.attempt.cache_clear()
    made(house, Far())
    for carrier in deadlines():
        for outcome, reason in (
            ("retry", "no_file"), ("refused", "rejected"), ("refused", "gone"), ("refused", "bad_content"),
            ("refused", "bad_credentials"),
        ):  # fmt: skip
            labels = {"carrier": carrier, "outcome": outcome, "reason": reason}
            assert REGISTRY.get_sample_value("huijia_attempts_total", labels) == 0


def test_how_long_outlets_take_is_there_from_the_start() -> None:
    for kind in Kind:
        assert REGISTRY.get_sample_value("huijia_aired_seconds_count", {"kind": kind}) is not None
        for lane in Lane:
            assert REGISTRY.get_sample_value(TOOK, {"kind": kind, "lane": lane}) is not None


FAILURES = "huijia_sweep_failures_total"


async def test_every_sweep_counts_its_failures_from_the_start(house: House) -> None:
    jobs = [job.id for job in Sweeps(house.engine, house.press, "w")._schedule().get_jobs()]
    for sweep in jobs:
        meters.sweep_failures.remove(sweep)
    Sweeps(house.engine, house.press, "w")._schedule()
    assert len(jobs) == 13
    for sweep in jobs:
        assert REGISTRY.get_sample_value(FAILURES, {"sweep": sweep}) == 0
    assert REGISTRY.get_sample_value(FAILURES, {"sweep": "latecomers"}) is not None


@pytest.mark.parametrize("error", [RuntimeError("boom"), StoreUnavailable("it takes too long")])
async def test_a_sweep_that_fails_is_counted(
    house: House, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    async def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("app.db.leftovers.supersede", broken)
    scheduler = Sweeps(house.engine, house.press, "w")._schedule()
    jobs = {job.id: job for job in scheduler.get_jobs()}
    before = measured(FAILURES, sweep="put_right")
    await jobs["put_right"].func(*jobs["put_right"].args)
    assert measured(FAILURES, sweep="put_right") == before + 1


async def test_one_alert_that_cannot_be_swept_counts_for_its_sweep(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(sweeps, "expire", broken)
    await make_organ(house)
    await make_alert(house)
    await rows(house, "UPDATE alert SET expires_at = now() - interval '1 s'")
    before = measured(FAILURES, sweep="expire")
    await Sweeps(house.engine, house.press, "w").expire()
    assert measured(FAILURES, sweep="expire") == before + 1


async def test_an_outlet_that_cannot_be_told_is_counted(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    async def broken(*_: object, **__: object) -> int:
        raise RuntimeError("boom")

    await make_organ(house)
    await make_place(house, "one")
    code = (await submitted(house, record())).code
    await retracted(house, code)
    await rows(house, "UPDATE delivery SET heard = true WHERE number = 1")
    monkeypatch.setattr(latecomers, "take_down_latecomer", broken)
    before = measured(FAILURES, sweep="latecomers")
    await Sweeps(house.engine, house.press, "w").make_sure()
    assert measured(FAILURES, sweep="latecomers") == before + 1
