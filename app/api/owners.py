"""Whose outlets are whose, for a reader who names one: asked once, for an outlet never changes hands."""

import asyncio

from app.db import outlets
from app.db.engine import StoreUnavailable, transaction
from app.domain.errors import NotFound
from app.flows.house import House

ASKED = 3.0
"""Seconds that the database may take to say it."""


class Owners:
    """A number that was mistyped must not look like an outlet for which there is nothing."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: set[tuple[int, int]] = set()

    async def check(self, partner: int, outlet: int) -> None:
        """Raises NotFound. While the database is away nobody is refused."""
        if (partner, outlet) in self._known:
            return
        try:
            async with asyncio.timeout(ASKED), transaction(self._house.engine) as session:
                found = (await outlets.enrolled(session, [outlet])).get(outlet)
        except (StoreUnavailable, TimeoutError):
            return
        if found is None or found.partner_id != partner:
            raise NotFound("没有这个发布点，或它不属于本单位。", "There is no such outlet, or it is not yours.")
        self._known.add((partner, outlet))
