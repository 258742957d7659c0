"""When partners were last seen, kept in memory and written in batches: a poll writes nothing."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from app.db import presence
from app.db.engine import transaction
from app.flows.house import House

PAUSE = 15.0
"""Seconds between two writes, unless a partner is new or has been away."""


class RollCall:
    """A partner's time is written anew when a quarter of its window has gone by, and at once when it comes back."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._seen: dict[int, float] = {}
        self._written: dict[int, float] = {}
        self._windows: dict[int, float] = {}
        self._last = float("-inf")

    def saw(self, partner: int, at: float) -> None:
        """The partner has asked for something, or taken a heartbeat on its stream: at this monotonic second."""
        self._seen[partner] = at

    def _due(self, now: float) -> Mapping[int, float]:
        news = {p: at for p, at in self._seen.items() if at > self._written.get(p, float("-inf"))}
        late = {p: at for p, at in news.items() if at - self._written.get(p, float("-inf")) >= self._quarter(p)}
        came_back = any(at - self._written.get(p, float("-inf")) >= 3 * self._quarter(p) for p, at in late.items())
        return late if came_back or now - self._last >= PAUSE else {}

    def _quarter(self, partner: int) -> float:
        return self._windows.get(partner, 60.0) / 4

    async def write(self) -> int:
        """Write what is due, in one statement; returns for how many partners. Raises StoreUnavailable."""
        now = time.monotonic()
        if not (due := self._due(now)):
            return 0
        clock = datetime.now(UTC).timestamp()
        async with transaction(self._house.engine) as session:
            unknown = [partner for partner in due if partner not in self._windows]
            if unknown:
                minutes = await presence.windows(session, unknown)
                self._windows.update((partner, 60.0 * of) for partner, of in minutes.items())
            times = {p: datetime.fromtimestamp(clock - (now - at), UTC) for p, at in due.items() if p in self._windows}
            await presence.seen(session, times)
        self._written.update(due)
        self._last = now
        return len(times)
