"""From when on a claim must look. Asked now and then, for asking walks all that a claim is spared."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import claims
from app.db.claims import SINCE_EVER, Rank
from app.db.engine import StoreUnavailable, transaction

EVERY_SECONDS = 10.0

log = logging.getLogger("huijia.dispatch")


class LowWater:
    """As the ledger said last; since ever where it does not say."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._since: Mapping[Rank, datetime] = SINCE_EVER
        self._highest = max(self._since.values())

    def since(self, now: datetime) -> Mapping[Rank, datetime]:
        """At the database's ``now``. When its clock has stepped back nothing that was said holds."""
        if now < self._highest:
            self._set(SINCE_EVER)
        return self._since

    async def keep(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            try:
                async with transaction(self._engine) as session:
                    self._set(await claims.low_water(session))
            except StoreUnavailable:
                pass  # claiming says so already
            except Exception:
                log.exception("the queue's low water is not known")
                self._set(SINCE_EVER)
            await asyncio.sleep(EVERY_SECONDS)

    def _set(self, since: Mapping[Rank, datetime]) -> None:
        self._since, self._highest = since, max(since.values())
