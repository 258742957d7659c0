"""The network between the dispatchers and some outlets: a TCP proxy that a test bends."""

import asyncio
import random
import socket
import struct
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.faults.processes import free_port


class Shape(StrEnum):
    """What is wrong with it."""

    WELL = "well"
    REFUSED = "refused"  # nobody listens
    BLACK_HOLE = "black hole"  # connects, and is never answered
    LOSSY = "200 ms and loss"  # each way late, and every third answer is lost with its connection
    RESET = "reset in mid-body"
    DRIP = "slow drip"  # the answer comes, a byte at a time


LATE, DRIP_EVERY, LOSES = 0.2, 0.25, 3


class Network:
    """In front of one server; ``base`` is what to put in an outlet's address. It is told the shape it has from now on, what
    goes on at that moment too."""

    def __init__(self, server: str, chance: random.Random) -> None:
        self._to = urlsplit(server)
        self._chance = chance
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._answers = 0
        self.shape = Shape.WELL

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._fall_silent()

    async def bend(self, shape: Shape) -> None:
        """A network that refuses has let go of every connection that it had."""
        self.shape = shape
        if shape is Shape.REFUSED:
            await self._fall_silent()
        elif self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", self._port)

    async def _fall_silent(self) -> None:
        if self._server is not None:
            self._server.close()
        for talk in tuple(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
        self._server = None

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        on = None
        try:
            far, on = await asyncio.open_connection(self._to.hostname, self._to.port)
            there, back = asyncio.ensure_future(self._there(reader, on)), asyncio.ensure_future(self._back(far, writer))
            try:
                await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in (there, back):
                    way.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(talk)
            for end in (writer, on):
                if end is not None:
                    end.transport.abort()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.shape is Shape.BLACK_HOLE:
                continue
            if self.shape is Shape.LOSSY:
                await asyncio.sleep(LATE)
            writer.write(data)
            await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = b""
        while data := await reader.read(65536):
            match self.shape:
                case Shape.BLACK_HOLE:
                    continue
                case Shape.LOSSY:
                    await asyncio.sleep(LATE * self._chance.uniform(0.8, 1.2))
                    self._answers += 1
                    if self._answers % LOSES == 0:
                        return
                case Shape.RESET:
                    answer += data
                    head, end, body = answer.partition(b"\r\n\r\n")
                    if body:
                        return await _cut(writer, head + end + body[: len(body) // 2])
                    continue
                case Shape.DRIP:
                    for byte in data:
                        writer.write(bytes((byte,)))
                        await writer.drain()
                        await asyncio.sleep(DRIP_EVERY)
                    continue
            writer.write(data)
            await writer.drain()
        if self.shape is Shape.BLACK_HOLE:
            await asyncio.Event().wait()  # that the far end has closed does not get through either


async def _cut(writer: asyncio.StreamWriter, first: bytes) -> None:
    """These bytes, and then a reset instead of an end."""
    writer.write(first)
    with suppress(ConnectionError):
        await writer.drain()
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
