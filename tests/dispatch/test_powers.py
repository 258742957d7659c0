"""The powers a wire may have beside sending: one call for many, being asked, calling back, and a line kept open."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from app.db import views
from app.db.engine import transaction
from app.dispatch import hearing, listening, wiring
from app.dispatch.hearing import Hearing
from app.dispatch.listening import Listening
from app.dispatch.wire import HttpWire
from app.domain.media_url import inbound_path
from app.flows.house import House
from channels import contract as c
from channels import registry
from tests.dispatch.far import Far, dispatching, rows, until
from tests.flows.acts import retracted
from tests.making import make_alert, make_outlet, press_of


class Face(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    hub: str = Field(title="主机")
    face: str = Field(title="屏")
    back: str = Field(default="", title="回调地址")


class Hub:
    """A controller of many faces. What it shows is what a test looks at."""

    name: ClassVar[str] = "hub"
    title: ClassVar[str] = "主机"
    retracts: ClassVar[c.Retracts] = c.Retracts.BY_TARGET_ONLY
    proves: ClassVar[c.Proves] = c.Proves.AIRED
    carries: ClassVar[frozenset[str] | None] = None
    where: ClassVar[tuple[str, ...]] = ("hub", "face")
    timeout: ClassVar[timedelta] = timedelta(seconds=2)
    pace: ClassVar[c.Pace | None] = None
    most: ClassVar[int] = 3
    tend_every: ClassVar[timedelta] = timedelta(milliseconds=100)
    renews_within: ClassVar[timedelta | None] = None
    address: ClassVar[str] = "back"
    settings: type[Face] = Face

    def __init__(self) -> None:
        self.shows: dict[str, set[str]] = {}
        self.calls: list[tuple[str, list[str]]] = []
        self.refuses: set[str] = set()
        self.short = False
        self.looks: list[tuple[str, str]] = []
        self.silent = self.clears = False
        self.backs: set[str] = set()
        self.line_open: asyncio.Queue[Sequence[c.Echo | c.Presence]] = asyncio.Queue()
        self.durable: list[Sequence[c.Echo | c.Presence]] = []
        self.listeners = self.starts = 0

    def group(self, settings: Face) -> Hashable:
        return settings.hub

    async def send(
        self, rendition: c.Rendition, settings: Face, *, key: str, prior: str | None, now: datetime, wire: c.Wire
    ) -> c.Outcome:
        return (await self.send_all(rendition, [c.Send(settings, key, prior)], now=now, wire=wire))[0]

    async def send_all(
        self, rendition: c.Rendition, sends: Sequence[c.Send], *, now: datetime, wire: c.Wire
    ) -> Sequence[c.Outcome]:
        self.calls.append((rendition.notice.kind, [s.settings.face for s in sends]))
        said: list[c.Outcome] = [self._one(rendition.notice, s) for s in sends]
        return said[1:] if self.short else said

    def _one(self, notice: c.Notice, send: c.Send) -> c.Outcome:
        face = send.settings.face
        self.backs.add(send.settings.back)
        if face in self.refuses:
            return c.Refused(c.Reason.REJECTED, "不收")
        shown = self.shows.setdefault(face, set())
        if notice.kind is c.Kind.RETRACT:
            shown.clear()
        else:
            shown.add(notice.alert)
        return c.Accepted(reference=f"{face}/{notice.alert}/{notice.number}")

    async def tend(
        self, rendition: c.Rendition, settings: Face, *, key: str, reference: str | None, now: datetime, wire: c.Wire
    ) -> Sequence[c.StatedReceipt | c.Cleared]:
        self.looks.append((settings.face, reference or ""))
        if self.silent:
            raise c.WireError(c.Reason.TIMEOUT)
        if rendition.notice.kind is c.Kind.RETRACT:
            if self.clears:
                self.shows[settings.face].clear()
            return [c.StatedReceipt(c.ReceiptKind.TAKEN_DOWN), *[c.Cleared()] * self.clears]
        self.shows[settings.face].add(rendition.notice.alert)
        return [c.StatedReceipt(c.ReceiptKind.AIRED, proof=c.Proof("image/png", b"frame of " + settings.face.encode()))]

    async def hear(self, settings: Face, call: c.Call, *, now: datetime, wire: c.Wire) -> c.Heard:
        echo = c.Echo(c.StatedReceipt(c.ReceiptKind.RECEIVED), reference=call.body.decode())
        return c.Heard(c.Reply(200, {"content-type": "text/x"}, b"taken"), (echo,))

    def line(self, settings: Face) -> Hashable:
        return settings.hub

    def place(self, settings: Face) -> str:
        return settings.face

    async def listen(
        self, settings: Face, heard: Callable[[Sequence[c.Echo | c.Presence]], Awaitable[None]], *, wire: c.Wire
    ) -> None:
        self.listeners += 1
        self.starts += 1
        try:
            while True:
                echoes = await self.line_open.get()
                await heard(echoes)
                self.durable.append(echoes)
        finally:
            self.listeners -= 1


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The hub among the carriers, as an entry point would have put it there."""
    made = Hub()
    assert registry.carrier_fault(made) is None
    carriers = MappingProxyType({**registry.CARRIERS, "hub": made})
    for room in (registry, wiring, hearing, listening):
        monkeypatch.setattr(room, "CARRIERS", carriers)
    return made


