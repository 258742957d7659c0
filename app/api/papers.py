"""CAP messages as they were signed: once each, off the loop, and kept for good."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from app.db import cap
from app.db.engine import transaction
from app.domain.board import Posting
from app.domain.english import Words
from app.domain.notice import PublicNotice
from app.flows.cap import draft
from app.flows.house import House

MOST = 500


@dataclass(frozen=True, slots=True)
class Paper:
    """A signed message, and what an index says of it."""

    notice: PublicNotice
    identifier: str
    words: Words
    document: bytes


class Papers:
    """By alert and number."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kept: OrderedDict[tuple[int, int], asyncio.Task[Paper]] = OrderedDict()

    async def of(self, posting: Posting) -> Paper:
        """The message of this posting's notice. Raises StoreUnavailable when it is not kept and cannot be made."""
        key = (posting.alert, posting.number)
        kept = self._kept.get(key)
        if kept is None or (kept.done() and (kept.cancelled() or kept.exception() is not None)):
            kept = self._kept[key] = asyncio.create_task(self._make(posting))
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return await asyncio.shield(kept)  # one makes it for all who ask meanwhile

    async def _make(self, posting: Posting) -> Paper:
        key = (posting.alert, posting.number)
        async with transaction(self._house.engine) as session:
            document = await cap.kept(session, *key)
            drawn = await draft(session, self._house, *key)
        if document is None:
            signed = await asyncio.to_thread(self._house.notary.seal_document, drawn.unsigned)
            async with transaction(self._house.engine) as session:
                document = await cap.keep(session, *key, signed)
        return Paper(drawn.notice, drawn.identifier, drawn.words, document)
