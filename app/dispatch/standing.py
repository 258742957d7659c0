"""What a wire that keeps what it was sent is to keep now, as the ledger has it."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import alerts, deliveries
from app.db.engine import clock, transaction
from app.dispatch.press import HousePress
from app.domain.backoff import RETRACTION_OUTLIVES
from app.domain.notice import from_json
from channels.contract import Rendition, Standing


async def standing(
    engine: AsyncEngine, press: HousePress, groups: Sequence[tuple[BaseModel, Sequence[int]]]
) -> tuple[Sequence[Standing], datetime]:
    """For each group of outlets (the settings of one of them, the ids of all) what it is to have of every alert; and as of
    when."""
    read: dict[tuple[int, int], dict[str, Rendition]] = {}
    found: list[Standing] = []
    async with transaction(engine) as session:
        for settings, outlet_ids in groups:
            for alert_id, number, profile in await deliveries.standing(session, outlet_ids, RETRACTION_OUTLIVES):
                if (alert_id, number) not in read:
                    notice = from_json(dict(await alerts.notice_body(session, alert_id, number)))
                    rendered = await alerts.renditions(session, alert_id, number)
                    read[alert_id, number] = {name: press.rendition(notice, body) for name, body in rendered.items()}
                if (rendition := read[alert_id, number].get(profile)) is not None:  # else it could not be worded
                    found.append(Standing(rendition, settings))
        return found, await clock(session)
