"""Attempts that are over and not yet written."""

import asyncio
import time
from collections.abc import Callable, Sequence

from app.dispatch.send import Finished

LOOK_SECONDS = 0.005


class Unsettled:
    """Gathers what is finished: ``most`` at once, after ``within`` seconds at the latest, and sooner when that many have
    come together or when nobody is under way whom it would be worth waiting for. A statement for every few attempts
    costs more than the sends."""

    def __init__(self, most: int, within: float, under_way: Callable[[], int]) -> None:
        self._most, self._within, self._under_way = most, within, under_way
        self._over: list[Finished] = []
        self._being_written = 0
        self._some, self._none = asyncio.Event(), asyncio.Event()
        self._none.set()

    def __len__(self) -> int:
        return len(self._over) + self._being_written

    def put(self, finished: Sequence[Finished]) -> None:
        """To be written soon."""
        if finished:
            self._over += finished
            self._some.set()
            self._none.clear()

    async def batch(self) -> list[Finished]:
        """The next that are to be written together; ``written`` is to be called after it."""
        await self._some.wait()
        until = time.monotonic() + self._within
        while len(self._over) < self._most and self._under_way() and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
        found, self._over = self._over[: self._most], self._over[self._most :]
        self._being_written = len(found)
        if not self._over:
            self._some.clear()
        return found

    def written(self) -> None:
        """The batch stands in the ledger, or has been given up."""
        self._being_written = 0
        if not self._over:
            self._none.set()

    async def all_written(self) -> None:
        """Returns when nothing is left."""
        await self._none.wait()
