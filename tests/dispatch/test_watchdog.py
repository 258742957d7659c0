"""Silence is noticed, and somebody is told."""

import asyncio
import time

import pytest

from app.db.engine import StoreUnavailable, connect, transaction
from app.db.workers import gone, seen
from app.dispatch.watchdog import AWAY, BLIND, OVER, Watchdog
from app.domain.telling import AGAIN, CALM_AGAIN, Standing
from app.flows.house import House
from app.flows.watching import NAMES
from channels.contract import Reason, Reply, WireError
from tests.channels.wire import FakeWire, reply
from tests.dispatch.far import Far, dispatching, rows, until
from tests.dispatch.watching import SOON, URL, later, looks, said
from tests.making import make_alert, make_outlet

SILENT = "dispatcher_silent"


async def at_work(house: House, *, there: bool = True) -> None:
    async with transaction(house.engine) as session:
        await (seen(session, "w", {}) if there else gone(session, "w"))


async def test_a_dispatcher_that_is_gone_is_missed_and_its_return_is_told(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    await at_work(house)
    assert await looks(dog, house) == []
    await rows(house, "UPDATE worker SET seen_at = now() - interval '11 s'")
    assert await looks(dog, house, 2) == [SILENT], "it lives, and does nothing"
    assert said(wire) == []
    await looks(dog, house, 10)
    (told,) = said(wire)
    assert "huijia dispatch" in told
    await at_work(house)
    assert await looks(dog, house, 8) == []
    assert said(wire) == [told, f"回家平台告警解除：{OVER[SILENT]}"]
    assert await rows(house, "SELECT 1 FROM trouble") == []
    assert "secret-token" not in caplog.text


async def test_a_restart_is_nobodys_concern(house: House) -> None:
    """It signs off, and another comes; or the API begins before its dispatcher, or the database was away from both."""
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    for _ in range(3):
        assert await looks(dog, house, 2) == [SILENT]
        await at_work(house)
        assert await looks(dog, house, 2) == []
        await at_work(house, there=False)
    assert said(wire) == []
    await looks(dog, house)
    await later(house, 60)
    await looks(dog, house, 2)
    assert said(wire) == [], "nobody looked for a minute: what was then is not what lasted"


async def test_what_comes_and_goes_is_one_trouble(house: House) -> None:
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    await looks(dog, house, 3)
    for there in (True, False) * 5:
        await at_work(house, there=there)
        await looks(dog, house)
    assert len(said(wire)) == 1


async def test_it_is_told_again_while_it_lasts(house: House) -> None:
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    await looks(dog, house, int(2.5 * AGAIN / SOON))
    assert len(said(wire)) == 3


async def test_a_dispatcher_that_hangs_stops_saying_that_it_is_there(house: House) -> None:
    """Its loop turns no more, though its process lives and its other tasks run."""

    async def is_seen() -> bool:
        return bool(await rows(house, "SELECT 1 FROM worker WHERE seen_at > now() - interval '3 s'"))

    async with dispatching(house, Far()) as dispatcher:
        await until(is_seen)
        real = dispatcher._claim

        async def hangs() -> int:
            await asyncio.sleep(3)
            return await real()

        dispatcher._claim = hangs  # type: ignore[method-assign]
        dispatcher._wake.set()
        await asyncio.sleep(0.2)
        first = (await rows(house, "SELECT seen_at FROM worker"))[0].seen_at
        await asyncio.sleep(2.5)
        second = (await rows(house, "SELECT seen_at FROM worker"))[0].seen_at
        assert (second - first).total_seconds() < 2.4, "at most the turn that was under way"


NOT_TAKEN: list[Reply | Exception] = [
    WireError(Reason.TIMEOUT),
    reply(500),
    reply(200, '{"errcode":310000,"errmsg":"keywords not in content"}'),
    RuntimeError("a bug"),
]


async def test_an_alarm_that_does_not_get_through_is_raised_again(house: House) -> None:
    wire = FakeWire(*NOT_TAKEN, reply())
    dog = Watchdog(house.watch, wire, URL)
    failed = 0
    for _ in range(30):
        if not await dog.look():
            failed += 1
            rests = await rows(house, "SELECT 1 FROM watch WHERE until > now() + interval '5 s'")
            assert rests, "a robot that is called too often takes nothing for ten minutes"
        await later(house, SOON)
    assert failed == len(NOT_TAKEN)
    assert len(wire.calls) == len(NOT_TAKEN) + 1, "until one was taken"


async def test_that_it_is_over_is_told_until_it_is_taken(house: House) -> None:
    wire = FakeWire(reply(), *NOT_TAKEN, reply())
    dog = Watchdog(house.watch, wire, URL)
    await looks(dog, house, 3)
    await at_work(house)
    await looks(dog, house, 40)
    assert ["解除" in line for line in said(wire)] == [False, *[True] * (len(NOT_TAKEN) + 1)]


async def test_retractions_that_nobody_took_and_deliveries_that_nobody_claims(house: House) -> None:
    await make_outlet(house)
    await make_alert(house)
    dog = Watchdog(house.watch, FakeWire(), None)
    await at_work(house)
    assert await looks(dog, house) == []
    await rows(house, "UPDATE delivery SET due_at = now() - interval '31 s'")
    assert await looks(dog, house) == ["unclaimed"]
    await rows(house, "UPDATE delivery SET kind = 'retract', created_at = now() - interval '3 minutes'")
    assert await looks(dog, house) == ["retraction_unheard", "unclaimed"]
    await rows(house, "UPDATE delivery SET state = 'confirmed'")
    assert await looks(dog, house) == []


async def test_an_outlet_in_quarantine_is_told_when_it_changes_and_else_seldom(house: House) -> None:
    await at_work(house)
    await make_outlet(house, name="南门外大屏")
    await make_outlet(house, name="钟楼大屏")
    await rows(house, "UPDATE outlet SET quarantined_at = now() WHERE name = '南门外大屏'")
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)

    async def for_a_while(seconds: float) -> int:
        await rows(house, "UPDATE worker SET seen_at = now()")
        await looks(dog, house, 3)
        await later(house, seconds)
        await looks(dog, house)
        return len(said(wire))

    assert await for_a_while(AGAIN) == 1
    await rows(house, "UPDATE outlet SET quarantined_at = now()")
    assert await for_a_while(AGAIN) == 2
    assert await for_a_while(AGAIN) == 2
    assert await for_a_while(CALM_AGAIN) == 3


