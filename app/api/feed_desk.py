"""The feed from memory: what stands for each partner that reads, kept in step with the ledger.

As long as nothing changes, readers cost the ledger nothing. What is given is taken from the ledger first, by all who ask
at that moment in one transaction. When the ledger is away, what was given before is given again, and says so.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.api.heartbeat import Heartbeats
from app.api.keyring import Keyring
from app.api.owners import Owners
from app.api.papers import Papers
from app.api.rollcall import RollCall
from app.api.sheet import Sheet
from app.api.shelf import Shelf
from app.db import keys
from app.db.engine import StoreUnavailable, connect, listen, transaction
from app.db.postings import Mark
from app.domain.board import Ask, Board, left_out
from app.flows.boards import Drawn, give, look
from app.flows.house import House
from app.flows.tell import DUE

log = logging.getLogger("huijia.feed")

TICK = 1.0
"""Seconds between two looks, whatever is heard."""
SOON = 0.2
"""The same, while a reader waits and something was about to be sent: once it is on its way it gets its number."""
FOLLOWED = 2.5
"""Seconds since the last look into the ledger within which memory is believed."""
TURN = 3.0
"""Seconds that a look may take before the ledger counts as away."""
MOST_ASKS = 500
"""Readers served in one transaction."""
IDLE = 3600.0


class _Asked:
    """What all who asked the same at the same time wait for."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.sheet: Sheet | None = None
        self.error: Exception | None = None

    def answer(self, sheet: Sheet | None, error: Exception | None = None) -> None:
        self.sheet, self.error = sheet, error
        self.done.set()


