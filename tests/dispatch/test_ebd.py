"""The emergency broadcast wire on a real ledger: a dispatcher, the sandbox's platform on a socket, our receiving address."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.db import notes
from app.db.engine import transaction
from app.dispatch.dispatcher import Dispatcher
from app.dispatch.hearing import Hearing
from app.dispatch.keeping import Keeping
from app.dispatch.press import HousePress
from app.dispatch.trial import Trials
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from app.flows.house import House
from channels.carriers.ebd.carrier import Ebd
from sandbox.ebd.caller import Caller
from sandbox.ebd.curve import generate
from sandbox.ebd.identity import Identity
from sandbox.ebd.manners import Manner
from sandbox.ebd.platform import Platform, Tempo
from sandbox.ebd.server import Post, create_app
from sandbox.serving import server
from tests.dispatch.far import QUICK, rows, until
from tests.flows.acts import CASE, amended, record, retracted
from tests.making import make_alert, make_outlet, press_of

OWN, PEER = "36101000000000103010101", "26100000000000103010199"
OURS, THEIRS = generate(), generate()
AT_ONCE = Tempo(timedelta(0), timedelta(0))


@dataclass
class Town:
    """An outlet, its platform, and the way between them. ``wire``: as one process holds it."""

    house: House
    post: Post
    outlet: int
    ear: Hearing
    wire: HttpWire

    def on_air(self) -> list[str]:
        return [one.title for one in self.post.platform.on_air(self.post.clock() + timedelta(seconds=1))]

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[None]:
        assert isinstance(self.house.press, HousePress)
        house, stop = self.house, asyncio.Event()
        dispatcher = Dispatcher(house.engine, self.house.press, house.seal, self.wire, limits=QUICK)
        running = asyncio.create_task(dispatcher.run(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(running, 30)

    async def told(self) -> list[int | None]:
        """Everything that the platform has to report now, and what huijia answered."""
        caller = Caller(httpx.AsyncClient(transport=httpx.MockTransport(self._called)), self.post)
        await caller.report()
        return caller.told

    async def _called(self, request: httpx.Request) -> httpx.Response:
        outlet, token, *tail = request.url.path.removeprefix("/in/").split("/")
        answer = await self.ear.hear(
            int(outlet), token, method="POST", tail="/".join(tail), headers=dict(request.headers), body=request.content
        )
        assert answer is not None
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)

    async def kept(self) -> list[tuple[int, str, str]]:
        found = await rows(self.house, "SELECT number, kind, state FROM delivery ORDER BY number")
        return [tuple(row) for row in found]


@asynccontextmanager
async def standing(house: House) -> AsyncIterator[Town]:
    post = Post(Platform(Identity(OWN, PEER, "6101", "2018", THEIRS, OURS.public), AT_ONCE))
    listening = socket.create_server(("127.0.0.1", 0))
    running = server(create_app(post))
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    settings: dict[str, Any] = {
        "url": f"http://127.0.0.1:{listening.getsockname()[1]}/ebd", "source": PEER, "target": OWN,
        "signing_key": OURS.private_hex, "cert_sn": "000000003363", "peer_key": THEIRS.public,
    }  # fmt: skip
    outlet = await make_outlet(house, name="市应急广播", channel="radio", carrier="ebd", settings=settings)
    assert isinstance(house.press, HousePress)
    wire = HttpWire(Keeping(house.engine), allowed=read_networks("127.0.0.1"))
    ear = Hearing(house.engine, house.press, house.seal, wire, house.media_secret)
    try:
        yield Town(house, post, outlet, ear, wire)
    finally:
        await wire.close()
        running.should_exit = True
        await asyncio.wait_for(serving, 10)


async def test_played_replaced_and_taken_off(house: House) -> None:
    async with standing(house) as town, town.dispatching():
        code = await make_alert(house, case_number=CASE)
        await until(lambda: town.on_air() == ["紧急寻人"])
        assert "/in/" in town.post.callback, "the platform was told where to report"
        await until(lambda: _is(town, [(1, "publish", "accepted")]))
        assert await town.told() == [1]
        assert await town.kept() == [(1, "publish", "confirmed")]
        await amended(house, code, record(case_number=CASE, minor__clothing="绿色外套"))
        await until(lambda: town.on_air() == ["更新寻人信息"])
        await until(lambda: _ends(town, "accepted"))
        assert set(await town.told()) == {1}
        assert (await town.kept())[-1] == (2, "update", "confirmed")
        await retracted(house, code)
        await until(lambda: town.on_air() == [])
        await until(lambda: _ends(town, "accepted"))
        assert set(await town.told()) == {1}
        assert (await town.kept())[-1] == (3, "retract", "confirmed")
    kinds = await rows(house, "SELECT DISTINCT kind FROM receipt ORDER BY kind")
    assert [row.kind for row in kinds] == ["aired", "taken_down"]
    assert [call.rule for call in town.post.calls if call.code != 1] == []


async def test_asked_for_where_nothing_is_reported(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ebd, "tend_every", timedelta(milliseconds=200))
    async with standing(house) as town, town.dispatching():
        code = await make_alert(house)
        await until(lambda: _is(town, [(1, "publish", "confirmed")]))
        await retracted(house, code)
        await until(lambda: _ends(town, "confirmed"))
        assert town.on_air() == []


async def test_what_was_never_acknowledged_comes_off_by_another_process(house: House) -> None:
    """The platform takes it and hangs up; the process that sent it is gone when the alert is retracted."""
    async with standing(house) as town:
        town.post.manner = Manner.DEAF
        async with town.dispatching():
            code = await make_alert(house)
            await until(lambda: town.on_air() == ["紧急寻人"])
            await until(lambda: _tried(house))
        assert (await rows(house, "SELECT reference FROM delivery"))[0].reference is None
        await town.wire.close()
        town.wire = HttpWire(Keeping(house.engine), allowed=read_networks("127.0.0.1"))
        town.post.manner = Manner.OK
        await retracted(house, code)
        async with town.dispatching():
            await until(lambda: town.on_air() == [])
            await until(lambda: _ends(town, "accepted"))


async def test_a_trial_leaves_nothing_on_the_air(house: House) -> None:
    async with standing(house) as town:
        trial = await Trials(house.engine, house.seal, press_of(house), town.wire).try_out(town.outlet, "test")
        assert (trial.outcome, [step.kind for step in trial.steps]) == ("accepted", ["publish", "retract"])
        messages = town.post.platform.showing(town.post.clock())["messages"]
        assert [(one["type"], one["title"]) for one in messages] == [
            ("3", "【测试】紧急寻人"),
            ("2", "【测试】寻人结束"),
        ]
        assert town.post.platform.showing(town.post.clock() + timedelta(seconds=1))["drills_inside"] == []


async def test_what_is_noted_first_stays(house: House) -> None:
    keeping = Keeping(house.engine)
    assert await keeping.noted("a") is None
    given = await asyncio.gather(*(keeping.note("a", str(number)) for number in range(20)))
    assert len(set(given)) == 1
    assert await keeping.noted("a") == given[0] == await keeping.note("a", "later")
    async with transaction(house.engine) as session:
        assert await notes.forget(session, timedelta(hours=1)) == 0
        assert await notes.forget(session, timedelta(0)) == 1
    assert await keeping.noted("a") is None


async def _is(town: Town, wanted: list[tuple[int, str, str]]) -> bool:
    return await town.kept() == wanted


async def _ends(town: Town, state: str) -> bool:
    return (await town.kept())[-1][2] == state


async def _tried(house: House) -> bool:
    return bool(await rows(house, "SELECT id FROM attempt"))
