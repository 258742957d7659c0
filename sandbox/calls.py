"""The sandbox's own record of every call it heard, for tests that count and for people who wonder."""

from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call at one station. ``fault`` names the misbehaviour that was switched on, if it struck this call."""

    sequence: int
    slug: str
    heard_at: str
    webhook_id: str | None
    alert: str | None
    number: int | None
    kind: str | None
    status: str | None
    verdict: str
    fault: str | None
    complaints: tuple[str, ...]
    note: str


class CallLog:
    """Sequences only grow, also across :meth:`clear`, so that a reader can go on from the last one it saw."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self.last = 0

    def add(self, slug: str, now: datetime, verdict: str, **known: Any) -> None:
        """Record a call. ``known`` holds whichever of the other members could be told."""
        self.last += 1
        members: dict[str, Any] = {
            "webhook_id": None, "alert": None, "number": None, "kind": None, "status": None,
            "fault": None, "complaints": (), "note": "",
        } | known  # fmt: skip
        self._calls.append(
            Call(self.last, slug, now.isoformat(timespec="milliseconds"), verdict=str(verdict), **members)
        )

    def after(self, sequence: int = 0) -> list[dict[str, Any]]:
        """Every kept call later than ``sequence``, oldest first."""
        return [asdict(call) for call in self._calls if call.sequence > sequence]

    def clear(self) -> None:
        """Forget the calls, not the count."""
        self._calls.clear()