async def faces(house: House, *names: str, hub: str = "h1") -> list[int]:
    return [await make_outlet(house, name=f"{hub}-{n}", carrier="hub", settings={"hub": hub, "face": n}) for n in names]


async def settled(house: House, count: int) -> bool:
    done = await rows(house, "SELECT count(*) AS n FROM delivery WHERE state IN ('accepted', 'confirmed', 'failed')")
    return bool(done[0].n == count)


async def test_one_call_for_many_and_an_outcome_for_each(house: House, hub: Hub) -> None:
    await faces(house, "a", "b", "c", "d")
    await faces(house, "e", hub="h2")
    hub.refuses, hub.silent = {"b"}, True
    await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: settled(house, 5))
    assert sorted(sorted(group) for _, group in hub.calls) == [["a", "b", "c"], ["d"], ["e"]], "at most three, one hub"
    found = await rows(house, "SELECT o.name, d.state, d.reference FROM delivery d JOIN outlet o ON o.id = d.outlet_id")
    assert {r.name: r.state for r in found} == {
        "h1-a": "accepted", "h1-b": "failed", "h1-c": "accepted", "h1-d": "accepted", "h2-e": "accepted"
    }  # fmt: skip
    assert next(r.reference for r in found if r.name == "h1-a").startswith("a/HJ-")


async def test_an_answer_for_too_few_is_believed_for_none(house: House, hub: Hub) -> None:
    await faces(house, "a", "b")
    hub.short = True
    await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: len(hub.calls) >= 1)
        await until(lambda: _reasons(house, {"crash"}))


async def _reasons(house: House, wanted: set[str]) -> bool:
    return {r.reason for r in await rows(house, "SELECT reason FROM attempt")} == wanted


async def test_asked_until_it_is_proven_and_the_proof_is_kept(house: House, hub: Hub) -> None:
    await faces(house, "a")
    hub.silent = True
    await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: len(hub.looks) >= 2)
        assert (await rows(house, "SELECT state FROM delivery"))[0].state == "accepted", "no answer proves nothing"
        hub.silent = False
        await until(lambda: settled_as(house, "confirmed"))
        looks = len(hub.looks)
        await asyncio.sleep(0.8)
        assert len(hub.looks) == looks, "what is proven is left alone"
    kept = await rows(house, "SELECT r.kind, p.body FROM receipt r JOIN proof p ON p.sha256 = r.proof")
    assert [(r.kind, bytes(r.body)) for r in kept] == [("aired", b"frame of a")]
    leases = await rows(house, "SELECT count(*) AS n FROM delivery WHERE lease_until IS NOT NULL")
    assert leases[0].n == 0


