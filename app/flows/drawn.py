"""What a live alert is to show next is drawn before its row is locked, outside any transaction: whoever takes the alert back
waits for no drawing."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import Session, only_here, transaction
from app.db.outlets import Profiles
from app.domain.notice import PublicNotice
from app.flows.ports import Plate, Press

ROUNDS = 2
"""How often is drawn for one act: once, and once more for what has changed meanwhile. Then it goes without: words always go."""

log = logging.getLogger("huijia.flows")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A notice, what it is to be drawn for, and the officer's photo."""

    notice: PublicNotice
    profiles: Profiles
    photo: bytes | None


class Undrawn(Exception):
    """Something is to be drawn first; nothing was written."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        super().__init__(f"{len(wanted)} notices are to be drawn first")
        self.wanted = wanted


class Drawn:
    """The press of whoever holds the lock of a live alert: it gives what was drawn before, and draws nothing."""

    def __init__(self, press: Press, rounds: int = ROUNDS) -> None:
        self._press, self._rounds = press, rounds
        self._plates: dict[tuple[PublicNotice, str], Sequence[Plate]] = {}
        self._moments: dict[int, datetime] = {}

    def render(
        self, notice: PublicNotice, channel: str, panel: Mapping[str, Any], duty: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        return self._press.render(notice, channel, panel, duty)

    def payload(self, notice: PublicNotice, rendered: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._press.payload(notice, rendered)

    async def illustrate(
        self, notice: PublicNotice, profiles: Profiles, photo: bytes | None
    ) -> Mapping[str, Sequence[Plate]]:
        """What was drawn of this very notice. Raises Undrawn; once nothing more will be drawn, the rest is left out."""
        wanted = Wanted(notice, profiles, photo)
        self.need([wanted])
        if lacking := self._lacking(wanted):
            log.error("notice %d of %s changed too often: %d undrawn", notice.number, notice.alert, len(lacking))
        return {p: self._plates[notice, p] for p in profiles if p not in lacking}

    def need(self, wanted: Sequence[Wanted]) -> None:
        """Raise Undrawn with what of it has not been drawn, as long as there will be more drawing."""
        lacking = [Wanted(w.notice, profiles, w.photo) for w in wanted if (profiles := self._lacking(w))]
        if lacking and self._rounds:
            raise Undrawn(lacking)

    def _lacking(self, wanted: Wanted) -> Profiles:
        return {p: facts for p, facts in wanted.profiles.items() if (wanted.notice, p) not in self._plates}

    def begun(self, notice: PublicNotice) -> bool:
        """Whether this very notice has been drawn, be it not for all that it is wanted for now."""
        return any(of == notice for of, _ in self._plates)

    def moment(self, number: int, now: datetime) -> datetime:
        """When the notice of this number was first asked for: an update's pictures state it."""
        return self._moments.setdefault(number, now)

    async def draw(self, wanted: Sequence[Wanted]) -> None:
        """Outside any transaction. What cannot be made is not asked for again."""
        self._rounds -= 1
        for w in wanted:
            plates = await self._press.illustrate(w.notice, w.profiles, w.photo)
            self._plates |= {(w.notice, p): plates.get(p, ()) for p in w.profiles}


async def after_drawing(
    engine: AsyncEngine, press: Press, act: Callable[[Session, Drawn], Awaitable[T]], *, only: str | None = None
) -> T:
    """Carry out ``act`` in a transaction. Where it finds that something is to be drawn, that is drawn without one, and it is
    carried out anew: it locks and checks everything once more, and what it says now decides. ``only``: one process draws
    for what is called so at a time; Undrawn is raised where another one does."""
    drawn = Drawn(press)
    while True:
        try:
            async with transaction(engine) as session:
                return await act(session, drawn)
        except Undrawn as lacking:
            await _draw(engine, drawn, lacking, only)


async def _draw(engine: AsyncEngine, drawn: Drawn, lacking: Undrawn, only: str | None) -> None:
    if only is None:
        await drawn.draw(lacking.wanted)
        return
    async with only_here(engine, only) as here:
        if here is None:
            raise lacking
        await drawn.draw(lacking.wanted)
