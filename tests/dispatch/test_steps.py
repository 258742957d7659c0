"""The database's clock is set while a dispatcher is at work."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db import claims, set_back
from app.db.claims import Leases
from app.db.engine import StoreUnavailable, connect, transaction
from app.dispatch.clock import STEP, Steps
from app.dispatch.sweeps import LATELY, LONGEST_LEASE, SENDERS_FIRST, Sweeps
from app.dispatch.wiring import paced
from app.flows.house import House
from tests.dispatch.far import all_are, make_place, rows
from tests.making import make_alert

BY = 120.0
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
PACE = paced()["dingtalk_robot"]

Set = Callable[[float], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Set:
    """Set the database's clock forward by so many seconds, as a process sees it that has only its monotonic one: that falls
    behind."""
    caplog.set_level(logging.CRITICAL)
    real, ahead = time.monotonic, 0.0

    def set_it(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    monkeypatch.setattr(time, "monotonic", lambda: real() - ahead)
    return set_it


def look(steps: Steps, at: float, ahead: float, *, took: float = 0.0, share: float = 0.0) -> float:
    """Asked at ``at``, with the database's clock so far ahead; it looked at it after that ``share`` of the time it took."""
    return steps.seen(NOON + timedelta(seconds=at + took * share + ahead), at, at + took)


@pytest.mark.parametrize("by", [BY, -BY, STEP * 1.1, -STEP * 1.1])
def test_a_step_is_seen_once_and_measured(by: float) -> None:
    steps = Steps()
    assert look(steps, 1000, 0) == 0, "nobody knows what was before"
    assert look(steps, 1005, 0) == 0
    assert look(steps, 1006, by) == pytest.approx(by)
    assert look(steps, 1007, by) == 0


def test_a_slow_database_has_not_stepped() -> None:
    """However long it took to answer, and whenever in that time it looked at its clock."""
    chance, steps, at = random.Random(7), Steps(), 0.0
    for _ in range(2000):
        took = chance.choice((0.0, 0.01, 3.0, 30.0))
        assert look(steps, at, 50, took=took, share=chance.random()) == 0
        at += took + chance.random()


def test_it_is_never_more_than_it_was() -> None:
    chance = random.Random(11)
    for _ in range(500):
        steps, by = Steps(), chance.uniform(-60, 60)
        look(steps, 0, 0, took=chance.uniform(0, 5), share=chance.random())
        found = look(steps, 10, by, took=chance.uniform(0, 5), share=chance.random())
        assert found != 0 or abs(by) <= 10 + STEP
        assert found * by >= 0
        assert abs(found) <= abs(by) + 1e-6


def test_a_step_while_the_database_is_slow_is_seen_as_soon_as_it_is_quick() -> None:
    """The look in which it happened leaves room for either; what was known before it counts."""
    steps = Steps()
    assert look(steps, 0, 0) == 0
    assert look(steps, 1, 8, took=9, share=0.0) == 0
    assert look(steps, 11, 8) == pytest.approx(8)


def test_a_clock_that_is_put_right_bit_by_bit_does_not_step() -> None:
    steps = Steps()
    for second in range(5000):
        assert look(steps, second, second * 500e-6, took=0.002) == 0


async def sending(house: House) -> Sweeps:
    """Of one delivery, whose lease has ended; and who would take it over, and knows what time it is."""
    await make_place(house, "one")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET state = 'sending', tries = 1, lease_until = now() - interval '1 s'")
    sweeps = Sweeps(house.engine, house.press, "w")
    async with transaction(house.engine) as session:
        await sweeps._look_at_the_clock(session)
    return sweeps


async def test_set_forward_nobody_takes_over_what_is_still_being_sent(house: House, set_clock: Set) -> None:
    sweeps = await sending(house)
    set_clock(BY)
    await sweeps.rescue()
    await sweeps.rescue_all()
    assert await all_are(house, "sending"), "its sender has not had its time"
    set_clock(1 - LONGEST_LEASE.total_seconds())
    await sweeps.rescue()
    assert await all_are(house, "sending")