async def settled_as(house: House, state: str) -> bool:
    return {r.state for r in await rows(house, "SELECT state FROM delivery")} == {state}


async def test_nothing_is_shown_again_after_its_end(house: House, hub: Hub) -> None:
    """A wire that renews races its own retraction at every step: the lease keeps them apart, the head decides."""
    hub.renews_within = timedelta(milliseconds=100)  # type: ignore[misc]  # of this one
    await faces(house, "a", "b", "c")
    code = await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: len(hub.looks) > 6)
        await retracted(house, code)
        await until(lambda: _down(house, 3))
        looks = len(hub.looks)
        await asyncio.sleep(1.0)
        assert all(not shown for shown in hub.shows.values()), hub.shows
        assert len(hub.looks) - looks <= 3
    tended = await rows(house, "SELECT count(*) AS n FROM delivery WHERE tend_at IS NOT NULL AND kind <> 'retract'")
    assert tended[0].n in (0, 3), "the sweep clears what a newer notice has replaced"


async def _down(house: House, count: int) -> bool:
    done = await rows(house, "SELECT count(*) AS n FROM delivery WHERE kind = 'retract' AND state = 'confirmed'")
    return bool(done[0].n == count)


@pytest.mark.parametrize(
    ("within", "age", "wait"),
    [
        (timedelta(minutes=20), timedelta(minutes=2), timedelta(minutes=1)),
        (timedelta(minutes=20), timedelta(minutes=50), timedelta(minutes=5)),
        (timedelta(minutes=20), timedelta(hours=10), timedelta(minutes=20)),
        (timedelta(minutes=1), timedelta(hours=10), timedelta(minutes=1)),
    ],
)
async def test_what_lapses_is_renewed_ever_less_often_and_never_later_than_it_may(
    house: House, hub: Hub, within: timedelta, age: timedelta, wait: timedelta
) -> None:
    """A page on a cloud's screen lapses in an hour and a call costs; a station's server may have lost it in any minute."""
    hub.tend_every = timedelta(minutes=1)  # type: ignore[misc]  # of this one
    hub.renews_within = within  # type: ignore[misc]
    await faces(house, "a", "b", "c")
    await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: settled(house, 3))
        await rows(house, "UPDATE delivery SET accepted_at = now() - CAST(:age AS interval), tend_at = now()", age=age)
        await until(lambda: settled_as(house, "confirmed"))
    waits = [row.wait for row in await rows(house, "SELECT tend_at - confirmed_at AS wait FROM delivery")]
    assert all(0.9 * wait <= one <= wait + timedelta(seconds=1) for one in waits), waits
    assert len(set(waits)) == 3, "an account bears so many calls a second: looks do not stay together"


async def test_what_clears_the_whole_target_brings_the_others_back(house: House, hub: Hub) -> None:
    hub.renews_within = timedelta(milliseconds=100)  # type: ignore[misc]  # of this one
    await faces(house, "a")
    first, second = await make_alert(house), await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: hub.shows.get("a") == {first, second})
        await retracted(house, first)
        await until(lambda: _down(house, 1))
        await until(lambda: hub.shows["a"] == {second})


async def test_what_a_look_clears_comes_back_too(house: House, hub: Hub) -> None:
    """A far end that knows no numbers is told once more that it is over; what else is live there is shown again at once."""
    hub.renews_within = timedelta(minutes=19)  # type: ignore[misc]  # of this one
    await faces(house, "a")
    first, second = await make_alert(house), await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: hub.shows.get("a") == {first, second})
        await retracted(house, first)
        await until(lambda: _down(house, 1))
        await until(lambda: hub.shows["a"] == {second})
        hub.clears = True
        hub.shows["a"].add(first)  # an insertion that had been under way
        looks = len(hub.looks)
        await rows(
            house,
            "UPDATE delivery SET tend_at = CASE WHEN kind = 'retract' THEN now() ELSE now() + interval '1 hour' END "
            "WHERE tend_at IS NOT NULL OR kind = 'retract'",
        )
        await until(lambda: len(hub.looks) >= looks + 2)
        assert hub.shows["a"] == {second}
    assert [look[1].split("/")[1] for look in hub.looks[looks:]] == [first, second]


