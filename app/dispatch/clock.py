"""The time by the database's clock, kept between two looks by this machine's monotonic one.

A machine whose wall clock is minutes off still signs, stamps and judges with the right time.
"""

import time
from datetime import UTC, datetime, timedelta


class StoreClock:
    def __init__(self) -> None:
        self._anchor = datetime.now(UTC)
        self._mono = time.monotonic()

    def set(self, store_now: datetime) -> None:
        """Take over what the database says."""
        self._anchor, self._mono = store_now, time.monotonic()

    def now(self) -> datetime:
        return self._anchor + timedelta(seconds=time.monotonic() - self._mono)
