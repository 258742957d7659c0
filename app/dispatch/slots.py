"""Which sends are under way, and which of them take up a place."""

import asyncio
import time
from collections.abc import Callable, Iterator

from app.dispatch.files import shares

USUAL = 4  # times the usual answer: whoever needs longer is late
LONGEST_PATIENCE = 2.0
A_TIMEOUT = 4.0  # what took longer was no answer
WEIGHT = 0.02  # of the newest answer in what is usual


class Slots:
    """``at_once`` places. A send that has waited much longer than is usual now, and for ``patience`` seconds at least, gives
    its place up and goes on beside the others, so that outlets that hang do not stand in the way of those that answer;
    ``late`` of them at most, and no more in all than the process may have connections. On a machine that has its hands
    full every answer takes long, and nobody is late."""

    def __init__(self, at_once: int, late: int, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once, self._patience, self._clock = at_once, patience, clock
        self._most = min(at_once + late, shares().sends)
        self._usual = 0.0
        self._young: dict[asyncio.Task[None], float] = {}  # in the order in which they began
        self._late: dict[asyncio.Task[None], float] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._late)

    def __iter__(self) -> Iterator[asyncio.Task[None]]:
        return iter([*self._young, *self._late])

    def room(self) -> int:
        """How many more may begin now."""
        long_ago = self._clock() - min(max(self._patience, USUAL * self._usual), LONGEST_PATIENCE)
        while self._young and self._young[first := next(iter(self._young))] <= long_ago:
            self._late[first] = self._young.pop(first)
        return self.places()

    def places(self) -> int:
        """As ``room``, without a look for those that have become late."""
        young = len(self._young)
        return min(self._at_once - young, self._most - young - len(self._late))

    def enter(self, task: asyncio.Task[None]) -> None:
        self._young[task] = self._clock()

    def leave(self, task: asyncio.Task[None]) -> None:
        found = self._young if task in self._young else self._late
        if (took := self._clock() - found.pop(task)) < A_TIMEOUT:
            self._usual += WEIGHT * (took - self._usual)
