"""The command server of Liquidsoap with our ``alerts.liq`` on it: what is said to it, and how its answers are read.

A command is one line. The answer is one line of JSON, or of ``ERROR: …``, and then a line ``END``.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.carriers.answer import json_object
from channels.contract import Reason, Rendition, WireError

ON_ITS_WAY = frozenset({"fetching", "waiting", "handed"})
ON = "playing"
HAS_BEEN_ON = frozenset({"playing", "played", "cut"})
OVER = frozenset({"played", "cut", "dropped", "failed"})


class UnintelligibleError(Exception):
    """An answer that is none of this protocol. The text holds none of its words."""


class ScriptError(Exception):
    """``ERROR:``. ``unknown``: the command is not known, because the station script is not loaded."""

    def __init__(self, unknown: bool) -> None:
        super().__init__("unknown command" if unknown else "the station script failed")
        self.unknown = unknown


@dataclass(frozen=True, slots=True)
class Item:
    """One notice as the station lists it. Times are seconds of the station's clock; 0 is never."""

    alert: str
    number: int
    state: str
    started: float
    ended: float

    @property
    def live(self) -> bool:
        """On the air, or on its way there."""
        return self.state == ON or self.state in ON_ITS_WAY

    @property
    def heard(self) -> bool:
        """It is or was on the air."""
        return self.state in HAS_BEEN_ON and self.started > 0


@dataclass(frozen=True, slots=True)
class State:
    """Everything the station knows, newest first, at ``time`` of its clock."""

    time: float
    items: tuple[Item, ...]

    def find(self, alert: str, number: int) -> Item | None:
        """This notice, if the station knows it."""
        return next((item for item in self.items if (item.alert, item.number) == (alert, number)), None)

    def below(self, alert: str, number: int) -> tuple[Item, ...]:
        """The earlier notices of an alert."""
        return tuple(item for item in self.items if item.alert == alert and item.number < number)


class Server:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def push(self, told: str) -> str | None:
        """Hand over an announcement. ``None`` when it was taken, which proves nothing; else the reason."""
        said = await self._ask(f"alert.push {told}")
        taken, reason = said.get("taken"), said.get("reason")
        if not isinstance(taken, bool) or not isinstance(reason, str):
            raise UnintelligibleError("alert.push")
        return None if taken else reason

    async def retract(self, alert: str, number: int) -> bool:
        """Take everything of an alert below a number off the air and out of the queue; whether any of it was heard."""
        said = await self._ask(f"alert.retract {_word(alert)} {number}")
        if said.get("retracted") is not True or not isinstance(said.get("aired"), bool):
            raise UnintelligibleError("alert.retract")
        return bool(said["aired"])

    async def state(self) -> State:
        """What became of each notice."""
        said = await self._ask("alert.state")
        listed, clock = said.get("notices"), said.get("time")
        if not isinstance(listed, list) or not isinstance(clock, int | float):
            raise UnintelligibleError("alert.state")
        return State(float(clock), tuple(_item(entry) for entry in listed))

    async def _ask(self, command: str) -> dict[str, Any]:
        self._writer.write(f"{command}\n".encode())
        await self._writer.drain()
        line = await self._line()
        if line.startswith(b"ERROR:"):
            raise ScriptError(b"unknown command" in line)
        said = json_object(line)
        if said is None or await self._line() != b"END":
            raise UnintelligibleError(command.partition(" ")[0])
        return said

    async def _line(self) -> bytes:
        try:
            line = await self._reader.readline()
        except ValueError as error:  # longer than the reader's limit
            raise UnintelligibleError("line") from error
        if not line.endswith(b"\n"):
            raise WireError(Reason.BROKEN)
        return line.rstrip(b"\r\n")

    def leave(self) -> None:
        """Say goodbye, which keeps the station's log clean, and hang up."""
        self._writer.write(b"quit\n")
        self._writer.close()


def annotated(rendition: Rendition, key: str, title: str) -> str | None:
    """The request that carries the announcement of a rendition, or ``None`` where it has none."""
    sounds = [media for media in rendition.media if media.role == "audio" and " " not in media.url]
    if not sounds:
        return None
    sound = min(sounds, key=lambda media: media.mime != "audio/mpeg")
    notice = rendition.notice
    tags = {"alert_id": _word(notice.alert), "number": str(notice.number), "key": key, "title": title}
    said = ",".join(f'{name}="{_quoted(value)}"' for name, value in tags.items())
    return f"annotate:{said}:{sound.url}"


def _quoted(value: str) -> str:
    return "".join(char for char in value if char.isprintable() and char not in '"\\')


def _word(value: str) -> str:
    return _quoted(value).replace(" ", "")


def _item(entry: object) -> Item:
    if not isinstance(entry, Mapping):
        raise UnintelligibleError("alert.state")
    alert, number, state = entry.get("alert_id"), entry.get("number"), entry.get("state")
    started, ended = entry.get("started"), entry.get("ended")
    if (
        not isinstance(alert, str)
        or not isinstance(number, int)
        or state not in {ON, *ON_ITS_WAY, *OVER}
        or not isinstance(started, int | float)
        or not isinstance(ended, int | float)
    ):
        raise UnintelligibleError("alert.state")
    return Item(alert, number, str(state), float(started), float(ended))
