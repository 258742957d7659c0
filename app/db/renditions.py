"""What was rendered of a notice, with the faces it was rendered for."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from app.db.engine import Session


async def with_panels(session: Session, alert_id: int, number: int) -> Sequence[Mapping[str, Any]]:
    """By profile: its channel, panel, how many outlets of this notice have it, and what was rendered (``body``)."""
    found = await session.execute(
        text(
            "SELECT r.profile, r.body, o.channel, o.panel, n.outlets FROM rendition r JOIN (SELECT profile, "
            "min(outlet_id) AS one, count(*) AS outlets FROM delivery WHERE alert_id = :alert AND number = :number "
            "GROUP BY profile) n ON n.profile = r.profile JOIN outlet o ON o.id = n.one "
            "WHERE r.alert_id = :alert AND r.number = :number ORDER BY o.channel, r.profile"
        ),
        {"alert": alert_id, "number": number},
    )
    return [dict(r._mapping) for r in found]


async def faces(session: Session, outlet_ids: Sequence[int]) -> Sequence[Mapping[str, Any]]:
    """The profiles among these outlets: channel, panel, duty, and how many outlets have it."""
    found = await session.execute(
        text(
            "SELECT DISTINCT ON (profile) profile, channel, panel, duty, count(*) OVER (PARTITION BY profile) AS outlets "
            "FROM outlet WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY profile, id"
        ),
        {"ids": list(outlet_ids)},
    )
    return [dict(r._mapping) for r in found]
