"""Failed sign-ins are slowed, by name and by address; nobody is ever locked out for good."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_KEPT = 10_000
FORGOTTEN = 900.0  # seconds without a try


@dataclass(slots=True)
class _Tally:
    failures: int
    last: float
    not_before: float


class Slowing:
    """Counts in this process alone. ``free`` failures cost nothing; then 2, 4, 8 … seconds up to ``longest``.

    A try counts as failed until it has succeeded, so that many at once gain nothing. A refused try does not count:
    somebody who keeps failing at an officer's name can make that officer wait, but never longer than ``longest``.
    """

    def __init__(self, *, free: int, longest: float, now: Callable[[], float] = time.monotonic) -> None:
        self._free, self._longest, self._now = free, longest, now
        self._tallies: OrderedDict[str, _Tally] = OrderedDict()

    def wait(self, key: str) -> int:
        """Whole seconds until ``key`` may try again; 0 when it may now."""
        tally = self._tallies.get(key)
        return max(0, math.ceil(tally.not_before - self._now())) if tally else 0

    def trying(self, key: str) -> None:
        """Count a try as failed."""
        now = self._now()
        before = self._tallies.pop(key, None)
        failures = 1 + (before.failures if before and now - before.last < FORGOTTEN else 0)
        over = failures - self._free
        wait = min(2.0 ** min(over + 1, 10), self._longest) if over >= 0 else 0.0
        self._tallies[key] = _Tally(failures, now, now + wait)
        while len(self._tallies) > MOST_KEPT:
            self._tallies.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures."""
        self._tallies.pop(key, None)
