"""The way out that carriers share: pyreqwest, a Rust client measured to carry many times what httpx does, plain TCP for
wires that are not HTTP, and what is held between sends."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from typing import Any, Protocol

from pyreqwest.exceptions import (
    ClientClosedError,
    ConnectError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.http import HeaderMap, Url
from pyreqwest.response import Response

from app.dispatch.files import no_file, none_left, says_none_left, shares
from app.dispatch.kept import Kept
from app.dispatch.ways import KEPT_AT_A_PLACE, KEPT_SECONDS, LookUp, Ways
from app.domain.calling import Network
from app.flows.ports import Signer
from channels.contract import Line, Media, Reason, Reply, WireError

BODY_LIMIT = 64 * 1024
KEPT_FOR = 2.0 * KEPT_SECONDS + 30  # the client may look only once in its time; and a send takes a while
UNREACHABLE = "无法建立连接"
LATE = "未在时限内完整应答"
NOT_TRUSTED = "对方的证书未通过校验：签发机构、主机名或有效期不对"


class Store(Protocol):
    """What wires need of the database (``app.dispatch.keeping``)."""

    async def content(self, sha256: str) -> bytes: ...

    async def count(self, name: str) -> int: ...

    async def note(self, name: str, value: str) -> str: ...

    async def noted(self, name: str) -> str | None: ...

    async def head(self, alert: str) -> int: ...


class HttpWire:
    """Calls public addresses and those within ``allowed``. Redirects are reported, not followed; no proxy, no cookies,
    nothing is decompressed, a body is cut at 64 KiB. Without a ``store`` there is no content, count or head, without a
    ``signer`` no signature."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        signer: Signer | None = None,
        allowed: Sequence[Network] = (),
        look_up: LookUp | None = None,
    ) -> None:
        self._signer = signer
        self._ways = Ways(allowed, look_up)
        self._kept = Kept(shares().kept, KEPT_AT_A_PLACE, KEPT_FOR)
        self._store = store
        self._held: dict[Hashable, Any] = {}
        self._starting: dict[Hashable, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> Reply:
        """One call. Every failure is a WireError; its detail is one of ours and holds no URL."""
        until = time.monotonic() + timeout.total_seconds()
        read, host, place = _read(url)
        clients = await self._ways.clients(host)
        now = time.monotonic()
        left = timedelta(seconds=max(until - now, 0))
        keeps, stays = self._kept.enter(place, now), False
        client = clients.keeping if keeps else clients.passing
        try:
            request = client.request(method, read).headers(headers).body_bytes(body).timeout(left)
            async with request.build_streamed() as response:
                found = _Headers(response.headers)
                reply = Reply(response.status, found, await _body(response, found.get("content-length", "")))
            stays = found.get("connection", "").lower() != "close"
            return reply
        except RequestTimeoutError as e:
            if keeps:  # it may have been on one that was dropped without a word
                self._kept.doubt(place, time.monotonic())
            raise WireError(Reason.TIMEOUT, LATE) from e
        except ConnectError as e:
            if _says(e, "SendRequest"):  # the far end hung up on a request that it may well have read
                raise WireError(Reason.BROKEN, "连接在应答前中断") from e
            if says_none_left(str(e.details)):  # a URL has no spaces
                raise no_file() from e
            self._ways.failed(host)
            detail = NOT_TRUSTED if _says(e, "invalid peer certificate") else UNREACHABLE
            raise WireError(Reason.UNREACHABLE, detail) from e
        except (ValueError, ClientClosedError) as e:  # no such address, or a process that is stopping
            raise WireError(Reason.UNREACHABLE, UNREACHABLE) from e
        except PyreqwestError as e:
            raise WireError(Reason.BROKEN, "连接中断或应答不合 HTTP 规范") from e
        finally:
            if keeps:
                self._kept.leave(place, stays)

    async def dial(self, host: str, port: int, *, timeout: timedelta) -> Line:
        """A TCP connection; the caller closes it."""
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                return await asyncio.open_connection(await self._ways.address(host), port)
        except TimeoutError as e:
            self._ways.failed(host)
            raise WireError(Reason.TIMEOUT, LATE) from e
        except (OSError, ValueError) as e:
            if isinstance(e, OSError) and none_left(e):
                raise no_file() from e
            self._ways.failed(host)
            raise WireError(Reason.UNREACHABLE, UNREACHABLE) from e

    async def held(self, key: Hashable, start: Callable[[], Awaitable[Any]]) -> Any:
        """What ``start`` made for this key; it is made once, however many ask at the same time."""
        async with self._starting[key]:
            if key not in self._held:
                self._held[key] = await start()
            return self._held[key]

    async def drop(self, key: Hashable) -> None:
        """Forget what is held and close it."""
        await _close(self._held.pop(key, None))

    async def content(self, media: Media) -> bytes:
        """The bytes of our own picture or sound."""
        if self._store is None:
            raise LookupError("no media here")
        return await self._store.content(media.sha256)

    async def count(self, name: str) -> int:
        """The next number of a durable counter."""
        if self._store is None:
            raise LookupError("no counters here")
        return await self._store.count(name)

    async def note(self, name: str, value: str) -> str:
        """What stands under the name from now on."""
        if self._store is None:
            raise LookupError("no notes here")
        return await self._store.note(name, value)

    async def noted(self, name: str) -> str | None:
        """What stands under the name."""
        if self._store is None:
            raise LookupError("no notes here")
        return await self._store.noted(name)

    async def head(self, alert: str) -> int:
        """The number of the alert's newest notice."""
        if self._store is None:
            raise LookupError("no ledger here")
        return await self._store.head(alert)

    def sign(self, message: bytes) -> Sequence[bytes]:
        """By every key of ours."""
        if self._signer is None:
            raise LookupError("no keys here")
        return self._signer.sign(message)

    async def close(self) -> None:
        for key in list(self._held):
            await self.drop(key)
        await self._ways.close()


async def _body(response: Response, stated: str) -> bytes:
    """At most 64 KiB of it; no further once the stated length is there."""
    most = min(int(stated), BODY_LIMIT) if stated.isascii() and stated.isdigit() and len(stated) < 9 else BODY_LIMIT
    answer = b""
    while len(answer) < most and (part := await response.body_reader.read(BODY_LIMIT)) is not None:
        answer += bytes(part)
    return answer[:most]


class _Headers(Mapping[str, str]):
    """What came, read when somebody asks for it. A value that is no text is none: it must not spoil the rest."""

    def __init__(self, found: HeaderMap) -> None:
        self._found = found

    def __getitem__(self, name: str) -> str:
        try:
            return self._found[name]
        except ValueError as e:
            raise KeyError(name) from e

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


async def _close(held: Any) -> None:
    if hasattr(held, "aclose"):
        with suppress(Exception):  # it is being thrown away; what is wrong with it no longer matters
            await held.aclose()


@lru_cache(maxsize=20_000)
def _read(url: str) -> tuple[Url, str, str]:
    """As the client itself reads it, and the host: two parsers could be made to see two hosts. With the scheme and the port it
    is the place at which the client keeps connections."""
    try:
        read = Url(url)
        host = read.host_str
    except ValueError as e:
        raise WireError(Reason.UNREACHABLE, UNREACHABLE) from e
    if not host:
        raise WireError(Reason.UNREACHABLE, UNREACHABLE)
    return read, host, read.origin_ascii


def _says(error: ConnectError, words: str) -> bool:
    """The client calls many things a ConnectError, and tells them apart in its causes only."""
    causes = (error.details or {}).get("causes") or []
    return any(words in str(cause.get("message")) for cause in causes)