async def test_an_exercise_never_stands_before_a_real_child(house: House, hub: Hub) -> None:
    """On a wire where what was shown last is seen: the real one is shown again at once, the exercise not while it lasts."""
    hub.renews_within = timedelta(milliseconds=100)  # type: ignore[misc]  # of this one
    await faces(house, "a")
    real = await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: hub.shows.get("a") == {real})
        rehearsed = await make_alert(house, status="exercise", case_number="A6101130000002026119999")
        await until(lambda: {real, rehearsed} == hub.shows["a"])
        seen = len(hub.looks)
        await until(lambda: len(hub.looks) > seen)
        await asyncio.sleep(0.8)
        assert {reference.split("/")[1] for _, reference in hub.looks} == {real}
        await retracted(house, real)
        await until(lambda: any(rehearsed in reference for _, reference in hub.looks))


async def test_a_call_back_is_kept_before_it_is_answered(house: House, hub: Hub) -> None:
    (outlet,) = await faces(house, "a")
    (other,) = await faces(house, "z", hub="h2")
    hub.silent = True
    await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: settled(house, 2))
    reference = (await rows(house, "SELECT reference FROM delivery WHERE outlet_id = :o", o=outlet))[0].reference
    wire = HttpWire()
    ear = Hearing(house.engine, house.press, house.seal, wire, b"secret")
    token = inbound_path(b"secret", outlet).rpartition("/")[2]

    async def call(to: int, by: str) -> Any:
        return await ear.hear(to, by, method="POST", tail="", headers={}, body=reference.encode())

    assert len(hub.backs) == 2, "each outlet is told its own address here"
    assert all(back.startswith("http://huijia.test/in/") for back in hub.backs)
    assert await call(outlet, "wrong") is None
    assert await call(other, token) is None, "an address opens one outlet"
    assert (await call(other, inbound_path(b"secret", other).rpartition("/")[2])).body == b"taken"
    strays = await rows(house, "SELECT said_for, delivery_id FROM receipt")
    assert [tuple(one) for one in strays] == [(reference, None)], "the reference is another outlet's: operators see it"
    answer = await call(outlet, token)
    assert (answer.status, answer.body) == (200, b"taken")
    kinds = await rows(house, "SELECT r.kind, d.state FROM receipt r JOIN delivery d ON d.id = r.delivery_id")
    assert [tuple(r) for r in kinds] == [("received", "confirmed")]
    assert (await rows(house, "SELECT heard_at FROM outlet WHERE id = :o", o=outlet))[0].heard_at is not None
    await wire.close()


async def test_one_process_listens_and_another_takes_over(house: House, hub: Hub) -> None:
    """Evidence that overtakes the settling of its send waits for it, and is acknowledged only when it is durable."""
    await faces(house, "a", "b")
    hub.silent = True
    stops = [asyncio.Event(), asyncio.Event()]
    ears = [Listening(house.engine, press_of(house), house.seal, Far()) for _ in stops]
    tasks = [asyncio.create_task(ear.run(stop)) for ear, stop in zip(ears, stops, strict=True)]
    await until(lambda: hub.listeners == 1)
    await asyncio.sleep(0.3)
    assert hub.listeners == 1, "two outlets on one hub, two processes: one line"
    code = await make_alert(house)
    hub.line_open.put_nowait([c.Echo(c.StatedReceipt(c.ReceiptKind.AIRED), reference=f"a/{code}/1")])
    await asyncio.sleep(0.6)
    assert hub.durable == []
    async with dispatching(house, Far()):
        await until(lambda: len(hub.durable) == 1)
    assert len(await rows(house, "SELECT id FROM receipt WHERE kind = 'aired'")) == 1
    await rows(house, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
               "(SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()")  # fmt: skip
    await until(lambda: (hub.starts, hub.listeners) == (2, 1))
    hub.line_open.put_nowait([c.Echo(c.StatedReceipt(c.ReceiptKind.AIRED), reference=f"b/{code}/1")])
    await until(lambda: len(hub.durable) == 2)
    for stop in stops:
        stop.set()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)
    assert hub.listeners == 0


