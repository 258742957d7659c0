"""The radio studio's command server: real sockets, words written by hand from docs/channels/liquidsoap/alerts.liq."""

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.deck import Deck, parsed
from sandbox.faults import Mode, Switch
from sandbox.liquidsoap import Fetch, Station, length, listening, over_http
from tests.sandbox.stage import stage, until


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


def sound(seconds: float = 2.0) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(round(16_000 * seconds)))
    return out.getvalue()


def pushed(alert: str, number: int, title: str = "紧急寻人", address: str = "http://huijia/a.wav") -> str:
    return f'alert.push annotate:alert_id="{alert}",number="{number}",key="dlv_1",title="{title}":{address}'


async def two_seconds(address: str) -> float | None:
    return None if "gone" in address else 2.0


class Caller:
    """A telnet client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, command: str) -> str:
        self.writer.write(f"{command}\n".encode())
        lines = []
        while (line := (await self.reader.readuntil(b"\r\n")).decode().strip()) != "END":
            lines.append(line)
        return "\n".join(lines)

    async def told(self, command: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(await self.ask(command))
        return answer

    async def states(self) -> dict[str, str]:
        return {f"{n['alert_id']}/{n['number']}": n["state"] for n in (await self.told("alert.state"))["notices"]}


@asynccontextmanager
async def on_the_line(station: Station) -> AsyncIterator[Caller]:
    async with listening(station) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield Caller(reader, writer)
        writer.close()


@asynccontextmanager
async def studio(clock: Clock, fetch: Fetch = two_seconds, switch: Switch | None = None) -> AsyncIterator[Caller]:
    async with on_the_line(Station(Deck(clock), fetch, switch or Switch(), slow_seconds=0.1)) as caller:
        yield caller


async def test_one_after_the_other() -> None:
    clock = Clock()
    async with studio(clock) as line:
        assert await line.told(pushed("A", 1)) == {"taken": True, "reason": ""}
        assert await line.told(pushed("B", 1)) == {"taken": True, "reason": ""}
        assert await line.states() == {"A/1": "playing", "B/1": "waiting"}
        assert await line.told(pushed("A", 1)) == {"taken": True, "reason": "already"}
        clock.now += 2.1
        assert await line.states() == {"A/1": "played", "B/1": "playing"}


async def test_a_retraction_takes_one_and_leaves_the_others() -> None:
    clock = Clock()
    async with studio(clock) as line:
        for alert in "ABC":
            await line.told(pushed(alert, 1))
        assert await line.told("alert.retract B 2") == {"retracted": True, "dropped": 1, "cut": 0, "aired": False}
        assert await line.told("alert.retract A 2") == {"retracted": True, "dropped": 0, "cut": 1, "aired": True}
        assert await line.states() == {"A/1": "cut", "B/1": "dropped", "C/1": "playing"}
        assert await line.told(pushed("A", 1)) == {"taken": False, "reason": "over"}
        assert await line.told(pushed("A", 2, "寻人结束")) == {"taken": True, "reason": ""}


async def test_a_newer_notice_takes_the_place_once_it_is_here() -> None:
    clock = Clock()
    async with studio(clock) as line:
        await line.told(pushed("A", 1))
        await line.states()
        await line.told(pushed("A", 2, address="http://huijia/gone.wav"))
        assert await line.states() == {"A/2": "failed", "A/1": "playing"}
        await line.told(pushed("A", 3))
        assert await line.states() == {"A/3": "playing", "A/2": "failed", "A/1": "cut"}


@pytest.mark.parametrize(
    "told",
    [
        "", "annotate:", "http://huijia/a.wav", 'annotate:alert_id="A",number="1"', 'annotate:alert_id="A":http://x',
        'annotate:alert_id="A",number="0":http://x', 'annotate:alert_id="A,number="1":http://x',
        'annotate:alert_id="A";number="1":http://x', 'annotate:alert_id="A",number="1":',
    ],
)  # fmt: skip
async def test_what_it_does_not_understand_it_does_not_take(told: str) -> None:
    assert parsed(told) is None
    async with studio(Clock()) as line:
        assert await line.told(f"alert.push {told}") == {"taken": False, "reason": "malformed"}


async def test_commands_that_are_none() -> None:
    async with studio(Clock()) as line:
        assert (await line.ask("alerts.push x")).startswith("ERROR: unknown command")
        assert await line.told("alert.retract A") == {"retracted": False, "dropped": 0, "cut": 0, "aired": False}
        line.writer.write(b"quit\n")
        assert await line.reader.read() == b"Bye!\r\n"


async def test_a_liar_says_yes_and_plays_nothing() -> None:
    switch = Switch()
    switch.turn(Mode.LYING)
    async with studio(Clock(), switch=switch) as line:
        assert await line.told(pushed("A", 1)) == {"taken": True, "reason": ""}
        assert await line.states() == {}


@pytest.mark.parametrize("mode", [Mode.DOWN, Mode.HANGING])
async def test_one_that_is_down_or_hangs(mode: Mode) -> None:
    switch = Switch()
    switch.turn(mode)
    async with studio(Clock(), switch=switch) as line:
        with pytest.raises(TimeoutError if mode is Mode.HANGING else (asyncio.IncompleteReadError, ConnectionError)):
            await asyncio.wait_for(line.ask("alert.state"), 0.3)


async def test_it_fetches_as_a_station_does() -> None:
    """And takes no web page for a sound."""
    kept = {"/a.wav": (200, sound(1.5)), "/gone.wav": (410, b""), "/page": (200, b"<html>")}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path not in kept:
            raise httpx.ConnectError("nobody there")
        status, body = kept[request.url.path]
        return httpx.Response(status, content=body)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        fetch = over_http(client)
        assert await fetch("http://huijia/a.wav?sig=1") == 1.5
        assert await fetch("http://huijia/gone.wav") is None
        assert await fetch("http://huijia/page") is None
        assert await fetch("http://huijia/nobody.wav") is None


def test_how_long_a_sound_is() -> None:
    assert length(sound(0.5)) == 0.5
    assert length(b"\xff\xfb\x50\xc4" + bytes(15_996)) == 2.0  # 64 kbit/s
    assert length(b"\xff\xfb") is None
    assert length(b"RIFFnonsense") is None


async def test_the_page_shows_what_is_on_air(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        deck = at.town.sites["radio-2"].deck
        assert deck is not None
        station = Station(deck, two_seconds, at.town.sites["radio-2"].switch)
        async with on_the_line(station) as line:
            await line.told(pushed("YL-2026-000001", 1, "【演练】紧急寻人"))
            await until(lambda: deck.on_air() is not None)
            (shown,) = (await at.now("radio-2"))["showing"]
            assert (shown["alert"], shown["status"]) == ("YL-2026-000001", "exercise")
            await line.told("alert.retract YL-2026-000001 2")
            assert (await at.now("radio-2"))["showing"] == []
            await line.told(pushed("YL-2026-000001", 2, "【演练】寻人结束"))
            await until(lambda: deck.on_air() is not None)
            here = await at.now("radio-2")
            assert here["showing"] == []
            assert here["corrections"][0]["kind"] == "retract"
            await at.client.post("/reset")
            assert (await at.now("radio-2"))["corrections"] == []
