"""What is dear to count is counted seldom, however often somebody asks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import Session, StoreUnavailable, transaction

T = TypeVar("T")
TIMES = 20
"""What took so long to read is good for so many times as long: at most a twentieth of the time is spent on it."""


class Sparing:
    """Of one process. All who ask at the same time are answered with one reading."""

    def __init__(self) -> None:
        self._read: dict[Callable[..., Any], asyncio.Task[Any]] = {}
        self._good_until: dict[Callable[..., Any], float] = {}

    async def read(self, engine: AsyncEngine, what: Callable[[Session], Awaitable[T]]) -> T:
        """What it says, or what it raised: a statement that took too long is not tried again at once. Raises StoreUnavailable,
        which is kept for nobody."""
        found = self._read.get(what)
        if found is None or (found.done() and asyncio.get_running_loop().time() >= self._good_until.get(what, 0.0)):
            found = self._read[what] = asyncio.create_task(self._anew(engine, what))
            found.add_done_callback(_seen)
        said: T = await asyncio.shield(found)
        return said

    async def _anew(self, engine: AsyncEngine, what: Callable[[Session], Awaitable[T]]) -> T:
        clock = asyncio.get_running_loop().time
        begun, kept = clock(), True
        try:
            async with transaction(engine) as session:
                return await what(session)
        except StoreUnavailable:
            kept = False
            raise
        finally:
            self._good_until[what] = clock() + TIMES * (clock() - begun) if kept else 0.0


def _seen(task: asyncio.Task[Any]) -> None:
    """Those who asked may have gone: then nobody else looks at what it raised."""
    if not task.cancelled():
        task.exception()
