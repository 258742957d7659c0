"""A station's CasparCG Server: AMCP on loopback, strict, with HTML templates that take JSON.

Written from the protocol page and from what the server's own program does with a template: the data of ``CG ADD`` and
``CG UPDATE`` is put into JavaScript, ``update("…")``, with its quotation marks escaped and nothing else, so that data with
a backslash of its own reaches no template. ``CG STOP`` and ``CG REMOVE`` blank a template; its layer stays listed until it
is cleared. The official client for node, casparcg-connection, talks to it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sandbox.amcp_line import Command, place, read
from sandbox.trouble import Trouble

VERSION = "2.4.0 sandbox"
SLOW_SECONDS = 3.0
KEPT = 1_000


class Failure(Exception):
    """A reply that is not 2xx, such as ``404 CG FAILED``."""


@dataclass
class Layer:
    """A template on a layer. ``data`` is what its ``update`` was last called with, ``None`` if that call failed."""

    template: str
    data: dict[str, Any] | None = None
    plays: bool = False


@dataclass
class Amcp:
    """``templates`` are the names that there are; ``heard`` the last lines as they came."""

    channels: int = 2
    templates: frozenset[str] = frozenset({"huijia/alert"})
    trouble: Trouble = Trouble.OK
    slow_seconds: float = SLOW_SECONDS
    arrive: Callable[[], Trouble] | None = None  # the trouble of each connection anew
    layers: dict[tuple[int, int], Layer] = field(default_factory=dict)
    stored: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)  # for tests: what a command is answered instead

    def on_air(self) -> list[dict[str, Any]]:
        """The data of each template that plays, lowest layer first."""
        playing = [layer for _, layer in sorted(self.layers.items()) if layer.plays]
        return [layer.data for layer in playing if layer.data is not None]

    def showing(self) -> list[str]:
        """The crawl of each template that plays."""
        return [str(data.get("crawl", "")) for data in self.on_air()]

    @asynccontextmanager
    async def served(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        """The port, while it serves."""
        talks: set[asyncio.Task[None]] = set()

        async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talks.add(task)
            try:
                with suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
                    await self._talk(reader, writer)
            finally:
                talks.discard(task)
                writer.close()

        server = await asyncio.start_server(met, host, port, limit=4 * 1024 * 1024)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for task in tuple(talks):
                task.cancel()
            await asyncio.gather(*talks, return_exceptions=True)
            await server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.trouble = self.arrive() if self.arrive else self.trouble
        while self.trouble is not Trouble.DOWN:
            line = (await reader.readuntil(b"\r\n"))[:-2].decode("utf-8")
            self.heard.append(line)
            del self.heard[:-KEPT]
            if self.trouble is Trouble.SLOW:
                await asyncio.sleep(self.slow_seconds)
            if self.trouble is Trouble.HANGING:
                continue
            reply = "\x00\x01 It works!\r\n" if self.trouble is Trouble.GARBAGE else self.reply(line)
            writer.write(reply.encode())
            await writer.drain()

    def reply(self, line: str) -> str:
        """The whole reply to one line."""
        command = read(line)
        if command is None:
            return f"400 ERROR\r\n{line}\r\n"
        mark = f"RES {command.request} " if command.request else ""
        name, where, rest = _parts(command)
        said = self.replies.get(name)
        if said is not None:
            return mark + said
        act = _KNOWN.get(name)
        if act is None:
            return f"{mark}400 ERROR\r\n{line}\r\n"
        if name in _ON_A_CHANNEL and (where is None or not 1 <= where[0] <= self.channels):
            return f"{mark}401 {name} ERROR\r\n"
        if len(rest) < _LEAST.get(name, 0):
            return f"{mark}402 {name} ERROR\r\n"
        if self.trouble is Trouble.LYING and name.split(" ")[0] in ("CG", "CLEAR"):
            return f"{mark}202 {name} OK\r\n"
        try:
            return mark + act(self, where or (0, 0), rest)
        except Failure as failure:
            return f"{mark}{failure}\r\n"


def _parts(command: Command) -> tuple[str, tuple[int, int] | None, list[str]]:
    """``CG 1-20 ADD 0 …`` is the command CG ADD at (1, 20) with the parameters 0 …"""
    first, *rest = command.words
    where = place(rest[0]) if rest else None
    if where is not None:
        rest = rest[1:]
    name = first.upper()
    if name in ("CG", "DATA") and rest:
        name, rest = f"{name} {rest[0].upper()}", rest[1:]
    return name, where, rest


# ── Templates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def called_with(data: str) -> dict[str, Any] | None:
    """What ``update("…")`` hands to the template, and the template to ``JSON.parse``; ``None`` where one of them fails."""
    literal = data.strip(' "').replace('"', '\\"')
    value, at = "", 0
    while at < len(literal):
        if literal[at] == "\\":
            at += 1
            value += {"n": "\n", "t": "\t"}.get(literal[at : at + 1], literal[at : at + 1])
        elif literal[at] in '"\n\r':
            return None  # the string ends here, and what follows is no JavaScript
        else:
            value += literal[at]
        at += 1
    try:
        found = json.loads(value)
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _add(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    """``CG 1-20 ADD 0 "name" 1 "{…}"``. It takes the place of whatever was on the layer."""
    template, plays = rest[1], rest[2]
    if plays not in ("0", "1"):
        raise Failure("403 CG FAILED")
    if template.lower() not in {name.lower() for name in server.templates}:
        raise Failure("404 CG FAILED")
    data = called_with(rest[3]) if len(rest) > 3 and rest[3][:1] in ("{", "<") else None
    server.layers[where] = Layer(template, data, plays == "1")
    return "202 CG OK\r\n"


def _template(server: Amcp, where: tuple[int, int]) -> Layer:
    if where not in server.layers:
        raise Failure("403 CG FAILED")  # no CG proxy running on layer
    return server.layers[where]


def _play(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    _template(server, where).plays = True
    return "202 CG OK\r\n"


def _stop(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    _template(server, where).plays = False
    return "202 CG OK\r\n"


def _update(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    layer = _template(server, where)
    layer.data = called_with(rest[1]) or layer.data
    return "202 CG OK\r\n"


def _clear_template(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    server.layers.pop(where, None)
    return "202 CG OK\r\n"


def _clear(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    server.layers.pop(where, None)
    return "202 CLEAR OK\r\n"


# ── Queries and the store ───────────────────────────────────────────────────────────────────────────────────────────


def _info(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    if where == (0, 0):
        listed = "".join(f"{index} 1080i5000 PLAYING\r\n" for index in range(1, server.channels + 1))
        return f"200 INFO OK\r\n{listed}\r\n"
    layers = "".join(
        _described(layer, one) for (channel, layer), one in sorted(server.layers.items()) if channel == where[0]
    )
    stage = f"   <stage>\n      <layer>\n{layers}      </layer>\n   </stage>\n" if layers else ""
    return (
        '201 INFO OK\r\n<?xml version="1.0" encoding="utf-8"?>\n<channel>\n   <format>1080i5000</format>\n'
        "   <framerate>25</framerate>\n   <framerate>1</framerate>\n"
        f"   <mixer>\n      <audio>\n         <volume>0</volume>\n      </audio>\n   </mixer>\n{stage}</channel>\n\r\n"
    )


def _described(layer: int, one: Layer) -> str:
    return (
        f"         <layer_{layer}>\n            <background>\n               <producer>empty</producer>\n"
        "            </background>\n            <foreground>\n               <file>\n"
        f"                  <path>file:///srv/template/{one.template}.html</path>\n               </file>\n"
        f"               <producer>html</producer>\n            </foreground>\n         </layer_{layer}>\n"
    )


def _version(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    return f"201 VERSION OK\r\n{VERSION}\r\n"


def _store(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    server.stored[rest[0].lower()] = rest[1]
    return "202 DATA STORE OK\r\n"


def _retrieve(server: Amcp, where: tuple[int, int], rest: list[str]) -> str:
    found = server.stored.get(rest[0].lower())
    if not found:
        raise Failure("404 DATA RETRIEVE FAILED")
    return f"201 DATA RETRIEVE OK\r\n{found}\r\n"


_KNOWN: dict[str, Callable[[Amcp, tuple[int, int], list[str]], str]] = {
    "CG ADD": _add, "CG PLAY": _play, "CG STOP": _stop, "CG UPDATE": _update, "CG REMOVE": _stop,
    "CG CLEAR": _clear_template, "CLEAR": _clear, "INFO": _info, "VERSION": _version,
    "DATA STORE": _store, "DATA RETRIEVE": _retrieve,
}  # fmt: skip
_ON_A_CHANNEL = frozenset(name for name in _KNOWN if name.startswith(("CG", "CLEAR")))
_LEAST = {
    "CG ADD": 3, "CG PLAY": 1, "CG STOP": 1, "CG REMOVE": 1, "CG UPDATE": 2, "DATA STORE": 2, "DATA RETRIEVE": 1,
}  # fmt: skip
