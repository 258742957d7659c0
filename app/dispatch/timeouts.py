"""When a send must have ended. An alarm for each, as ``asyncio.timeout`` sets one, costs as much as signing."""

import asyncio

TICK = 0.25  # seconds; those whose time is up within one are cancelled together


class Timeouts:
    """Cancels tasks that take too long: at the beginning of the tick in which their time is up, not after it.
    Less than a tick counts as one."""

    def __init__(self) -> None:
        self._due: dict[int, set[asyncio.Task[None]]] = {}

    def begin(self, task: asyncio.Task[None], seconds: float) -> int:
        """``task`` has so long from now. Returns the tick, with which it is to ``end``."""
        loop = asyncio.get_running_loop()
        tick = int((loop.time() + max(seconds, TICK)) / TICK)
        if (tasks := self._due.get(tick)) is None:
            tasks = self._due[tick] = set()
            loop.call_at(tick * TICK, self._strike, tick)
        tasks.add(task)
        return tick

    def struck(self, task: asyncio.Task[None], tick: int) -> bool:
        """Whether it has been cancelled here."""
        return task not in self._due.get(tick, ())

    def end(self, task: asyncio.Task[None], tick: int) -> None:
        """To be called when it has ended, by itself or not: what was cancelled here is not cancelled for others."""
        if self.struck(task, tick):
            task.uncancel()
        else:
            self._due[tick].remove(task)

    def _strike(self, tick: int) -> None:
        for task in self._due.pop(tick):
            task.cancel()
