"""Failed sign-ins are slowed, by name and by address; nobody is ever locked out for good. They are counted in the database:
many processes are as slow as one."""

import asyncio
import math
from dataclasses import dataclass
from hashlib import sha256

from app.db import slowed
from app.db.engine import Session, transaction
from app.db.slowed import Failing
from app.flows.house import House

AT_ONCE = 4


class _Wait(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__("wait")
        self.seconds = math.ceil(seconds)


@dataclass(frozen=True, slots=True)
class Slowing:
    """``free`` failures cost nothing; then 2, 4, 8 … seconds up to ``longest``. ``kind``: of what, each counted by itself.

    A try counts as failed until it has succeeded, so that many at once gain nothing. A refused try does not count:
    somebody who keeps failing at an officer's name can make that officer wait, but never longer than ``longest``.
    """

    kind: str
    free: int
    longest: float

    def of(self, whom: str) -> "Try":
        return Try(self, whom)

    def after(self, before: Failing) -> tuple[int, float]:
        """One more failure: how many there are now, and the seconds that it costs."""
        failures = 1 + (before.failures if before.idle < slowed.FORGOTTEN else 0)
        over = failures - self.free
        return failures, min(2.0 ** min(over + 1, 10), self.longest) if over >= 0 else 0.0


@dataclass(frozen=True, slots=True)
class Try:
    """Of somebody at something: a name's, an address's."""

    slowing: Slowing
    whom: str

    @property
    def key(self) -> bytes:
        return sha256(f"{self.slowing.kind}\0{self.whom}".encode(errors="surrogatepass")).digest()


class Count:
    """Counts few at a time: a flood of tries takes that many connections from those who are signed in, and no more."""

    def __init__(self, house: House) -> None:
        self._engine, self._at_once = house.engine, asyncio.Semaphore(AT_ONCE)

    async def begin(self, *tries: Try) -> int:
        """Count each of them as failed, and 0; or, when one is too early, the whole seconds to wait, and none counts."""
        try:
            async with self._at_once, transaction(self._engine) as session:
                for one in sorted(tries, key=lambda t: t.key):  # one order of locks
                    before = await slowed.lock(session, one.key)
                    if before.wait > 0:
                        raise _Wait(before.wait)
                    await slowed.failed(session, one.key, *one.slowing.after(before))
        except _Wait as e:
            return e.seconds
        return 0


async def succeeded(session: Session, *tries: Try) -> None:
    """Forget the failures."""
    await slowed.forget(session, [one.key for one in tries])
