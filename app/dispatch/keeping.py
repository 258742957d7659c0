"""What wires need of the database: our own pictures and sounds, durable counters and notes, and which notice is the
newest."""

from collections import OrderedDict

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import alerts, media, notes
from app.db.engine import StoreUnavailable, transaction
from channels.contract import Reason, WireError

KEPT_BYTES = 64 * 1024 * 1024


class Keeping:
    """Reads each content once and keeps the newest of them, up to 64 MiB."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    async def content(self, sha256: str) -> bytes:
        """Raises LookupError when it is no longer kept."""
        if sha256 not in self._kept:
            async with transaction(self._engine) as session:
                body = await media.content(session, sha256)
            if body is None:
                raise LookupError(sha256)
            self._put(sha256, body)
        self._kept.move_to_end(sha256)
        return self._kept[sha256]

    def _put(self, sha256: str, body: bytes) -> None:
        if sha256 in self._kept:
            return
        self._kept[sha256] = body
        self._size += len(body)
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            self._size -= len(self._kept.popitem(last=False)[1])

    async def count(self, name: str) -> int:
        """The next number, durable before it is used."""
        async with transaction(self._engine) as session:
            return await notes.count(session, name)

    async def note(self, name: str, value: str) -> str:
        """Durable before it returns."""
        async with transaction(self._engine) as session:
            return await notes.note(session, name, value)

    async def noted(self, name: str) -> str | None:
        async with transaction(self._engine) as session:
            return await notes.noted(session, name)

    async def head(self, alert: str) -> int:
        """The number of the alert's newest notice, 0 for an alert that is not in the ledger."""
        try:
            async with transaction(self._engine) as session:
                found = await alerts.find(session, alert)
        except StoreUnavailable as e:
            raise WireError(Reason.UNREACHABLE, "台账暂时读不到") from e
        return found.head if found is not None else 0
