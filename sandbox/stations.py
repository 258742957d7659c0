"""What one station shows, given what it has heard. Pure: time is an argument, nothing awaits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sandbox.payload import Kind, Notice


class Verdict(StrEnum):
    """What became of one call."""

    SHOWN = "shown"
    TAKEN_DOWN = "taken_down"
    DUPLICATE = "duplicate"  # heard before
    STALE = "stale"  # a higher number of this alert was heard before
    EXPIRED = "expired"  # came after its own end
    UNMARKED = "unmarked"  # an exercise that does not say so, or the reverse: refused
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    REFUSED = "refused"  # the chat robot said no
    UNHEARD = "unheard"  # the station was switched to fail before it looked


# How long a medium goes on saying that a search has ended. A screen or board just goes blank.
CORRECTION = {"tv": timedelta(minutes=1), "radio": timedelta(minutes=1), "partner": timedelta(minutes=10)}


@dataclass(slots=True)
class Memory:
    """The highest notice heard of one alert. ``aired``: it was on the air here, by this or an earlier number."""

    notice: Notice
    since: datetime
    aired: bool

    def on_air(self, now: datetime) -> bool:
        return self.notice.kind is not Kind.RETRACT and now < self.notice.expires_at


class Station:
    """Keeps, per alert, the highest number heard, in whatever order the notices come."""

    def __init__(self, channel: str) -> None:
        self._correction = CORRECTION.get(channel, timedelta(0))
        self._memories: dict[str, Memory] = {}

    def hear(self, notice: Notice, now: datetime) -> Verdict:
        """Take one notice. A retraction is remembered even when nothing of its alert was heard before."""
        before = self._memories.get(notice.alert)
        if before is not None and notice.number <= before.notice.number:
            return Verdict.DUPLICATE if notice.number == before.notice.number else Verdict.STALE
        ends = notice.kind is Kind.RETRACT
        if notice.unmarked and not ends:  # a retraction always takes down; its words are held back instead
            return Verdict.UNMARKED
        aired = before is not None and before.aired
        if ends:
            self._memories[notice.alert] = Memory(notice, now, aired)
            return Verdict.TAKEN_DOWN
        live = now < notice.expires_at
        self._memories[notice.alert] = Memory(notice, now, aired or live)
        return Verdict.SHOWN if live else Verdict.EXPIRED

    def complaints(self, notice: Notice) -> tuple[str, ...]:
        """The notice's own, and what only a station with a memory can tell."""
        before = self._memories.get(notice.alert)
        revived = (
            before is not None
            and before.notice.kind is Kind.RETRACT
            and notice.kind is not Kind.RETRACT
            and notice.number > before.notice.number
        )
        changed = before is not None and notice.status is not before.notice.status
        return (
            *notice.complaints,
            *(("notice_after_the_end",) if revived else ()),
            *(("status_changed",) if changed else ()),
        )

    def owed(self, verdict: Verdict, notice: Notice, now: datetime) -> tuple[str, ...]:
        """The receipts that a call with this verdict earns, in order."""
        if verdict is Verdict.UNMARKED:
            return ("rejected",)
        if verdict is Verdict.TAKEN_DOWN or (verdict is Verdict.DUPLICATE and notice.kind is Kind.RETRACT):
            return ("received", "taken_down")
        if verdict is Verdict.SHOWN or (verdict is Verdict.DUPLICATE and self._memories[notice.alert].on_air(now)):
            return ("received", "aired")
        return ("received",)

    def showing(self, now: datetime) -> list[dict[str, Any]]:
        """The live notices, oldest first: what the public sees or hears now."""
        return [_shown(memory) for memory in self._memories.values() if memory.on_air(now)]

    def corrections(self, now: datetime) -> list[dict[str, Any]]:
        """What is said for a while where a notice was on the air and its alert has been retracted."""
        return [_shown(memory) for memory in self._ended() if now < memory.since + self._correction]

    def _ended(self) -> Iterator[Memory]:
        for memory in self._memories.values():
            if memory.notice.kind is Kind.RETRACT and memory.aired and not memory.notice.unmarked:
                yield memory


def _shown(memory: Memory) -> dict[str, Any]:
    notice = memory.notice
    return {
        "alert": notice.alert,
        "number": notice.number,
        "kind": notice.kind,
        "status": notice.status,
        "since": memory.since.isoformat(timespec="milliseconds"),
        "expires_at": notice.expires_at.isoformat(),
        "texts": notice.texts,
        "media": notice.media,
    }