async def test_set_forward_what_nobody_sends_is_taken_over_after_the_longest_lease(
    house: House, set_clock: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps = await sending(house)
    set_clock(BY)
    await sweeps.rescue_all()
    assert await all_are(house, "sending")
    monkeypatch.setattr(sweeps, "_steps", Steps())  # a minute passes for both clocks
    set_clock(-LONGEST_LEASE.total_seconds())
    await sweeps.rescue_all()
    assert await all_are(house, "pending")


async def test_the_database_going_away_does_not_cut_that_short(house: House, set_clock: Set) -> None:
    """As when another machine takes over whose clock is ahead."""
    sweeps = await sending(house)
    set_clock(BY)
    await sweeps.rescue()
    nowhere = connect("postgresql://nobody@127.0.0.1:1/none")
    sweeps._engine = nowhere
    with pytest.raises(StoreUnavailable):
        await sweeps.rescue()
    await nowhere.dispose()
    sweeps._engine, sweeps._steps = house.engine, Steps()
    set_clock(-SENDERS_FIRST - 1)
    await sweeps.rescue()
    assert await all_are(house, "sending")


OF_BEFORE = (
    "UPDATE delivery SET due_at = now() + interval '2 min' WHERE state = 'pending'",
    "UPDATE delivery SET state = 'accepted', tend_at = now() + interval '3 min' WHERE outlet_id = "
    "(SELECT id FROM outlet WHERE name = 'shown')",
    "UPDATE delivery SET state = 'sending', lease_until = now() + interval '135 s' WHERE outlet_id = "
    "(SELECT id FROM outlet WHERE name = 'dead')",
    "UPDATE outlet SET probe_at = now() + interval '10 min' WHERE name = 'new'",
    "UPDATE outlet SET heard_at = now() + interval '10 min' WHERE name = 'shown'",
    "UPDATE outlet SET failing_since = now() + interval '10 min' WHERE name = 'dead'",
    "UPDATE alert SET swept_at = now() + interval '1 min'",
    "DELETE FROM trial",
    "INSERT INTO trial (outlet_id, by, at) SELECT id, 'x', now() + interval '1 min' FROM outlet",
    "DELETE FROM slowed",
    "INSERT INTO slowed (key, last_at, not_before) VALUES ('x', now() + interval '1 min', now() + interval '1 min')",
    "INSERT INTO worker (name, seen_at) VALUES ('dead', now() + interval '2 min') "
    "ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at",
    "INSERT INTO presence (partner_id, seen_at) SELECT id, now() + interval '2 min' FROM partner "
    "ON CONFLICT (partner_id) DO UPDATE SET seen_at = excluded.seen_at",
)
TO_COME = (
    "SELECT (SELECT count(*) FROM delivery WHERE state = 'pending' AND due_at > now()) AS due, "
    "(SELECT count(*) FROM delivery WHERE tend_at > now()) AS looks, "
    "(SELECT count(*) FROM delivery WHERE lease_until > now() + interval '61 s') AS leases, "
    "(SELECT count(*) FROM outlet WHERE probe_at > now()) AS probes, "
    "(SELECT count(*) FROM outlet WHERE heard_at > now()) + (SELECT count(*) FROM outlet WHERE failing_since > now()) AS health, "
    "(SELECT count(*) FROM trial WHERE at > now()) AS trials, "
    "(SELECT count(*) FROM slowed WHERE last_at > now() OR not_before > now()) AS slowed, "
    "(SELECT count(*) FROM worker WHERE seen_at > now()) + (SELECT count(*) FROM presence WHERE seen_at > now()) AS seen, "
    "(SELECT count(*) FROM alert WHERE swept_at > now()) AS swept"
)
ALL_OF_IT, NOTHING = (1, 1, 1, 1, 2, 3, 1, 2, 1), (0,) * 9


async def looking(house: House) -> Sweeps:
    """At an alert of three places."""
    for name in ("new", "shown", "dead"):
        await make_place(house, name)
    await make_alert(house)
    sweeps = Sweeps(house.engine, house.press, "w")
    await sweeps.rescue()
    return sweeps


async def before(house: House) -> tuple[int, ...]:
    """All that can wait, as it was written before the clock was set back."""
    for statement in OF_BEFORE:
        await rows(house, statement)
    return await to_come(house)


async def to_come(house: House) -> tuple[int, ...]:
    return tuple((await rows(house, TO_COME))[0])


async def test_set_back_nothing_waits_until_that_time_has_come_again(house: House, set_clock: Set) -> None:
    """A first attempt, a look, a probe, who was seen and who is slowed; and a send whose process died is waited for no longer
    than any other."""
    sweeps = await looking(house)
    assert await before(house) == ALL_OF_IT
    await sweeps.rescue()
    assert await to_come(house) == ALL_OF_IT, "no step, and all of it is as it was meant"
    set_clock(-BY)
    await sweeps.rescue()
    assert await to_come(house) == NOTHING
    (said,) = await rows(
        house,
        "SELECT count(probe_at) AS probes, count(heard_at) AS heard, count(failing_since) AS failing FROM outlet",
    )
    assert tuple(said) == (1, 1, 1), "nobody has what he had not"

    assert await before(house) == ALL_OF_IT, "committed a moment later, by the time of before"
    await sweeps.rescue()
    assert await to_come(house) == ALL_OF_IT
    sweeps._bring_at -= LATELY.total_seconds()
    await asyncio.gather(sweeps.rescue(), sweeps.rescue_all())
    assert await to_come(house) == NOTHING
    assert await before(house) == ALL_OF_IT
    sweeps._bring_at -= LATELY.total_seconds()
    await sweeps.rescue_all()
    assert await to_come(house) == ALL_OF_IT, "and then it is over"


async def test_what_could_not_be_brought_forward_is_at_the_next_look(
    house: House, set_clock: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeps = await looking(house)
    assert await before(house) == ALL_OF_IT
    set_clock(-BY)
    with monkeypatch.context() as patch:
        patch.setattr(set_back, "LATER", (*set_back.LATER[:3], "SELECT 1 / 0"))
        with pytest.raises(DBAPIError):
            await sweeps.rescue()
    await sweeps.rescue()
    assert await to_come(house) == NOTHING


async def test_a_rescue_that_fails_keeps_nothing_back(
    house: House, set_clock: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    sweeps = await looking(house)
    assert await before(house) == ALL_OF_IT
    set_clock(-BY)
    monkeypatch.setattr("app.dispatch.sweeps.rescue", broken)
    with pytest.raises(ZeroDivisionError):
        await sweeps.rescue()
    assert await to_come(house) == NOTHING


async def test_set_back_it_waits_for_nobody_who_has_a_row(house: House, set_clock: Set) -> None:
    """Whoever has it is at work on it; two that wait for each other would be stopped."""
    sweeps = await looking(house)
    assert await before(house) == ALL_OF_IT
    set_clock(-BY)
    async with transaction(house.engine) as session:
        await session.execute(text("SELECT 1 FROM outlet FOR UPDATE"))
        await session.execute(text("SELECT 1 FROM delivery FOR UPDATE"))
        await asyncio.wait_for(sweeps.rescue(), 5)
        assert await to_come(house) == (1, 1, 1, 1, 2, 0, 0, 0, 0)
    sweeps._bring_at -= LATELY.total_seconds()
    await sweeps.rescue()
    assert await to_come(house) == NOTHING


async def test_set_back_a_paced_outlet_keeps_its_window_and_is_not_mute(house: House) -> None:
    """Whatever is to come by the clock of now was sent in a minute that may not be over: no place is free before that, for
    what is written afterwards neither, and whether or not anybody saw the step."""
    await make_place(house, "group", channel="dingtalk", carrier="dingtalk_robot")
    await make_alert(house)
    (row,) = await rows(house, "SELECT id, outlet_id FROM delivery")
    for to_come in (BY, 3 * BY):
        await rows(house, "DELETE FROM paced_send")
        await sent(house, row.outlet_id, PACE.count - PACE.reserve - 2, to_come)
        await sent(house, row.outlet_id, 1, -30.0)
        assert await claimed(house) == [row.id], "one place was left"
        await waits(house, "publish")
        await sent(house, row.outlet_id, 1, 0.0)
        assert await claimed(house) == []
        await waits(house, "retract")
        assert await claimed(house) == [row.id], "the reserve is there for it"
        await waits(house, "publish")
        await rows(house, "UPDATE paced_send SET at = at - interval '1 min'")
        assert await claimed(house) == [row.id], "the window is over"
        await waits(house, "publish")


async def test_the_clock_is_set_back_in_the_middle_of_a_claim(house: House) -> None:
    """Of which ``now()`` knows nothing."""
    await make_place(house, "group", channel="dingtalk", carrier="dingtalk_robot")
    await make_alert(house)
    (row,) = await rows(house, "SELECT id, outlet_id FROM delivery")
    await rows(house, "CREATE SCHEMA back")
    await rows(
        house,
        "CREATE FUNCTION back.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
        "'SELECT pg_catalog.clock_timestamp() - interval ''2 min'''",
    )
    await sent(house, row.outlet_id, PACE.count - PACE.reserve, -10.0)
    assert await claimed(house, "SET LOCAL search_path = back, pg_catalog, public") == []
    await rows(house, "DELETE FROM paced_send")
    assert await claimed(house) == [row.id]


async def waits(house: House, kind: str) -> None:
    await rows(
        house, "UPDATE delivery SET state = 'pending', kind = :kind, due_at = now(), lease_until = NULL", kind=kind
    )


async def sent(house: House, outlet: int, count: int, to_come: float) -> None:
    """So many, at a time that is to come in so many seconds."""
    await rows(
        house,
        "INSERT INTO paced_send (outlet_id, at) SELECT :outlet, now() + make_interval(secs => :to_come) "
        "FROM generate_series(1, CAST(:count AS int))",
        outlet=outlet, count=count, to_come=to_come,
    )  # fmt: skip


async def claimed(house: House, first: str = "SELECT 1") -> list[int]:
    async with transaction(house.engine) as session:
        await claims.begin(session)
        await session.execute(text(first))
        outlets = await claims.paced_outlets(session, ["dingtalk_robot"])
        found = await claims.claim_paced(
            session, worker="w", leases=Leases(timedelta(seconds=15)), room=10, only_retractions=False,
            outlets=outlets.get("dingtalk_robot", []), count=PACE.count, per=PACE.per, reserve=PACE.reserve,
        )  # fmt: skip
    return [one.id for one in found]
