"""The sandbox's Liquidsoap; an announcement takes no time to fetch and a minute to play."""

import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from channels.carriers.liquidsoap import LiquidsoapSettings
from sandbox.deck import LIVE, Deck
from sandbox.faults import Switch
from sandbox.liquidsoap import Station
from tests.channels.far_ends import Behaviour, FarEnd, rude, served

LACKS = {Behaviour.THROTTLES: "the command server has no word for it"}


def reached(port: int) -> LiquidsoapSettings:
    return LiquidsoapSettings(host="127.0.0.1", port=port)


@asynccontextmanager
async def far_end(behaviour: Behaviour) -> AsyncIterator[FarEnd]:
    heard: list[str] = []
    if behaviour is Behaviour.ECHOES:
        async with served(_echoes(heard)) as port:
            yield FarEnd(reached(port), heard)
    elif behaviour in (Behaviour.ACCEPTS, Behaviour.REFUSES):
        deck = Deck(time.time)
        station = Station(deck, _at_once, Switch(), loaded=behaviour is Behaviour.ACCEPTS)

        async def listened(reader: StreamReader, writer: StreamWriter) -> None:
            await station.talk(_Overheard(reader, heard), writer)  # type: ignore[arg-type]  # a reader's readline is all

        async with served(listened) as port:
            yield FarEnd(reached(port), heard, lambda: [one.title for one in deck.entries if one.state in LIVE])
    else:
        async with rude(behaviour) as port:
            yield FarEnd(reached(port), heard)


class _Overheard:
    def __init__(self, reader: StreamReader, heard: list[str]) -> None:
        self._reader, self._heard = reader, heard

    async def readline(self) -> bytes:
        line = await self._reader.readline()
        self._heard.append(line.decode())
        return line


async def _at_once(address: str) -> float:
    return 60.0


def _echoes(heard: list[str]) -> Callable[[StreamReader, StreamWriter], Awaitable[None]]:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        while line := await reader.readline():
            heard.append(line.decode())
            writer.write(b"ERROR: unknown command: " + " ".join(heard).replace("\n", " ").encode() + b"\r\nEND\r\n")
            await writer.drain()

    return talk
