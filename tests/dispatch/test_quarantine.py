"""Outlets that keep failing: spared repeats, shown, probed, never switched off, and never the last to hear of an end."""

from datetime import timedelta
from typing import Any

import pytest

from app.db import quarantine
from app.db.engine import transaction
from app.dispatch.sweeps import Sweeps
from app.dispatch.trial import Trials
from app.domain import breaker
from app.flows.house import House
from app.flows.troubles import troubles
from channels.contract import Reason, Reply, WireError
from tests.dispatch.far import Far, dispatching, make_place, reply, rows, states, until
from tests.flows.acts import retracted
from tests.making import make_alert, press_of

DOWN = reply(503)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six failures at once are enough, and retries come within milliseconds."""
    monkeypatch.setattr(breaker, "LASTING", timedelta(0))
    monkeypatch.setattr("app.domain.backoff.SCHEDULE", (timedelta(milliseconds=20),))


async def listing(house: House) -> list[Any]:
    async with transaction(house.engine) as session:
        return list(await quarantine.listing(session))


async def put_into_quarantine(house: House, name: str = "a", probe_in: str = "1 hour") -> None:
    await rows(
        house,
        "UPDATE outlet SET failures = 9, failing_since = now(), trouble = 'timeout', quarantined_at = now(), "
        "probe_at = now() + CAST(:wait AS text)::interval WHERE name = :name", name=name, wait=probe_in,
    )  # fmt: skip


async def is_shut(house: House) -> bool:
    return bool(await listing(house))


async def test_what_keeps_failing_is_quarantined_shown_and_left_in_peace(house: House) -> None:
    far = Far()
    far.script["a"] = [DOWN]
    await make_place(house, "a")
    await make_place(house, "b")
    await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: is_shut(house))
        heard = len(far.at("a"))
        await until(lambda: far.under_way == 0, 2)
        (shut,) = await listing(house)
        assert heard <= len(far.at("a")) <= heard + 1
    assert len(far.at("a")) >= breaker.ENOUGH
    assert (shut["outlet"], shut["partner"], shut["trouble"]) == ("a", "测试协作单位", "server_error")
    assert (shut["waiting"], shut["failures"] >= breaker.ENOUGH, shut["phone"]) == (1, True, "029-12345678")
    assert timedelta(seconds=20) < shut["probe_at"] - shut["quarantined_at"] < timedelta(seconds=40)
    assert len(far.at("b")) == 1
    said = await rows(house, "SELECT act, detail FROM audit WHERE act LIKE 'outlet%'")
    assert [(r.act, r.detail["reason"]) for r in said] == [("outlet_quarantined", "server_error")]


async def test_gone_is_quarantined_at_once_and_not_switched_off(house: House) -> None:
    """410, and 404: a mistake in a configuration is not a wish to be told nothing of the next child."""
    far = Far()
    far.script["a"] = [reply(410), reply(200)]
    await make_place(house, "a")
    await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: is_shut(house))
        assert await states(house) == ["failed"]
        await make_alert(house)
        await until(lambda: len(far.at("a")) == 2)
        await until(lambda: not_shut(house))
    assert await states(house) == ["failed", "accepted"]


async def not_shut(house: House) -> bool:
    return not await is_shut(house)


@pytest.mark.parametrize("trouble", [reply(429), reply(400), reply(200, {"errcode": 7})])
async def test_what_says_nothing_of_the_outlet(house: House, trouble: Reply) -> None:
    far = Far()
    far.script["a"] = [trouble]
    await make_place(house, "a")
    for _ in range(8):
        await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: len(far.at("a")) >= 8)
    assert await listing(house) == []
    assert (await rows(house, "SELECT failures FROM outlet"))[0].failures == 0


async def test_a_first_attempt_and_a_retraction_know_of_no_quarantine(house: House) -> None:
    """Its probe is an hour away. Every attempt of the retraction goes as ever; the publish is tried once."""
    far = Far()
    far.script["a"] = [WireError(Reason.TIMEOUT)]
    await make_place(house, "a")
    await put_into_quarantine(house)
    async with dispatching(house, far):
        code = await make_alert(house)
        await until(lambda: far.kinds("a") == ["publish"])
        await rows(house, "UPDATE outlet SET probe_at = now() + interval '1 hour'")
        await until(lambda: _pending_and_due(house))
        await retracted(house, code)
        await until(lambda: far.kinds("a").count("retract") >= 4)
    assert far.kinds("a").count("publish") == 1


async def _pending_and_due(house: House) -> bool:
    return bool(
        await rows(house, "SELECT 1 FROM delivery WHERE state = 'pending' AND due_at < now() - interval '0.2 s'")
    )


async def test_a_repeat_is_the_probe_and_the_first_yes_sets_everything_free(house: House) -> None:
    far = Far()
    far.script["a"] = [DOWN, DOWN, reply(200)]
    await make_place(house, "a")
    await put_into_quarantine(house)
    for _ in range(2):
        await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: len(far.at("a")) == 2)
        await until(lambda: _pending_and_due(house))
        await rows(
            house, "UPDATE delivery SET due_at = now() + interval '1 hour' WHERE id = (SELECT max(id) FROM delivery)"
        )
        await rows(house, "UPDATE outlet SET probe_at = now()")
        await until(lambda: not_shut(house))
        await until(lambda: _all_accepted(house), 3)
    assert len(far.at("a")) == 4
    assert (await rows(house, "SELECT failures, trouble, probe_at FROM outlet"))[0] == (0, None, None)
    assert "outlet_recovered" in [r.act for r in await rows(house, "SELECT act FROM audit")]


async def _all_accepted(house: House) -> bool:
    return set(await states(house)) == {"accepted"}


async def test_however_long_it_fails_it_is_probed(house: House) -> None:
    far = Far()
    far.script["a"] = [DOWN]
    await make_place(house, "a")
    await make_alert(house)
    await rows(house, "UPDATE outlet SET failures = 100000")
    async with dispatching(house, far):
        await until(lambda: is_shut(house))
    ((wait,),) = await rows(house, "SELECT probe_at - now() FROM outlet")
    assert timedelta(minutes=3) < wait < timedelta(minutes=7)


async def test_where_nothing_waits_a_test_notice_is_the_probe(house: House) -> None:
    """Only where tests are taken, only when it is due, and by one process only."""
    far = Far()
    for name, tests in (("a", True), ("b", False), ("c", True)):
        await make_place(house, name, takes_tests=tests)
        await put_into_quarantine(house, name, probe_in="-1 s" if name != "c" else "1 hour")
    sweeps = [
        Sweeps(house.engine, house.press, f"w{n}", Trials(house.engine, house.seal, press_of(house), far))
        for n in range(2)
    ]
    for sweep in sweeps:
        await sweep.probe()
    assert far.kinds("a") == ["publish", "retract"]
    assert far.at("b") == far.at("c") == []
    assert [shut["outlet"] for shut in await listing(house)] == ["b", "c"]


async def test_a_probe_that_fails_puts_the_next_one_off(house: House) -> None:
    far = Far()
    far.script["a"] = [DOWN]
    await make_place(house, "a")
    await put_into_quarantine(house, probe_in="-1 s")
    await Sweeps(house.engine, house.press, "w", Trials(house.engine, house.seal, press_of(house), far)).probe()
    (shut,) = await listing(house)
    assert shut["failures"] == 10
    ((left,),) = await rows(house, "SELECT probe_at - now() FROM outlet")
    assert left > timedelta(seconds=20)


async def test_a_quarantine_is_told_and_is_no_failure_of_ours(house: House) -> None:
    """Somebody is told of the outlet by name; what is held back for it is not mistaken for a queue that stands still."""
    await make_place(house, "西门大屏")
    await put_into_quarantine(house, "西门大屏")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET tries = 1, due_at = now() - interval '1 hour'")
    async with transaction(house.engine) as session:
        found = {t.name: t.zh for t in await troubles(session)}
    assert "西门大屏" in found["outlet_quarantined"]
    assert "unclaimed" not in found
    await rows(house, "UPDATE outlet SET quarantined_at = NULL, probe_at = NULL")
    async with transaction(house.engine) as session:
        found = {t.name: t.zh for t in await troubles(session)}
    assert "outlet_quarantined" not in found
    assert "unclaimed" in found
