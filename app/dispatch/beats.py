"""Heartbeats to far ends whose wire asks for them: that we are there, and whether they are. One process sends them."""

import asyncio
import logging
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import outlets
from app.db.engine import StoreUnavailable, clock, only_here, transaction
from app.dispatch.press import HousePress
from app.dispatch.wiring import Settings
from app.flows.ports import Seal
from channels.contract import Accepted, Beats, Wire
from channels.registry import CARRIERS, beats

LOOK_SECONDS = 5.0

log = logging.getLogger("huijia.beat")


class Heart:
    """Beats for every outlet of such a wire, each carrier at its own pace."""

    def __init__(self, engine: AsyncEngine, press: HousePress, seal: Seal, wire: Wire) -> None:
        self._engine, self._wire = engine, wire
        self._settings = Settings(seal, press.inbound)

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``; while another process beats, wait."""
        while not stop.is_set():
            try:
                async with only_here(self._engine, "heartbeats") as gone:
                    while gone is not None and not gone.is_set() and not stop.is_set():
                        await asyncio.gather(*(self._all_of(name, how) for name, how in CARRIERS.items() if beats(how)))
                        await _pause(stop, min((how.beat_every.total_seconds() for how in CARRIERS.values() if beats(how)),
                                               default=60.0))  # fmt: skip
            except StoreUnavailable:
                log.warning("no heartbeats: the database is away")
            except Exception:
                log.exception("heartbeats failed")
            await _pause(stop, LOOK_SECONDS)

    async def _all_of(self, name: str, how: Beats) -> None:
        async with transaction(self._engine) as session:
            places = await outlets.at_work(session, name)
        await asyncio.gather(*(self._one(how, id, sealed) for id, sealed in places.items()))

    async def _one(self, how: Beats, outlet_id: int, sealed: bytes) -> None:
        try:
            async with transaction(self._engine) as session:
                now = await clock(session)
            said = await how.beat(self._settings.of(how.name, sealed, outlet_id), now=now, wire=self._wire)
            if isinstance(said, Accepted):
                async with transaction(self._engine) as session:
                    await outlets.heard(session, outlet_id)
            else:
                log.warning("no heartbeat from outlet=%d carrier=%s: %s", outlet_id, how.name, said.reason)
        except Exception:
            log.exception("a heartbeat to outlet %d failed", outlet_id)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
