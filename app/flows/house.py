"""What the edges share, built once by a composition root."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import StoreUnavailable
from app.flows.notary import Notary
from app.flows.ports import Catalogue, Ear, Press, Seal, Signer, Trier, Wirer

ISSUING = 16
"""Notices that are drawn at the same time in one process; those of new alerts hold a connection meanwhile, of forty."""


class Turns:
    """So many at the same time, in the order in which they came. Whoever waits is told to come again, as one who gets no
    connection, when none of those before has got done for ``waits`` seconds (behind a locked table one batch after another
    would fail), and after ``at_most`` in any case."""

    def __init__(self, at_once: int = ISSUING, waits: float = 15.0, at_most: float = 20.0) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waits, self._at_most = waits, at_most
        self._patience: dict[asyncio.Timeout, float] = {}  # of those who wait, and when it ends in any case

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises StoreUnavailable; nothing was begun then."""
        try:
            async with asyncio.timeout(self._waits) as patience:
                self._patience[patience] = asyncio.get_running_loop().time() + self._at_most
                try:
                    await self._free.acquire()
                finally:
                    del self._patience[patience]
        except TimeoutError as e:
            raise StoreUnavailable("no turn to issue") from e
        try:
            yield
            self._one_is_done()
        finally:
            self._free.release()

    def _one_is_done(self) -> None:
        until = asyncio.get_running_loop().time() + self._waits
        for patience, at_most in self._patience.items():
            if not patience.expired():
                patience.reschedule(min(until, at_most))


@dataclass(frozen=True, slots=True)
class House:
    """``crowd`` is the public's few connections to the same database: a city that opens a child's page takes none from an
    officer. ``base_url`` is where the public and partners find huijia, without a trailing slash.
    ``cap_sender`` names the house in CAP documents. Systems that issue something that has to be drawn wait for a turn of
    ``issuing`` first, without a connection: however many do so at once, a retraction finds one."""

    engine: AsyncEngine
    crowd: AsyncEngine
    seal: Seal
    press: Press
    wire: Wirer
    base_url: str
    media_secret: bytes
    ear: Ear | None = None
    metrics_token: str = ""
    trier: Trier | None = None
    signer: Signer | None = None
    notary: Notary = field(default_factory=Notary)
    cap_sender: str = "huijia@localhost"
    catalogue: Catalogue = field(default_factory=Catalogue)
    issuing: Turns = field(default_factory=Turns)
