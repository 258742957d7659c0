"""Far ends to send to, for wires that are more than one HTTP call and its answer.

A carrier ``x`` takes part in the contract suite (``test_far_ends.py``) by a module ``tests/channels/far/x.py`` with

* ``far_end(behaviour)``: an async context manager that gives a :class:`FarEnd` which behaves so, on loopback, written from
  the wire's own documents and not from our carrier; what it does not know it refuses. ``rude`` below plays the ends that
  speak no protocol at all.
* ``LACKS`` (optional): ``{behaviour: why}`` for what this wire has no word for. Only REFUSES, THROTTLES, ECHOES.

and by ``fixtures/x/settings.json``, settings as an operator would save them.
"""

import asyncio
import hashlib
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from channels.contract import Media, Notice, Profile, Rendition
from channels.registry import CARRIERS, CHANNELS
from tests.channels.wire import FakeWire


class Behaviour(StrEnum):
    """How a far end meets what it is sent."""

    ACCEPTS = "accepts"  # takes it and shows it, takes it down again, and says so when asked
    REFUSES = "refuses"  # certain: states that it will not show this
    THROTTLES = "throttles"  # states that it is too busy just now
    ECHOES = "echoes"  # refuses, and repeats in its words whatever it was told, secrets and all
    GARBAGE = "garbage"  # answers what is not of the protocol
    BREAKS = "breaks"  # hangs up instead of answering
    HANGS = "hangs"  # takes everything and never answers
    DRIPS = "drips"  # answers letter by letter, and comes to no end
    AWAY = "away"  # nobody listens there


@dataclass
class FarEnd:
    """``settings``: the carrier's own, checked, that lead here. ``heard``: everything it was told, readable, in order.
    ``showing``: the words of each notice that the public sees or hears there now, one for each alert. ``wire``: what to
    send with, where a plain one will not do."""

    settings: Any
    heard: list[str] = field(default_factory=list)
    showing: Callable[[], list[str]] = list
    wire: FakeWire = field(default_factory=FakeWire)


Start = Callable[[Behaviour], AbstractAsyncContextManager[FarEnd]]


@dataclass(frozen=True)
class Wired:
    """A carrier's far ends, and what its wire has no word for."""

    start: Start
    lacks: Mapping[Behaviour, str]


FAR_ENDS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("far/[a-z]*.py")))


def wired(name: str) -> Wired:
    """The far ends of a carrier. Loaded when they are asked for: their modules import this one."""
    module = importlib.import_module(f"tests.channels.far.{name}")
    return Wired(module.far_end, getattr(module, "LACKS", {}))


# ── What is sent ────────────────────────────────────────────────────────────────────────────────────────────────────


def pressed(notice: Notice, medium: str, profile: Profile | None = None) -> tuple[Rendition, dict[str, bytes]]:
    """The notice worded for a medium, with one file for each of its pieces, and their bytes by sha256. The bytes are no
    real picture or sound."""
    profile = profile or Profile()
    rendition = CHANNELS[medium].render(notice, profile)
    kept: dict[str, bytes] = {}
    media: list[Media] = []
    for piece in CHANNELS[medium].pieces(notice, profile):
        body = f"{piece.role} {piece.mime} {notice.alert} {notice.number} {piece.width}x{piece.height}".encode()
        digest = hashlib.sha256(body).hexdigest()
        kept[digest] = body
        url = f"https://huijia.example/media/{digest[:12]}.{piece.mime.partition('/')[2]}?sig=s1gnatureQz"
        seconds = 20.0 if piece.role == "audio" else None
        media.append(Media(piece.role, piece.mime, url, digest, len(body), piece.width, piece.height, seconds))
    return replace(rendition, media=(*rendition.media, *media)), kept


def medium_of(name: str) -> str:
    """A channel whose renditions fit this carrier; television for those that take any."""
    carries = CARRIERS[name].carries
    return "tv" if carries is None or "tv" in carries else min(carries)


# ── Ends that speak no protocol ─────────────────────────────────────────────────────────────────────────────────────


RUDE = (Behaviour.GARBAGE, Behaviour.BREAKS, Behaviour.HANGS, Behaviour.DRIPS, Behaviour.AWAY)


@asynccontextmanager
async def rude(behaviour: Behaviour) -> AsyncIterator[int]:
    """The port of a TCP server that answers anything with GARBAGE, BREAKS, HANGS or DRIPS; of nobody when it is AWAY."""

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(bytes(range(256)) + b"\r\n\x00\xff<html>\r\n" * 3)
            await writer.drain()

    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            continue

    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"H")
            await asyncio.sleep(0.05)

    answer = {Behaviour.GARBAGE: garbage, Behaviour.BREAKS: breaks, Behaviour.DRIPS: drips}
    async with served(answer.get(behaviour, hangs)) as port:
        if behaviour is not Behaviour.AWAY:
            yield port
    if behaviour is Behaviour.AWAY:
        yield port


@asynccontextmanager
async def served(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """The port of a TCP server on loopback that talks so to each caller and then hangs up."""
    talks: set[asyncio.Task[None]] = set()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            talks.discard(task)

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()
