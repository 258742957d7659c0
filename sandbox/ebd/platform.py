"""What the platform holds, what it plays, and what it says of it. Pure: time is an argument, nothing awaits."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.ebd.identity import CHINA, Identity, parse
from sandbox.ebd.packet import Packet, Rejected
from sandbox.ebd.rules import areas, check_ebm, check_packet

UNTOUCHED, WAITING, ON_AIR, DONE, FAILED, CANCELLED = range(6)
"""The states of 2018."""

STATES_OF_2016 = {ON_AIR: 1, DONE: 2, CANCELLED: 2, FAILED: 0}
"""That form has no word for what waits."""
PUBLIC = {"1", "5"}  # 3 stays on the platform, 4 at the front end


@dataclass(slots=True)
class Broadcast:
    """One EBM that came. ``cancelled`` and ``failed`` are when that happened."""

    ebmid: str
    ebdid: str
    heard_at: datetime
    start: datetime
    end: datetime
    kind: str
    title: str
    text: str
    served: bool
    files: dict[str, bytes] = field(repr=False)
    cancels: str = ""
    cancelled: datetime | None = None
    failed: bool = False
    reported: int | None = None


@dataclass(frozen=True, slots=True)
class Tempo:
    """How long a message waits untouched, waits for its turn, and is played before it is done; ``None``: to its end."""

    untouched: timedelta = timedelta(seconds=0.3)
    waiting: timedelta = timedelta(seconds=0.7)
    plays: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a packet: a ResultCode and words; ``asked``: the EBMID whose state was asked for."""

    code: int
    words: str
    asked: str = ""


class Platform:
    """``blunt``: like some software in the field, it takes everything off at any cancel, whatever that names."""

    def __init__(self, who: Identity, tempo: Tempo | None = None, *, digest: str = "md5", blunt: bool = False) -> None:
        self.who = who
        self.broadcasts: dict[str, Broadcast] = {}
        self.alive_at: datetime | None = None
        self._tempo = tempo or Tempo()
        self._digest = digest
        self._blunt = blunt
        self._packets: dict[str, str] = {}
        self._messages: dict[str, str] = {}

    def forget(self) -> None:
        """As on the first day; the ids that were used stay used."""
        self.broadcasts.clear()
        self.alive_at = None

    def hear(self, packet: Packet, now: datetime) -> Said:
        """Check and take one packet. Raises :class:`Rejected`."""
        check_packet(packet, self.who, now)
        kind = packet.text("EBDType")
        if kind == "ConnectionCheck":
            self.alive_at = now
            return Said(1, "")
        print_ = hashlib.sha256(packet.business).hexdigest()
        if self._packets.get(packet.ebdid, print_) != print_:
            raise Rejected(5, "an EBDID that was used for something else")
        if kind == "EBMStateRequest":
            self._packets[packet.ebdid] = print_
            return self._asked(packet.text("EBMStateRequest/EBM/EBMID"))
        if kind != "EBM":
            raise Rejected(3, "该接口暂不支持")
        check_ebm(packet, self.who, self._digest)
        ebmid = packet.text("EBM/EBMID")
        if self._messages.get(ebmid, print_) != print_:
            raise Rejected(5, "an EBMID that was used for something else")
        if ebmid not in self.broadcasts:
            self._take(ebmid, packet, now)
        self._packets[packet.ebdid], self._messages[ebmid] = print_, print_
        return Said(1, "")

    def state(self, ebmid: str, now: datetime) -> int:
        """The state of 2018. Raises ``KeyError``."""
        one = self.broadcasts[ebmid]
        if one.cancels:
            return CANCELLED
        if one.cancelled is not None:
            return CANCELLED
        if one.failed:
            return FAILED
        turn = one.heard_at + self._tempo.untouched
        air = max(turn + self._tempo.waiting, one.start)
        over = one.end if self._tempo.plays is None else min(one.end, air + self._tempo.plays)
        if not one.served or now < turn:
            return UNTOUCHED
        return WAITING if now < air else DONE if now >= over else ON_AIR

    def code(self, ebmid: str, now: datetime) -> int | None:
        """The state in the form that this platform speaks; ``None`` where that has no word for it."""
        state = self.state(ebmid, now)
        return STATES_OF_2016.get(state) if self.who.version == "2016" else state

    def fail(self, ebmid: str) -> None:
        """The transmitter does not play it."""
        self.broadcasts[ebmid].failed = True

    def on_air(self, now: datetime) -> list[Broadcast]:
        """What the public hears now, oldest first."""
        return [one for one in self._playing(now) if one.kind in PUBLIC]

    def showing(self, now: datetime) -> dict[str, Any]:
        """The same for a page, with the drills that stay inside."""
        playing = list(self._playing(now))
        return {
            "own": self.who.own,
            "version": self.who.version,
            "alive_at": self.alive_at.isoformat() if self.alive_at else None,
            "on_air": [_shown(one) for one in playing if one.kind in PUBLIC],
            "drills_inside": [_shown(one) for one in playing if one.kind not in PUBLIC],
            "messages": [
                {**_shown(one), "state": self.code(one.ebmid, now), "cancels": one.cancels}
                for one in self.broadcasts.values()
            ],
        }

    def changed(self, now: datetime) -> Iterator[Broadcast]:
        """Those whose state is not the one that was last told. They count as told now."""
        for one in self.broadcasts.values():
            state = self.state(one.ebmid, now)
            if state not in (UNTOUCHED, one.reported) and self.code(one.ebmid, now) is not None:
                one.reported = state
                yield one

    def _playing(self, now: datetime) -> Iterator[Broadcast]:
        return (one for one in self.broadcasts.values() if not one.cancels and self.state(one.ebmid, now) == ON_AIR)

    def _asked(self, ebmid: str) -> Said:
        if ebmid not in self.broadcasts:
            raise Rejected(5, "查找不到该EBMID")
        return Said(1, "", asked=ebmid)

    def _take(self, ebmid: str, packet: Packet, now: datetime) -> None:
        cancels = packet.text("EBM/RelatedInfo/EBMID")
        if cancels and (cancels not in self.broadcasts or self.broadcasts[cancels].cancels):
            raise Rejected(5, "查找不到该EBMID")
        basic = "EBM/MsgBasicInfo/"
        start, end = (parse(packet.text(f"{basic}{name}")) or now for name in ("StartTime", "EndTime"))
        served = any(area.startswith(self.who.area) for area in areas(packet)) and now < end
        self.broadcasts[ebmid] = Broadcast(
            ebmid, packet.ebdid, now, start, end, packet.text(f"{basic}MsgType"), packet.text("EBM/MsgContent/MsgTitle"),
            packet.text("EBM/MsgContent/MsgDesc"), served, dict(packet.resources), cancels,
        )  # fmt: skip
        if cancels and served:  # one that is past its end, or for elsewhere, is put aside like any other message
            for one in self.broadcasts.values() if self._blunt else [self.broadcasts[cancels]]:
                one.cancelled = one.cancelled or now
                one.text, one.files = "", {}  # what is stopped stays known, without its words


def _shown(one: Broadcast) -> dict[str, Any]:
    return {
        "ebmid": one.ebmid,
        "type": one.kind,
        "title": one.title,
        "text": one.text,
        "files": {name: len(body) for name, body in one.files.items()},
        "end": one.end.isoformat(),
    }


def china_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(CHINA)
