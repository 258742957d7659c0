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
"""Notices that are drawn at the same time in one process; each holds a connection meanwhile, of forty."""


class Turns:
    """So many at the same time. Whoever has no turn within ``waits`` seconds, since those before them get no further, is
    told to come again, as one who gets no connection."""

    def __init__(self, at_once: int = ISSUING, waits: float = 15.0) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waits = waits

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises StoreUnavailable; nothing was begun then."""
        try:
            async with asyncio.timeout(self._waits):
                await self._free.acquire()
        except TimeoutError as e:
            raise StoreUnavailable("nobody before this one got any further") from e
        try:
            yield
        finally:
            self._free.release()


@dataclass(frozen=True, slots=True)
class House:
    """``crowd`` is the public's few connections to the same database: a city that opens a child's page takes none from an
    officer. ``base_url`` is where the public and partners find huijia, without a trailing slash.
    ``cap_sender`` names the house in CAP documents. Whoever issues something that has to be drawn waits for a turn of
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