class FeedDesk:
    """One per process. Without ``run`` every reading looks into the ledger first."""

    def __init__(self, house: House) -> None:
        self._house, self._engine = house, house.engine
        self.keyring = Keyring(house, self._followed, self._away)
        self.owners = Owners(house)
        self.rollcall = RollCall(house)
        self.papers = Papers(house)
        self._shelf = Shelf(house.press, house.base_url)
        self._boards: dict[int, Board] = {}
        self._mark: Mark | None = None
        self._skew = timedelta(0)
        self._looked = self._failed = float("-inf")
        self._running = self.closed = self._poked = False
        self._asks: dict[Ask, _Asked] = {}
        self._turning: asyncio.Task[None] | None = None
        self._soon: asyncio.TimerHandle | None = None
        self._readers: dict[int, set[asyncio.Event]] = {}
        self._used: dict[int, float] = {}
        self._heartbeats = Heartbeats(house.notary)

    # ── For readers ─────────────────────────────────────────────────────────────────────────────────────────────────

    def tag(self, ask: Ask) -> str | None:
        """What tells this reader's answer from another, as memory has it now; ``None`` when it cannot tell."""
        board = self._boards.get(ask.partner)
        if board is None or not self._followed():
            return None
        return board.face(ask.live, ask.all).tag + ask.narrowed

    @contextmanager
    def reader(self, partner: int) -> Iterator[asyncio.Event]:
        """An event that is set whenever the partner's board has changed, for as long as the block lasts."""
        changed = asyncio.Event()
        self._readers.setdefault(partner, set()).add(changed)
        try:
            yield changed
        finally:
            self._readers[partner].discard(changed)

    async def read(self, ask: Ask, tags: Collection[str] = ()) -> Sheet:
        """What there is now; ``unchanged`` when it is what one of ``tags`` says. Raises StoreUnavailable."""
        board = self._boards.get(ask.partner)
        if board is not None and (self._followed() or self._away()):
            face = board.face(ask.live, ask.all)
            if face.tag + ask.narrowed in tags:
                return self._empty(ask, board, unchanged=True)
            if self._followed() and ask.cursor >= face.top and not face.waits and not ask.newest:
                return self._empty(ask, board)
        sheet = await self._ask(ask)
        return replace(sheet, unchanged=True) if sheet.tag in tags else sheet

    def heartbeat(self, partner: int, live: bool) -> bytes:
        """The partner's heartbeat, as it was when the ledger was last looked into."""
        at = self._mark.now if self._mark else datetime.now(UTC)
        return self._heartbeats.beat(partner, live, self._boards[partner], at)

    def saw(self, partner: int) -> None:
        """The partner is there."""
        self._used[partner] = now = time.monotonic()
        self.rollcall.saw(partner, now)

    def stale(self) -> bool:
        """True while the ledger is known to be away."""
        return self._failed > self._looked

    def _empty(self, ask: Ask, board: Board, *, unchanged: bool = False) -> Sheet:
        cursor = max(ask.cursor, board.head)
        tag = board.face(ask.live, ask.all).tag + ask.narrowed
        return Sheet((), (), cursor, left_out(ask.cursor, cursor, ()), False, tag, self.stale(), unchanged)

    # ── In step with the ledger ─────────────────────────────────────────────────────────────────────────────────────

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the ledger until ``stop``: at every NOTIFY, and every second; by connections of its own, which nobody who
        issues or reports can use up."""
        own = self._engine = connect(self._house.engine.url.render_as_string(hide_password=False), pool=2)
        self._running = True
        hears = {DUE: lambda _: self._poke(), keys.REVOKED: self._revoked}
        listening = asyncio.create_task(listen(own, hears, stop))
        try:
            while not stop.is_set():
                self._poke()
                await self._tidy()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), TICK)
        finally:
            self._running = False
            if self._soon is not None:
                self._soon.cancel()
            self.close()
            await listening
            if self._turning is not None:
                await self._turning
            self._engine = self._house.engine
            await own.dispose()

    def close(self) -> None:
        """Let every reader go, so that the server can stop."""
        self.closed = True
        self._wake(self._readers)

    @property
    def follows(self) -> bool:
        """Whether a reader would be woken when something changes."""
        return self._running

    def _followed(self) -> bool:
        return self._running and time.monotonic() - self._looked < FOLLOWED and self._failed < self._looked

    def _away(self) -> bool:
        """Known to be away: nobody has to wait for what is being tried again meanwhile."""
        return self.stale() and (self._running or time.monotonic() - self._failed < TICK)

    def _revoked(self, id: str) -> None:
        if id and self.keyring.revoke([id]):
            self._wake(self._readers)

    def _poke(self) -> None:
        self._poked = True
        if self._turning is None or self._turning.done():
            self._turning = asyncio.create_task(self._turns())

    async def _ask(self, ask: Ask) -> Sheet:
        if self._away():
            return self._from_memory(ask)
        if (asked := self._asks.get(ask)) is None:
            asked = self._asks[ask] = _Asked()
            self._poke()
        await asked.done.wait()
        if asked.sheet is None:
            raise asked.error or StoreUnavailable("the database is away")
        return asked.sheet

    async def _turns(self) -> None:
        while self._poked:
            asks = {ask: self._asks.pop(ask) for ask in list(self._asks)[:MOST_ASKS]}
            self._poked = bool(self._asks)
            await self._turn(asks)
        if self._running and any(board.unnumbered() and self._readers.get(p) for p, board in self._boards.items()):
            self._poke_soon()

    def _poke_soon(self) -> None:
        loop = asyncio.get_running_loop()
        if self._soon is None or self._soon.when() <= loop.time():
            self._soon = loop.call_later(SOON, self._poke)

    async def _turn(self, asks: Mapping[Ask, _Asked]) -> None:
        try:
            async with asyncio.timeout(TURN):
                await self._look({ask.partner for ask in asks} - self._boards.keys())
                sheets = await self._give(asks)
        except (StoreUnavailable, TimeoutError) as e:
            if not self.stale():
                log.warning("the feed is read from memory: the database is away: %s", e)
            self._failed = time.monotonic()
            for ask, asked in asks.items():
                self._answer(asked, ask)
        except Exception as e:
            for asked in asks.values():
                asked.answer(None, e)
            if not asks:
                log.exception("the boards cannot follow the ledger")
        else:
            for ask, asked in asks.items():
                asked.answer(sheets[ask])

    def _answer(self, asked: _Asked, ask: Ask) -> None:
        try:
            asked.answer(self._from_memory(ask))
        except Exception as e:  # whatever it is, nobody may wait for ever
            asked.answer(None, e)

    async def _look(self, newcomers: set[int]) -> None:
        began = time.monotonic()
        async with transaction(self._engine) as session:
            self.keyring.revoke(await keys.revoked_lately(session))
            looked = await look(session, self._boards, self._mark, newcomers, self._shelf.fill)
        self._mark, self._looked = looked.mark, began
        self._skew = looked.mark.now - datetime.now(UTC)
        self._wake(looked.changed)
        if looked.changed:
            self._shelf.keep_only((p.alert, p.number) for board in self._boards.values() for p in board)

    async def _give(self, asks: Mapping[Ask, _Asked]) -> Mapping[Ask, Sheet]:
        for ask in asks:
            self._boards.setdefault(ask.partner, Board(0))
        restless = [partner for partner, board in self._boards.items() if board.unnumbered()]
        if not asks and not restless:
            return {}
        async with transaction(self._engine) as session:
            given = await give(session, self._boards, list(asks), restless, self._now(), self._shelf.fill)
        self._boards.update(given.boards)
        for partner, ids in given.opened.items():
            self._boards[partner].opened(ids)
        self._wake(given.boards)
        return {ask: self._sheet(ask, drawn) for ask, drawn in given.drawn.items()}

    def _sheet(self, ask: Ask, drawn: Drawn) -> Sheet:
        tag = self._boards[ask.partner].face(ask.live, ask.all).tag + ask.narrowed
        spans = () if ask.newest else left_out(ask.cursor, drawn.cursor, [p.sequence or 0 for p in drawn.given])
        items = [self._shelf.item(p) for p in drawn.given]
        told = tag if drawn.whole and not drawn.more else None
        return Sheet(drawn.given, items, drawn.cursor, spans, drawn.more, told, stale=False)

    def _from_memory(self, ask: Ask) -> Sheet:
        """What was given before, as it was last known. Raises StoreUnavailable for a partner of whom nothing is known."""
        board = self._boards.get(ask.partner)
        if board is None:
            raise StoreUnavailable("the database is away, and this partner's feed is not in memory")
        page = board.known(ask, self._now())
        last = (page.given[-1].sequence or 0) if page.given else 0
        cursor = max(ask.cursor, last)
        items = [self._shelf.item(p) for p in page.given]
        spans = () if ask.newest else left_out(ask.cursor, cursor, [p.sequence or 0 for p in page.given])
        return Sheet(page.given, items, cursor, spans, page.more, None, stale=True)

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._skew

    def _wake(self, partners: Iterable[int]) -> None:
        for partner in list(partners):
            for changed in self._readers.get(partner, ()):
                changed.set()

    async def _tidy(self) -> None:
        """Write who was seen; drop the boards of partners who have not asked for an hour."""
        for partner in [p for p, at in self._used.items() if time.monotonic() - at > IDLE and not self._readers.get(p)]:
            self._boards.pop(partner, None)
            del self._used[partner]
        try:
            async with asyncio.timeout(TURN):
                await self.rollcall.write()
        except (StoreUnavailable, TimeoutError) as e:
            log.warning("who was seen is written later: %s", e)
