"""``GET /v1/feed`` and ``/v1/feed/stream``: a plain ASGI application, for it is asked all day by everybody at once."""

import asyncio
import random
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from fastapi.exceptions import RequestValidationError
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.api.feed_desk import FeedDesk
from app.api.feed_query import read_ask, read_stream_ask
from app.api.keyring import no_key
from app.api.sheet import Sheet
from app.domain.board import Ask
from app.flows.principal import Principal

HEARTBEAT = (15.0, 20.0)
"""Seconds between two heartbeats of a stream, drawn anew each time: streams that began together drift apart."""
COMES_BACK = (1000, 4000)
"""Milliseconds after which a client that was cut off comes back; each is told its own."""

_COMMON = [(b"cache-control", b"no-store")]
_JSON = [(b"content-type", b"application/json"), *_COMMON]
_EVENTS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"), *_COMMON]
_WANTED = frozenset((b"authorization", b"if-none-match", b"accept", b"last-event-id"))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Somebody who waits. ``changed`` is set when there may be something, and when it has gone away."""

    who: Principal
    changed: asyncio.Event
    gone: asyncio.Future[None]


class Feed:
    """Both addresses; the second always streams."""

    def __init__(self, desk: FeedDesk, *, streams: bool = False) -> None:
        self._desk, self._streams = desk, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value for name, value in scope["headers"] if name in _WANTED}
        authorization = headers.get(b"authorization", b"")
        keyring = self._desk.keyring
        who = keyring.known(authorization) or await keyring.holder(authorization)
        assert who.partner_id is not None
        streams = self._streams or b"text/event-stream" in headers.get(b"accept", b"")
        asked = scope["query_string"], who.partner_id, who.live
        ask, wait = (read_stream_ask(*asked), 0) if streams else read_ask(*asked)
        if ask.outlet is not None:
            await self._desk.owners.check(ask.partner, ask.outlet)
        self._desk.saw(ask.partner)
        if streams:
            return await self._stream(who, ask, headers.get(b"last-event-id", b""), receive, send)
        tags = _tags(headers[b"if-none-match"]) if b"if-none-match" in headers else ()
        sheet = await self._sheet(who, ask, wait, tags, receive)
        if sheet is None:
            if keyring.is_revoked(who):
                raise no_key()
            return
        if sheet.unchanged and sheet.tag is not None:
            return await _not_modified(self._desk, ask, sheet.tag, send)
        body = sheet.json(self._desk.heartbeat(ask.partner, ask.live))
        more = [(b"content-length", b"%d" % len(body))]
        if sheet.tag is not None:
            more.append((b"etag", b'W/"%b"' % sheet.tag.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": [*_JSON, *more]})
        await send({"type": "http.response.body", "body": body})

    async def _sheet(
        self, who: Principal, ask: Ask, wait: int, tags: Collection[str], receive: Receive
    ) -> Sheet | None:
        if not wait:
            return await self._desk.read(ask, tags)
        with self._reading(who, receive) as reader:
            return await self._wait(reader, ask, tags, time.monotonic() + wait)

    @contextmanager
    def _reading(self, who: Principal, receive: Receive) -> Iterator[_Reader]:
        assert who.partner_id is not None
        with self._desk.reader(who.partner_id) as changed:
            gone = asyncio.ensure_future(_leaves(receive))
            gone.add_done_callback(lambda _: changed.set())
            try:
                yield _Reader(who, changed, gone)
            finally:
                gone.cancel()

    async def _wait(self, reader: _Reader, ask: Ask, tags: Collection[str], until: float) -> Sheet | None:
        """The first answer that says something, or the last at ``until``. ``None`` for a reader who is gone, or whose key
        was revoked meanwhile: nothing is taken for them."""
        while True:
            reader.changed.clear()
            if reader.gone.done() or self._desk.keyring.is_revoked(reader.who):
                return None
            sheet = await self._desk.read(ask, tags)
            rest = until - time.monotonic()
            if sheet.items or (tags and not sheet.unchanged) or rest <= 0 or self._desk.closed:
                return sheet
            with suppress(TimeoutError):
                async with asyncio.timeout(rest if sheet.tag is not None and self._desk.follows else min(rest, 1.0)):
                    await reader.changed.wait()

    async def _stream(self, who: Principal, ask: Ask, last: bytes, receive: Receive, send: Send) -> None:
        """Notices as they come, and a heartbeat every fifteen to twenty seconds."""
        if last.isdigit() and len(last) <= 18:
            ask = replace(ask, cursor=int(last))
        with self._reading(who, receive) as reader:
            sheet = await self._wait(reader, ask, (), 0.0)
            if sheet is None:
                return
            await send({"type": "http.response.start", "status": 200, "headers": _EVENTS})
            await self._tell(b"retry: %d\n\n" % random.randint(*COMES_BACK), send)  # noqa: S311 (spread, not a secret)
            beats = 0.0
            while sheet is not None:
                said = sheet.events
                ask = replace(ask, cursor=sheet.cursor)
                if not sheet.more and time.monotonic() >= beats:
                    said += sheet.beat(self._desk.heartbeat(ask.partner, ask.live))
                    beats = time.monotonic() + random.uniform(*HEARTBEAT)  # noqa: S311
                if said:
                    await self._tell(said, send)
                    self._desk.saw(ask.partner)
                if self._desk.closed:
                    break
                sheet = await self._wait(reader, ask, (), beats)
            await send({"type": "http.response.body", "body": b""})

    async def _tell(self, said: bytes, send: Send) -> None:
        await send({"type": "http.response.body", "body": said, "more_body": True})


class Unchanged:
    """Before the application: most of what is asked is whether anything has changed, and memory can tell. Whatever it
    cannot tell is the application's."""

    def __init__(self, desk: FeedDesk) -> None:
        self._desk = desk

    def tells(self, scope: Scope) -> tuple[Ask, str] | None:
        """What is asked and its tag, when the answer is that nothing has changed."""
        if scope["type"] != "http" or scope["path"] != "/v1/feed" or scope["method"] != "GET":
            return None
        headers = {name: value for name, value in scope["headers"] if name in _WANTED}
        if b"if-none-match" not in headers or b"text/event-stream" in headers.get(b"accept", b""):
            return None
        who = self._desk.keyring.known(headers.get(b"authorization", b""))
        if who is None or who.partner_id is None:
            return None
        try:
            ask, wait = read_ask(scope["query_string"], who.partner_id, who.live)
        except RequestValidationError:
            return None
        tag = None if wait else self._desk.tag(ask)
        if tag is None:
            return None
        stated = headers[b"if-none-match"]
        return (ask, tag) if stated == b'W/"%b"' % tag.encode() or tag in _tags(stated) else None

    async def tell(self, ask: Ask, tag: str, send: Send) -> None:
        """304."""
        self._desk.saw(ask.partner)
        await _not_modified(self._desk, ask, tag, send)


async def _not_modified(desk: FeedDesk, ask: Ask, tag: str, send: Send) -> None:
    headers = [
        (b"etag", b'W/"%b"' % tag.encode()),
        (b"huijia-heartbeat", desk.heartbeat(ask.partner, ask.live)),
        *_COMMON,
    ]
    if desk.stale():
        headers.append((b"huijia-stale", b"true"))
    await send({"type": "http.response.start", "status": 304, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _leaves(receive: Receive) -> None:
    """Return when the caller has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _tags(header: bytes) -> list[str]:
    """The tags of an If-None-Match (RFC 9110 §13.1.2), compared weakly."""
    return [tag.strip().removeprefix("W/").strip('"') for tag in header.decode("latin-1").split(",")]


def feed_routes(desk: FeedDesk) -> list[Route]:
    """Without HEAD: what is fetched counts as accepted, and a HEAD fetches nothing."""
    routes = [Route("/v1/feed", Feed(desk)), Route("/v1/feed/stream", Feed(desk, streams=True))]
    for route in routes:
        route.methods = {"GET"}
    return routes
