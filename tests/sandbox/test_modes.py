"""Each way to misbehave, over a real socket where the socket is the point."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from sandbox.faults import Fault, Mode, Switch
from sandbox.serving import server
from tests.sandbox.stage import ALERT, Stage, payload, stage, until


@dataclass
class Listening(Stage):
    """A stage with an ear on loopback."""

    serving: uvicorn.Server
    running: asyncio.Task[None]


@asynccontextmanager
async def listening(path: Path) -> AsyncIterator[Listening]:
    """The stage, called over loopback."""
    async with stage(path) as at:
        ear = socket.create_server(("127.0.0.1", 0))
        port = ear.getsockname()[1]
        serving = server(at.app)
        running = asyncio.create_task(serving.serve(sockets=[ear]))
        await until(lambda: serving.started)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=2.0) as client:
            yield Listening(at.app, at.town, client, at.huijia, at.state, serving, running)
        serving.should_exit = True
        await running


async def test_down_answers_503_and_hears_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        assert (await at.turn("tv-1", "down")).json() == {"mode": "down", "changed": ["tv-1"]}
        assert (await at.send("tv-1", payload(), "dlv_7")).status_code == 503
        assert await at.showing("tv-1") == []
        call = (await at.calls())[0]
        assert (call["verdict"], call["fault"], call["webhook_id"], call["number"]) == ("unheard", "down", "dlv_7", 1)
        await at.turn("tv-1", "ok")
        assert (await at.send("tv-1", payload(), "dlv_7")).status_code == 200
        assert await at.showing("tv-1") == [(ALERT, 1)]


async def test_lying_says_200_and_refuses_in_the_body(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        await at.turn("tv-1", "lying")
        reply = await at.send("tv-1", payload())
        assert (reply.status_code, reply.json()) == (200, {"errcode": 310000, "errmsg": "sign not match"})
        assert await at.showing("tv-1") == []
        assert at.town.sender.waiting == 0


async def test_slow_takes_at_once_and_answers_late(tmp_path: Path) -> None:
    async with stage(tmp_path, slow=0.2) as at:
        await at.turn("tv-1", "slow")
        began = time.monotonic()
        answer = asyncio.create_task(at.send("tv-1", payload()))
        await until(lambda: len(at.huijia.receipts) > 0)  # a receipt may overtake the answer
        assert not answer.done()
        assert (await answer).json() == {"ok": True}
        assert time.monotonic() - began >= 0.2
        assert await at.showing("tv-1") == [(ALERT, 1)]


async def test_flaky_fails_every_second_call_in_two_ways(tmp_path: Path) -> None:
    async with listening(tmp_path) as at:
        await at.turn("tv-1", "flaky")
        assert (await at.send("tv-1", payload(), "dlv_1")).status_code == 500
        assert await at.showing("tv-1") == []
        assert (await at.send("tv-1", payload(), "dlv_1")).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            await at.send("tv-1", payload(2, "update"), "dlv_2")
        assert await at.showing("tv-1") == [(ALERT, 2)]  # it aired although nobody was told
        assert (await at.send("tv-1", payload(2, "update"), "dlv_2")).json() == {"ok": True}
        assert await at.verdicts() == ["unheard", "shown", "shown", "duplicate"]
        assert [call["fault"] for call in await at.calls()] == ["server_error", None, "hung_up", None]


async def test_hanging_never_answers_and_harms_nobody_else(tmp_path: Path) -> None:
    async with listening(tmp_path) as at:
        await at.turn("tv-1", "hanging")
        at.client.timeout = httpx.Timeout(0.3)
        with pytest.raises(httpx.ReadTimeout):
            await at.send("tv-1", payload())
        assert (await at.send("screen-1", payload())).status_code == 200
        assert await at.showing("tv-1") == []
        assert (await at.calls())[0]["fault"] == "hanging"


async def test_a_hanging_call_does_not_keep_the_sandbox_from_stopping(tmp_path: Path) -> None:
    async with listening(tmp_path) as at:
        await at.turn("tv-1", "hanging")
        stuck = asyncio.create_task(at.send("tv-1", payload()))
        await until(lambda: at.town.calls.last == 1)
        at.serving.should_exit = True
        async with asyncio.timeout(4):
            await at.running
        with pytest.raises(httpx.HTTPError):
            await stuck


def test_a_switch_keeps_its_round() -> None:
    switch = Switch()
    assert [switch.strike() for _ in range(2)] == [None, None]
    switch.turn(Mode.FLAKY)
    assert [switch.strike() for _ in range(5)] == [
        Fault.SERVER_ERROR,
        None,
        Fault.HUNG_UP,
        None,
        Fault.SERVER_ERROR,
    ]
    for mode in (Mode.SLOW, Mode.DOWN, Mode.LYING, Mode.HANGING):
        switch.turn(mode)
        assert switch.strike() == mode.value


async def test_all_and_half(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        everyone = list(at.town.sites)
        assert (await at.turn("half", "hanging")).json()["changed"] == everyone[::2]
        modes = [site.switch.mode for site in at.town.sites.values()]
        assert modes == [Mode.HANGING if index % 2 == 0 else Mode.OK for index in range(len(everyone))]
        await at.turn("all", "ok")
        assert {site.switch.mode for site in at.town.sites.values()} == {Mode.OK}


async def test_a_switch_that_is_not_there(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        assert (await at.turn("tv-1", "sulking")).status_code == 422
        assert (await at.turn("nowhere", "down")).status_code == 404
        for body in (b"", b"[]", b"{}"):
            assert (await at.client.post("/control/tv-1", content=body)).status_code == 422
        assert {site.switch.mode for site in at.town.sites.values()} == {Mode.OK}


async def test_a_page_from_elsewhere_may_not_turn_the_switches(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        foreign = {"origin": "http://elsewhere"}
        assert (await at.client.post("/control/all", json={"mode": "down"}, headers=foreign)).status_code == 403
        assert (await at.client.post("/reset", headers=foreign)).status_code == 403
        own = {"origin": "http://sandbox"}
        assert (await at.client.post("/control/all", json={"mode": "down"}, headers=own)).status_code == 200