async def test_the_database_itself(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Told after some seconds and not at once; and that it has come back. What is wrong in the ledger is not over because
    nobody can look."""
    wire = FakeWire(RuntimeError("a bug"), reply())
    dog = Watchdog(house.watch, wire, URL)
    dog._tell_of = _nothing  # type: ignore[assignment,method-assign]  # what the ledger keeps is not asked here
    await looks(dog, house, 3)
    nowhere = connect("postgresql://nobody@127.0.0.1:1/none")
    dog._engine = nowhere
    for _ in range(3):
        assert await dog.look()
    assert said(wire) == []
    await asyncio.sleep(5)
    assert not await dog.look(), "nobody took it"
    assert await dog.look()
    assert said(wire) == [f"回家平台告警：{AWAY['store_away']}"] * 2
    dog._engine = house.watch
    assert await looks(dog, house) == [SILENT]
    await asyncio.sleep(5)
    await looks(dog, house, 2)
    assert said(wire)[2:] == [f"回家平台告警解除：{OVER['store_away']}"]
    await nowhere.dispose()


async def _nothing(*_: object) -> bool:
    return True


async def test_one_that_was_frozen_while_it_looked_blames_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection was lost meanwhile."""
    wire, real, froze = FakeWire(reply()), time.monotonic, 0.0
    monkeypatch.setattr(time, "monotonic", lambda: real() + froze)
    dog = Watchdog(house.watch, wire, URL)

    async def freezes() -> tuple[None, list[Standing]]:
        nonlocal froze
        froze = 60.0
        raise StoreUnavailable("terminating connection due to idle-in-transaction timeout")

    with monkeypatch.context() as patch:
        patch.setattr(dog, "_turn", freezes)
        await dog.look()
    await dog.look()
    assert said(wire) == []


async def test_it_goes_on_whatever_happens(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.dispatch.watchdog.AFTER_A_NO", 0.05)
    dog, times = Watchdog(house.watch, FakeWire(reply()), URL), 0

    async def fails() -> bool:
        nonlocal times
        times += 1
        raise RuntimeError("a bug")

    dog.look = fails  # type: ignore[method-assign]
    stop = asyncio.Event()
    task = asyncio.create_task(dog.run(stop))
    await until(lambda: times > 3)
    stop.set()
    await asyncio.wait_for(task, 5)


async def test_one_that_cannot_look_is_told_what_to_do(house: House) -> None:
    """The newest program on a database without the tables that it keeps its troubles in."""
    await rows(house, "DROP TABLE watch, trouble")
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    await dog.look()
    assert said(wire) == []
    await asyncio.sleep(5)
    await dog.look()
    assert said(wire) == [f"回家平台告警：{BLIND['watchdog_blind']}"]
    assert "huijia migrate" in said(wire)[0]


async def test_an_older_schema_and_a_check_that_fails_blind_nobody(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """What the check had found before is not over."""
    await make_outlet(house)
    await make_alert(house)
    await at_work(house)
    await rows(house, "UPDATE delivery SET due_at = now() - interval '31 s'")
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    await looks(dog, house, 3)
    assert "无人处理" in said(wire)[0]
    await rows(house, "ALTER TABLE delivery RENAME due_at TO due_then")
    await rows(house, "UPDATE alembic_version SET version_num = '0001'")
    await rows(house, "UPDATE worker SET seen_at = now() - interval '1 minute'")
    assert await looks(dog, house, 4) == [SILENT, "schema_behind", "unclaimed", "watchdog_stumbles"]
    assert ["解除" in line for line in said(wire)[1:]] == [False] * 3
    assert "_unclaimed failed: UndefinedColumnError" in caplog.text
    await rows(house, "ALTER TABLE delivery RENAME due_then TO due_at")
    assert await looks(dog, house) == [SILENT, "schema_behind", "unclaimed"]


async def test_a_locked_table_blinds_nobody(house: House) -> None:
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    async with transaction(house.engine) as session:
        await session.exec_driver_sql("LOCK TABLE proposal IN ACCESS EXCLUSIVE MODE")
        begun = time.monotonic()
        await dog.look()
        assert time.monotonic() - begun < 5
    assert await looks(dog, house, 0) == [SILENT, "watchdog_stumbles"]


async def test_a_full_pool_of_the_officers_is_no_database_that_is_away(house: House) -> None:
    wire = FakeWire(reply())
    dog = Watchdog(house.watch, wire, URL)
    await at_work(house)
    held = [await house.engine.connect() for _ in range(20)]
    await dog.look()
    await asyncio.sleep(5)
    await dog.look()
    for connection in held:
        await connection.close()
    assert said(wire) == []


def test_of_everything_it_is_told_when_it_is_over() -> None:
    assert set(OVER) == {*NAMES, *AWAY, *BLIND}
