"""Connections that stay open to bring evidence. One process listens on each; another takes over when it is gone."""

import asyncio
import logging
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import outlets
from app.db.engine import StoreUnavailable, clock, notify, only_here, transaction
from app.dispatch.evidence import matched, set_aside, take
from app.dispatch.press import HousePress
from app.dispatch.standing import standing
from app.dispatch.wiring import Settings
from app.flows.ports import Seal
from app.flows.tell import CHANGED
from channels.contract import Echo, Listens, Presence, Wire, WireError
from channels.registry import CARRIERS, keeps, listens

LOOK_SECONDS = 2.0
EARLY_SECONDS = 5.0
"""Evidence may overtake the settling of the send that it speaks of: so long it is tried again."""

log = logging.getLogger("huijia.listen")


@dataclass(slots=True)
class _Line:
    """``places``: the outlets by what they are called on it; ``groups``: them again, by what they share on a wire that
    keeps what it was sent."""

    carrier: Listens[Any]
    settings: BaseModel
    places: dict[str, int] = field(default_factory=dict)
    groups: dict[Hashable, tuple[BaseModel, list[int]]] = field(default_factory=dict)

    def add(self, id: int, settings: BaseModel) -> None:
        self.places[self.carrier.place(settings)] = id
        if keeps(self.carrier):
            self.groups.setdefault(self.carrier.group(settings), (settings, []))[1].append(id)


class Listening:
    """Keeps one listener for each line that the enrolled outlets have."""

    def __init__(self, engine: AsyncEngine, press: HousePress, seal: Seal, wire: Wire) -> None:
        self._engine, self._press, self._wire = engine, press, wire
        self._settings = Settings(seal)
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._lines: dict[Hashable, _Line] = {}
        self._editions: dict[str, object] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        try:
            while not stop.is_set():
                await self._match_outlets()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _match_outlets(self) -> None:
        try:
            for name, carrier in CARRIERS.items():
                if listens(carrier):
                    await self._look(name, carrier)
        except StoreUnavailable as e:
            log.warning("the database is away: %s", e)
            return
        except Exception:
            log.exception("which lines there are cannot be read")
            return
        for key in [k for k in self._running if k not in self._lines or self._running[k].done()]:
            self._running.pop(key).cancel()
        for key in self._lines:
            if key not in self._running:
                self._running[key] = asyncio.create_task(self._keep(key))

    async def _look(self, name: str, carrier: Listens[Any]) -> None:
        """Read the carrier's outlets anew where one of them has changed. One whose settings do not open is shown when it
        is sent to."""
        async with transaction(self._engine) as session:
            edition = await outlets.edition(session, name)
            if self._editions.get(name) == edition:
                return
            sealed = await outlets.sealed_of(session, name)
        found: dict[Hashable, _Line] = {}
        for id, one in sealed.items():
            try:
                settings = self._settings.of(name, one)
                found.setdefault((name, carrier.line(settings)), _Line(carrier, settings)).add(id, settings)
            except Exception:
                log.exception("settings of outlet %d on %s do not open", id, name)
        self._lines = {k: v for k, v in self._lines.items() if v.carrier.name != name} | found
        self._editions[name] = edition

    async def _keep(self, key: Hashable) -> None:
        """Listen whenever no other process does, and come back when the connection is lost."""
        while (line := self._lines.get(key)) is not None:
            try:
                async with only_here(self._engine, f"listen {key!r}") as gone:
                    if gone is not None:
                        await self._listen(key, line, gone)
            except WireError as e:
                log.warning("the line of %s was lost: %s", line.carrier.name, e.reason)
            except StoreUnavailable as e:
                log.warning("the database is away: %s", e)
            except Exception:
                log.exception("the listener of %s failed", line.carrier.name)
            await asyncio.sleep(1)

    async def _listen(self, key: Hashable, line: _Line, gone: asyncio.Event) -> None:
        log.info("listening carrier=%s", line.carrier.name)
        heard = partial(self._heard, key, line.carrier.name)
        listening = asyncio.ensure_future(line.carrier.listen(line.settings, heard, wire=self._wire))
        lost = asyncio.ensure_future(gone.wait())
        keeping = asyncio.ensure_future(self._remind(key))
        try:
            await asyncio.wait({listening, lost}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                listening.result()
        finally:
            for task in (listening, lost, keeping):
                task.cancel()
            await asyncio.gather(listening, lost, keeping, return_exceptions=True)

    async def _remind(self, key: Hashable) -> None:
        """Tell a wire that keeps what it was sent what that should be: at once, for nobody knows what happened while nobody
        listened, and now and then."""
        while (line := self._lines.get(key)) is not None and keeps(carrier := line.carrier):
            try:
                found, now = await standing(self._engine, self._press, list(line.groups.values()))
                await carrier.keep(line.settings, found, now=now, wire=self._wire)
            except StoreUnavailable as e:
                log.warning("the database is away: %s", e)
            except Exception:
                log.exception("what %s is to keep cannot be told", carrier.name)
            await asyncio.sleep(carrier.keep_every.total_seconds())

    async def _heard(self, key: Hashable, carrier: str, said: Sequence[Echo | Presence]) -> None:
        """Returns when all that can be matched is durable."""
        await self._note(key, [one for one in said if isinstance(one, Presence)])
        left, waited = [one for one in said if isinstance(one, Echo)], 0.0
        while left:
            left = await self._record(carrier, left)
            if not left or waited >= EARLY_SECONDS:
                break
            await asyncio.sleep(0.25)
            waited += 0.25
        if left:
            log.warning("%d pieces of evidence on %s fit no delivery", len(left), carrier)
            await self._set_aside(key, left)

    async def _set_aside(self, key: Hashable, echoes: Sequence[Echo]) -> None:
        """Operators see them, with the partner of the screen that spoke; a screen that nobody has enrolled belongs to
        whoever owns the line."""
        if (line := self._lines.get(key)) is None or not line.places:
            return
        owner = min(line.places.values())
        async with transaction(self._engine) as session:
            strays = [(line.places.get(one.place or "", owner), one) for one in echoes]
            await set_aside(session, strays, await clock(session))

    async def _note(self, key: Hashable, said: Sequence[Presence]) -> None:
        """Who came and who went; the last word of each counts. Nobody else's screen is of interest."""
        places = self._lines[key].places if key in self._lines else {}
        known = [one for one in said if one.place in places]
        if not known:
            return
        async with transaction(self._engine) as session:
            now = await clock(session)
            gone = {places[one.place]: None if one.there else min(one.at or now, now) for one in known}
            await outlets.came_and_went(session, gone)
            await notify(session, CHANGED)

    async def _record(self, carrier: str, echoes: Sequence[Echo]) -> list[Echo]:
        """Those that fit no delivery yet."""
        async with transaction(self._engine) as session:
            ids = await matched(session, carrier, None, echoes)
            said = [(id, echo.receipt) for id, echo in zip(ids, echoes, strict=True) if id is not None]
            if said:
                await take(session, said, await clock(session), self._press)
        return [echo for id, echo in zip(ids, echoes, strict=True) if id is None]
