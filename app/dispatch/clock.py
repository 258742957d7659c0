"""The time by the database's clock, kept between two looks by this machine's monotonic one.

A machine whose wall clock is minutes off still signs, stamps and judges with the right time.
"""

import time
from datetime import UTC, datetime, timedelta

STEP = 1.0  # seconds; a clock that is put right bit by bit is never so quick


class StoreClock:
    def __init__(self) -> None:
        self._anchor = datetime.now(UTC)
        self._mono = time.monotonic()

    def set(self, store_now: datetime) -> None:
        """Take over what the database says."""
        self._anchor, self._mono = store_now, time.monotonic()

    def now(self) -> datetime:
        return self._anchor + timedelta(seconds=time.monotonic() - self._mono)


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