async def test_evidence_that_fits_nothing_is_shown_to_operators_once(
    house: House, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that was never enrolled shows what is said to its neighbours, or an outlet speaks of what it was not sent.
    What is said of a test notice is nothing to look into."""
    monkeypatch.setattr(listening, "EARLY_SECONDS", 0.3)
    await faces(house, "a")
    other = await make_outlet(house, name="h1-z", partner="另一家", carrier="hub", settings={"hub": "h1", "face": "z"})
    stop = asyncio.Event()
    task = asyncio.create_task(Listening(house.engine, press_of(house), house.seal, Far()).run(stop))
    await until(lambda: hub.listeners == 1)
    aired = c.StatedReceipt(c.ReceiptKind.AIRED, note="北门")
    said = [
        c.Echo(aired, reference="x/stranger/HJ-2026-000009/1", place="stranger", about="stranger HJ-2026-000009/1"),
        c.Echo(aired, reference="x/z/HJ-2026-000009/1", place="z", about="z HJ-2026-000009/1"),
        c.Echo(aired, key="trial_00112233445566aa"),
        c.Echo(aired, reference="x/a/CS-2026-TRIAL-0a1b2c/1", place="a", about="a CS-2026-TRIAL-0a1b2c/1"),
    ]
    for times in (1, 2):
        hub.line_open.put_nowait(said)
        await until(lambda times=times: len(hub.durable) == times)
    async with transaction(house.engine) as session:
        shown = await views.unmatched_receipts(session, 10)
        assert await views.unmatched(session) == 2
    assert [(one["partner"], one["said_for"], one["kind"], one["note"]) for one in reversed(shown)] == [
        ("测试协作单位", "stranger HJ-2026-000009/1", "aired", "北门"), ("另一家", "z HJ-2026-000009/1", "aired", "北门"),
    ]  # fmt: skip
    assert other
    stop.set()
    await asyncio.wait_for(task, 5)


async def test_who_comes_and_goes_on_a_line_is_known(house: House, hub: Hub) -> None:
    """An outlet that is enrolled while somebody listens, too; and nobody else's screen."""
    first, *_ = await faces(house, "a")
    stop = asyncio.Event()
    task = asyncio.create_task(Listening(house.engine, press_of(house), house.seal, Far()).run(stop))
    await until(lambda: hub.listeners == 1)
    went = datetime.fromisoformat("2026-11-23T15:00:00+08:00")
    hub.line_open.put_nowait([c.Presence("a", True), c.Presence("a", False, went), c.Presence("stranger", False)])

    async def gone() -> list[Any]:
        return [r.gone_at for r in await rows(house, "SELECT gone_at FROM outlet ORDER BY id")]

    await until(lambda: len(hub.durable) == 1)
    assert await gone() == [went]
    await faces(house, "b")
    await asyncio.sleep(listening.LOOK_SECONDS + 0.5)
    hub.line_open.put_nowait([c.Presence("a", True), c.Presence("b", False)])
    await until(lambda: len(hub.durable) == 2)
    assert [at is None for at in await gone()] == [True, False]
    assert (await rows(house, "SELECT heard_at FROM outlet WHERE id = :o", o=first))[0].heard_at is not None
    stop.set()
    await asyncio.wait_for(task, 5)
