"""What a radio station has on air, in the words of docs/channels/liquidsoap/alerts.liq. Pure: the clock is handed in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

LIVE = ("fetching", "waiting", "playing")
KEPT = 100
CHINA = timezone(timedelta(hours=8))
_TAG = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"(,|:)')


@dataclass(slots=True)
class Entry:
    """One notice. Times are seconds; 0 is never. ``seconds``: how long its announcement is."""

    alert: str
    number: int
    key: str
    title: str
    address: str
    state: str = "fetching"
    since: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    seconds: float = 0.0

    def listed(self) -> dict[str, Any]:
        """As ``alert.state`` tells it."""
        return {
            "alert_id": self.alert,
            "number": self.number,
            "key": self.key,
            "state": self.state,
            "since": self.since,
            "started": self.started,
            "ended": self.ended,
        }


class Deck:
    """One announcement at a time, in the order in which they were fetched. A newer one of an alert ends the older."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.entries: list[Entry] = []
        self._floors: dict[str, int] = {}

    def push(self, told: str) -> tuple[dict[str, Any], Entry | None]:
        """The answer, and what is to be fetched now."""
        entry = parsed(told)
        if entry is None:
            return {"taken": False, "reason": "malformed"}, None
        if entry.number < self._floors.get(entry.alert, 0):
            return {"taken": False, "reason": "over"}, None
        before = self.find(entry.alert, entry.number)
        if before is not None and before.state in LIVE:
            return {"taken": True, "reason": "already"}, None
        entry.since = self.clock()
        self.entries = [entry, *(other for other in self.entries if other is not before)][:KEPT]
        return {"taken": True, "reason": ""}, entry

    def fetched(self, entry: Entry, seconds: float | None) -> None:
        """It is here and so long, or could not be had."""
        if entry.state != "fetching":
            return
        if seconds is None:
            self._turn(entry, "failed")
        elif entry.number < self._floors.get(entry.alert, 0):
            self._turn(entry, "dropped")
        else:
            entry.seconds = seconds
            self._turn(entry, "waiting")
            self._raise(entry.alert, entry.number)
            self._off(entry.alert, entry.number)
        self.advance()

    def retract(self, words: str) -> dict[str, Any]:
        """Everything of an alert below a number."""
        parts = words.split(" ")
        if len(parts) != 2 or not parts[0] or not re.fullmatch(r"[1-9]\d{0,8}", parts[1]):
            return {"retracted": False, "dropped": 0, "cut": 0, "aired": False}
        alert, number = parts[0], int(parts[1])
        self.advance()
        older = [one for one in self.entries if one.alert == alert and one.number < number]
        aired = any(one.started for one in older)
        self._raise(alert, number)
        cut, dropped = self._off(alert, number)
        for one in older:
            one.address = ""
        self.advance()
        return {"retracted": True, "dropped": dropped, "cut": cut, "aired": aired}

    def state(self) -> dict[str, Any]:
        """What became of each notice."""
        self.advance()
        return {"time": self.clock(), "notices": [entry.listed() for entry in self.entries]}

    def on_air(self) -> Entry | None:
        """What listeners hear now, if it is not the programme."""
        self.advance()
        return next((entry for entry in self.entries if entry.state == "playing"), None)

    def showing(self, *, ended: bool) -> list[dict[str, Any]]:
        """What listeners hear now of the searches; ``ended``: of those that are over."""
        entry = self.on_air()
        if entry is None or ("寻人结束" in entry.title) is not ended:
            return []
        status = "exercise" if "【演练】" in entry.title else "test" if "【测试】" in entry.title else "actual"
        since = datetime.fromtimestamp(entry.started, CHINA)
        return [
            {
                "alert": entry.alert,
                "number": entry.number,
                "kind": "retract" if ended else "publish",
                "status": status,
                "since": since.isoformat(timespec="milliseconds"),
                "expires_at": (since + timedelta(seconds=entry.seconds)).isoformat(),
                "texts": {"script": f"{entry.title}（正在播放录音，共 {entry.seconds:.0f} 秒）"},
                "media": [{"role": "audio", "url": entry.address}],
            }
        ]

    def forget(self) -> None:
        """As on the first day."""
        self.entries, self._floors = [], {}

    def find(self, alert: str, number: int) -> Entry | None:
        """This notice."""
        return next((entry for entry in self.entries if (entry.alert, entry.number) == (alert, number)), None)

    def advance(self) -> None:
        """Let what has come to its end end, and the next one begin."""
        now = self.clock()
        for entry in self.entries:
            if entry.state == "playing" and now >= entry.started + entry.seconds:
                self._turn(entry, "played")
                entry.ended = entry.started + entry.seconds
        waiting = [entry for entry in self.entries if entry.state == "waiting"]
        if waiting and not any(entry.state == "playing" for entry in self.entries):
            self._turn(min(waiting, key=lambda entry: entry.since), "playing")

    def _raise(self, alert: str, number: int) -> None:
        self._floors[alert] = max(number, self._floors.get(alert, 0))

    def _off(self, alert: str, number: int) -> tuple[int, int]:
        gone = [one for one in self.entries if one.alert == alert and one.number < number and one.state in LIVE]
        cut = sum(one.state == "playing" for one in gone)
        for entry in gone:
            self._turn(entry, "cut" if entry.state == "playing" else "dropped")
        return cut, len(gone) - cut

    def _turn(self, entry: Entry, state: str) -> None:
        now = self.clock()
        if entry.state == "playing":
            entry.ended = now
        if state == "playing":
            entry.started = now
        entry.state, entry.since = state, now


def parsed(told: str) -> Entry | None:
    """``annotate:name="value",…:address``, or ``None`` where Liquidsoap would not understand it."""
    if not told.startswith("annotate:"):
        return None
    at, tags, mark = len("annotate:"), {}, ","
    while mark == ",":
        found = _TAG.match(told, at)
        if found is None:
            return None
        tags[found[1]] = re.sub(r"\\(.)", r"\1", found[2])
        at, mark = found.end(), found[3]
    alert, number, address = tags.get("alert_id", ""), tags.get("number", ""), told[at:]
    if not alert or not re.fullmatch(r"[1-9]\d{0,8}", number) or not address:
        return None
    return Entry(alert, int(number), tags.get("key", ""), tags.get("title", ""), address)
