"""What was rendered of a notice, with the faces it was rendered for."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from app.db.engine import Session

_WHO = (
    "count(*) AS outlets, array_agg(DISTINCT o.carrier) AS carriers, (array_agg(o.name ORDER BY o.name))[1:3] AS names"
)
"""How many outlets have a profile, the carriers that bring it there, and the first of their names."""


async def with_panels(session: Session, alert_id: int, number: int) -> Sequence[Mapping[str, Any]]:
    """By profile: its channel, panel and duty, which outlets of this notice have it (``outlets``: how many; ``carriers``;
    three ``names`` at most), and what was rendered (``body``)."""
    found = await session.execute(
        text(
            "SELECT r.profile, r.body, o.channel, o.panel, o.duty, n.outlets, n.carriers, n.names FROM rendition r "
            f"JOIN (SELECT d.profile, min(d.outlet_id) AS one, {_WHO} FROM delivery d JOIN outlet o ON o.id = d.outlet_id "
            "WHERE d.alert_id = :alert AND d.number = :number GROUP BY d.profile) n ON n.profile = r.profile "
            "JOIN outlet o ON o.id = n.one WHERE r.alert_id = :alert AND r.number = :number ORDER BY o.channel, r.profile"
        ),
        {"alert": alert_id, "number": number},
    )
    return [dict(r._mapping) for r in found]


async def faces(session: Session, outlet_ids: Sequence[int]) -> Sequence[Mapping[str, Any]]:
    """The profiles among these outlets: channel, panel, duty, and which outlets have it, as ``with_panels`` says it."""
    found = await session.execute(
        text(
            f"SELECT n.profile, one.channel, one.panel, one.duty, n.outlets, n.carriers, n.names FROM (SELECT o.profile, "
            f"min(o.id) AS one, {_WHO} FROM outlet o WHERE o.id = ANY(CAST(:ids AS bigint[])) GROUP BY o.profile) n "
            "JOIN outlet one ON one.id = n.one ORDER BY n.profile"
        ),
        {"ids": list(outlet_ids)},
    )
    return [dict(r._mapping) for r in found]
