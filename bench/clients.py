"""Clients that cost little beside the server they ask: bytes out, and a look for a few bytes in what comes back."""

import asyncio
import re
import time
from collections.abc import Sequence
from typing import cast

_TAG = re.compile(rb'etag: (W/"[^"]+")', re.I)
_CURSOR = re.compile(rb'"cursor":"(\d+)"')
AT_ONCE = 200


def _request(path: str, key: str, more: bytes = b"") -> bytes:
    return b"GET %b HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %b\r\n%b\r\n" % (
        path.encode(),
        key.encode(),
        more,
    )


class Waiter(asyncio.Protocol):
    """Asks once, and sets ``heard`` (and ``at``) when ``sign`` comes in."""

    def __init__(self, port: int, path: str, key: str, sign: bytes) -> None:
        self.key, self.at = key, 0.0
        self.heard, self.begun = asyncio.Event(), asyncio.Event()
        self._port, self._path, self._sign = port, path, sign
        self._got = b""
        self._transport: asyncio.Transport | None = None

    async def open(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        if "stream" in self._path:
            await self.begun.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        self._transport.write(_request(self._path, self.key))

    def data_received(self, data: bytes) -> None:
        self.begun.set()
        self._got = (self._got + data)[-65536:]
        if not self.heard.is_set() and self._sign in self._got:
            self.at = time.monotonic()
            self.heard.set()
            if "stream" in self._path:
                self._got = b""

    def cursor(self) -> str:
        """The cursor of a long poll's answer."""
        found = _CURSOR.search(self._got)
        assert found is not None, self._got[:500]
        return found[1].decode()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def open_all(waiters: Sequence[Waiter]) -> None:
    """A few hundred at a time: a listener's queue is short."""
    for first in range(0, len(waiters), AT_ONCE):
        await asyncio.gather(*(waiter.open() for waiter in waiters[first : first + AT_ONCE]))


class Hammer(asyncio.Protocol):
    """Asks again and again on one connection, with the tag that it was given."""

    def __init__(self, port: int, path: str, key: str) -> None:
        self._port, self._path, self._key = port, path, key
        self._said = _request(path, key)
        self._answered: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._until, self._count = 0.0, 0
        self._got = b""

    async def open(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so

    async def learn_tag(self) -> None:
        answer = await self._once()
        found = _TAG.search(answer)
        assert found is not None, answer[:300]
        self._said = _request(self._path, self._key, b"if-none-match: %b\r\n" % found[1])

    async def ask(self) -> int:
        """The status of one answer."""
        return int((await self._once())[9:12])

    async def _once(self) -> bytes:
        self._answered = asyncio.get_running_loop().create_future()
        assert self._transport is not None
        self._transport.write(self._said)
        return await self._answered

    async def as_fast_as_it_goes(self, seconds: float) -> int:
        """How many answers of 304 came in so many seconds."""
        self._until, self._count = time.monotonic() + seconds, 0
        await self._once()
        return self._count

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        answer, self._got = self._got, b""
        if self._until > time.monotonic():
            assert answer.startswith(b"HTTP/1.1 304")
            self._count += 1
            assert self._transport is not None
            self._transport.write(self._said)
        elif self._answered is not None and not self._answered.done():
            self._until = 0.0
            self._answered.set_result(answer)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _length(head: bytes) -> int:
    """Of the body that is still to come; none after a 304."""
    found = re.search(rb"content-length: (\d+)", head, re.I)
    return int(found[1]) if found and not head.startswith(b"HTTP/1.1 304") else 0
