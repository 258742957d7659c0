"""Which sends are under way, and which of them take up a place."""

import asyncio
import resource
import time
from collections.abc import Callable, Iterator

OTHER_FILES = 256  # database connections, listeners, logs


class Slots:
    """``at_once`` places. A send that has not been answered within ``patience`` seconds gives its place up and goes on
    beside the others, so that outlets that hang do not stand in the way of those that answer; ``late`` of them at most,
    and no more in all than the process may have connections."""

    def __init__(self, at_once: int, late: int, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once, self._patience, self._clock = at_once, patience, clock
        self._most = max(1, min(at_once + late, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OTHER_FILES))
        self._young: dict[asyncio.Task[None], float] = {}  # in the order in which they began
        self._late: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._young) + len(self._late)

    def __iter__(self) -> Iterator[asyncio.Task[None]]:
        return iter([*self._young, *self._late])

    def room(self) -> int:
        """How many more may begin now."""
        long_ago = self._clock() - self._patience
        while self._young and self._young[first := next(iter(self._young))] <= long_ago:
            del self._young[first]
            self._late.add(first)
        return min(self._at_once - len(self._young), self._most - len(self))

    def enter(self, task: asyncio.Task[None]) -> None:
        self._young[task] = self._clock()

    def leave(self, task: asyncio.Task[None]) -> None:
        self._young.pop(task, None)
        self._late.discard(task)
