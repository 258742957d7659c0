"""The store goes away, a process vanishes, a process is told to stop."""

import asyncio
import logging
import time
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.db.engine import StoreUnavailable, connect
from app.dispatch import dispatcher as engine_room
from app.dispatch.dispatcher import Limits
from app.dispatch.sweeps import SENDERS_FIRST, Sweeps
from app.flows.house import House
from channels.contract import Reply
from tests.dispatch.far import Far, all_are, dispatching, made, make_place, never, reply, rows, until
from tests.making import make_alert

LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'LISTEN%'"
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"


class Store:
    """The server, seen from another database of it: the connections of the test's own can be cut."""

    def __init__(self, url: str) -> None:
        self.name = make_url(url).database
        self._dsn = make_url(url).set(drivername="postgresql", database="postgres")

    async def ask(self, sql: str) -> int:
        connection = await asyncpg.connect(self._dsn.render_as_string(hide_password=False))
        try:
            found = await connection.fetch(sql, self.name)
            return int(found[0][0]) if found else 0
        finally:
            await connection.close()

    async def listening(self, wanted: int = 1) -> bool:
        return await self.ask(LISTENING) == wanted

    async def cut_for(self, seconds: float) -> None:
        """Every connection is cut, again and again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await self.ask(CUT)
            await asyncio.sleep(0.02)


@pytest.fixture
def store(database: str) -> Store:
    return Store(database)


async def test_what_was_sent_is_settled_when_the_store_comes_back(
    house: House, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Twenty answers arrive while the store is away. None is forgotten, none is asked for twice."""
    caplog.set_level(logging.CRITICAL)
    far, answers = Far(), asyncio.Event()

    async def when_told() -> Reply:
        await answers.wait()
        return reply()

    for n in range(20):
        await make_place(house, f"p{n}")
        far.script[f"p{n}"] = [when_told]
    await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: far.under_way == 20)
        cutting = asyncio.create_task(store.cut_for(1.0))
        await asyncio.sleep(0.2)
        answers.set()
        await cutting
        await until(lambda: all_are(house, "accepted"), 10)
    assert len(far.calls) == 20
    assert (await rows(house, "SELECT count(*) AS n FROM attempt"))[0].n == 20


async def test_listening_is_taken_up_again(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the poll half a minute away only NOTIFY can wake the dispatcher."""
    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr(engine_room, "POLL_SECONDS", 30.0)
    await make_place(house, "one")
    far = Far()
    async with dispatching(house, far):
        await until(store.listening)
        await make_alert(house)
        await until(lambda: len(far.calls) == 1, 2)
        await store.ask(CUT)
        await until(lambda: store.listening(0))
        await until(store.listening)
        await make_alert(house)
        await until(lambda: len(far.calls) == 2, 2)


async def test_the_poll_finds_what_no_notify_told_of(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(engine_room, "listen", deaf)
    await make_place(house, "one")
    far = Far()
    async with dispatching(house, far):
        await asyncio.sleep(0.2)
        await make_alert(house)
        await until(lambda: all_are(house, "accepted"), 3)


async def test_a_vanished_dispatcher_is_rescued(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """As after kill -9: the delivery is left sending, and its attempt counts although nobody knows what came of it."""
    caplog.set_level(logging.CRITICAL)
    await make_place(house, "one")
    far = Far()
    far.script["one"] = [never, reply()]
    await make_alert(house)
    await _killed_while_sending(house, far)
    sweeps = Sweeps(house.engine, house.press, "rescuer")
    await sweeps.rescue()
    assert await all_are(house, "sending"), "not before the lease is over"
    await rows(house, "UPDATE delivery SET lease_until = now() - interval '1 s'")
    await asyncio.gather(sweeps.rescue(), sweeps.rescue())
    attempts = await rows(house, "SELECT outcome, reason, worker, stale FROM attempt")
    assert [tuple(a) for a in attempts] == [("retry", "lease_lost", "rescuer", False)], "twice at once is once"
    async with dispatching(house, far):
        await until(lambda: all_are(house, "accepted"))
    assert (await rows(house, "SELECT tries FROM delivery"))[0].tries == 2


async def test_all_leases_that_were_lost_long_ago_are_rescued_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However many: no retraction goes to an outlet while a dead send's lease stands."""
    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr("app.dispatch.settle.RESCUE_BATCH", 2)
    for n in range(5):
        await make_place(house, f"p{n}")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET state = 'sending', tries = 1, lease_until = now() - interval '1 hour'")
    sweeps = Sweeps(house.engine, house.press, "rescuer")
    await sweeps.rescue()
    assert await all_are(house, "sending"), "what happened long ago is not looked for every second"
    await sweeps.rescue_all()
    assert await all_are(house, "pending")


async def test_when_the_database_is_back_its_senders_speak_first(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are alive, and about to say what came of their sends: a rescue would have everything sent again."""
    caplog.set_level(logging.CRITICAL)
    await make_place(house, "one")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET state = 'sending', tries = 1, lease_until = now() - interval '1 s'")
    nowhere = connect("postgresql://nobody@127.0.0.1:1/none")
    sweeps = Sweeps(nowhere, house.press, "rescuer")
    with pytest.raises(StoreUnavailable):
        await sweeps.rescue()
    await nowhere.dispose()
    sweeps._engine = house.engine
    await sweeps.rescue()
    await sweeps.rescue_all()
    assert await all_are(house, "sending")
    monkeypatch.setattr(time, "monotonic", lambda past=time.monotonic: past() + SENDERS_FIRST)
    await sweeps.rescue()
    assert await all_are(house, "pending")


async def _killed_while_sending(house: House, far: Far) -> None:
    before = asyncio.all_tasks()
    running = asyncio.create_task(made(house, far).run(asyncio.Event()))
    await until(lambda: far.under_way == 1)
    cut_off = asyncio.all_tasks() - before
    for task in cut_off:
        task.cancel()
    await asyncio.gather(running, *cut_off, return_exceptions=True)


async def test_stopping_waits_for_what_is_nearly_done(house: House) -> None:
    await make_place(house, "one")
    far = Far()

    async def soon() -> Reply:
        await asyncio.sleep(0.3)
        return reply()

    far.script["one"] = [soon]
    await make_alert(house)
    async with dispatching(house, far, Limits(grace=timedelta(seconds=3))):
        await until(lambda: far.under_way == 1)
    assert await all_are(house, "accepted"), "settled before run() returned"
    assert (await rows(house, "SELECT count(*) AS n FROM attempt WHERE outcome = 'accepted'"))[0].n == 1


async def test_stopping_gives_back_what_hangs(house: House) -> None:
    """In time for SIGTERM, and without leaving it to the lease."""
    await make_place(house, "one")
    far = Far()
    far.script["one"] = [never]
    await make_alert(house)
    async with dispatching(house, far, Limits(grace=timedelta(seconds=0.3))):
        await until(lambda: far.under_way == 1)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 2.5
    (delivery,) = await rows(house, "SELECT state, tries, refusals, reason, lease_until FROM delivery")
    assert tuple(delivery) == ("pending", 1, 0, "lease_lost", None), "it may have aired"


async def test_a_stopped_dispatcher_claims_no_more(house: House) -> None:
    await make_place(house, "one")
    far = Far()
    async with dispatching(house, far):
        pass
    await make_alert(house)
    await asyncio.sleep(0.2)
    assert far.calls == []
    assert await all_are(house, "pending")
