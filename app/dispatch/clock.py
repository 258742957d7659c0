"""The time by the database's clock, kept between two looks by this machine's monotonic one.

A machine whose wall clock is minutes off still signs, stamps and judges with the right time.
"""

import time
from datetime import UTC, datetime

STEP = 1.0  # seconds; a clock that is put right bit by bit is never so quick


class StoreClock:
    """Never behind what it said before, but where the database's clock has been set back: a send does not end before it has
    begun, however long the database's answer was on its way."""

    def __init__(self) -> None:
        self._ahead = time.time() - time.monotonic()

    def set(self, store_now: datetime, asked: float) -> None:
        """Take over what the database says. It was ``asked`` (monotonic) then, and may have looked at its clock at any moment
        since; what was known before stands as long as that agrees with it."""
        said = store_now.timestamp()
        self._ahead = min(max(self._ahead, said - time.monotonic()), said - asked)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._ahead + time.monotonic(), UTC)


class Steps:
    """Tells when the database's clock has been set: otherwise it goes as fast as this machine's monotonic one."""

    def __init__(self) -> None:
        self._ahead: tuple[float, float] | None = None

    def seen(self, store_now: datetime, asked: float, answered: float) -> float:
        """The seconds by which it has stepped since the last time, at least; 0 when it need not have. ``asked`` and
        ``answered`` (monotonic) are before and after it said what time it is: it may have looked at any moment between, so that
        one look leaves room for doubt. A later one leaves less."""
        low, high = store_now.timestamp() - answered, store_now.timestamp() - asked
        least, most = self._ahead or (low, high)
        if low <= most and least <= high:
            self._ahead = max(low, least), min(high, most)
            return 0.0
        self._ahead = low, high
        step = low - most if low > most else high - least
        return step if abs(step) > STEP else 0.0
