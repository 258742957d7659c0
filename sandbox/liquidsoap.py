"""A radio station's Liquidsoap, as far as its command server goes: lines of text on TCP, each answer ended by ``END``.

Where no Liquidsoap is installed it stands in for one that has loaded docs/channels/liquidsoap/alerts.liq. It fetches each
announcement, looks whether it is sound, and plays it for as long as it is, to nobody.
"""

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from sandbox.deck import Deck, Entry
from sandbox.faults import Fault, Switch

UNKNOWN = 'ERROR: unknown command, type "help" to get a list of commands.'
MOST_SOUND = 32 * 1024 * 1024
LONGEST_LINE = 16 * 1024

Fetch = Callable[[str], Awaitable[float | None]]
"""The length in seconds of the sound at an address, or ``None`` when there is none to be had."""


class Station:
    """The server's side of every connection. ``loaded``: whether the station script is."""

    def __init__(
        self, deck: Deck, fetch: Fetch, switch: Switch, *, loaded: bool = True, slow_seconds: float = 3.0
    ) -> None:
        self.deck = deck
        self._fetch = fetch
        self._switch = switch
        self._loaded = loaded
        self._slow = slow_seconds
        self._fetching: set[asyncio.Task[None]] = set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one caller until it leaves."""
        fault = self._switch.strike()
        try:
            if fault in (Fault.DOWN, Fault.SERVER_ERROR, Fault.HUNG_UP):
                return
            while line := await reader.readline():
                if fault is Fault.HANGING:
                    continue
                if fault is Fault.SLOW:
                    await asyncio.sleep(self._slow)
                command = line.decode("utf-8", "replace").strip()
                if command in ("quit", "exit"):
                    writer.write(b"Bye!\r\n")
                    return
                writer.write(f"{self.answer(command, lies=fault is Fault.LYING)}\r\nEND\r\n".encode())
                await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line without end
            return
        finally:
            writer.close()

    def answer(self, command: str, *, lies: bool = False) -> str:
        """One command's answer. A liar takes everything and does nothing."""
        verb, _, words = command.partition(" ")
        if verb == "version":
            return "Liquidsoap 2.1.3"
        if not self._loaded or verb not in ("alert.push", "alert.retract", "alert.state"):
            return UNKNOWN
        if verb == "alert.state":
            return _json(self.deck.state())
        if verb == "alert.retract":
            return _json(self.deck.retract(words))
        if lies:
            return _json({"taken": True, "reason": ""})
        answer, wanted = self.deck.push(words)
        if wanted is not None:
            task = asyncio.ensure_future(self._get(wanted))
            self._fetching.add(task)
            task.add_done_callback(self._fetching.discard)
        return _json(answer)

    async def _get(self, entry: Entry) -> None:
        self.deck.fetched(entry, await self._fetch(entry.address))

    def stop(self) -> None:
        """Give up what is being fetched."""
        for task in tuple(self._fetching):
            task.cancel()


@asynccontextmanager
async def listening(station: Station, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """The port of the command server, while it is up."""
    server = await asyncio.start_server(station.talk, host, port, limit=LONGEST_LINE)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        station.stop()


def over_http(client: httpx.AsyncClient) -> Fetch:
    """Fetch as Liquidsoap does: the whole file, before a note is played."""

    async def fetch(address: str) -> float | None:
        body = bytearray()
        try:
            async with client.stream("GET", address) as reply:
                if reply.status_code != httpx.codes.OK:
                    return None
                async for chunk in reply.aiter_bytes():
                    body += chunk
                    if len(body) > MOST_SOUND:
                        return None
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        return length(bytes(body))

    return fetch


def length(body: bytes) -> float | None:
    """Seconds of a WAV, or of an MP3 of constant bit rate; ``None`` for what is neither."""
    if body[:4] == b"RIFF":
        try:
            with wave.open(io.BytesIO(body)) as file:
                return float(file.getnframes() / file.getframerate())
        except (wave.Error, EOFError):
            return None
    kilobits = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
    if len(body) < 4 or body[0] != 0xFF or body[1] & 0xFE != 0xFA:  # MPEG-1 layer III
        return None
    rate = kilobits[body[2] >> 4]
    return len(body) / (rate * 125) if rate else None


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
