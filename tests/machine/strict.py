"""The sweeps as the simulated world runs them."""

from collections.abc import Awaitable, Callable

from app.db.engine import Session, transaction
from app.dispatch.sweeps import Sweeps


class Strict(Sweeps):
    """With nothing kept quiet. Where steps overlap, the clock of the database and the time that passes do not move at one
    moment, and nobody ``looks`` at them."""

    looks = True

    async def _look_at_the_clock(self, session: Session) -> None:
        if self.looks:
            await super()._look_at_the_clock(session)

    async def look(self) -> None:
        """What the sweep of every second does first."""
        async with transaction(self._engine) as session:
            await self._look_at_the_clock(session)

    async def _guarded(self, sweep: str, act: Callable[..., Awaitable[None]], *args: int | str) -> None:
        await act(*args)
