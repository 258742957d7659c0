"""Outlets that a person must look after, whatever alert they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.db.engine import Session


@dataclass(frozen=True, slots=True)
class Resting:
    """An outlet that failed so often that it is only tried now and then. ``trouble``: the last failure, a word."""

    id: int
    name: str
    partner: str
    phone: str
    since: datetime
    trouble: str


async def resting(session: Session, limit: int) -> tuple[int, Sequence[Resting]]:
    """How many outlets are in quarantine, and those that have been in it longest."""
    found = await session.execute(
        text(
            "SELECT o.id, o.name, p.name AS partner, p.phone, o.quarantined_at, coalesce(o.trouble, '') AS trouble, "
            "count(*) OVER () AS total FROM outlet o JOIN partner p ON p.id = o.partner_id "
            "WHERE o.quarantined_at IS NOT NULL AND NOT o.paused ORDER BY o.quarantined_at LIMIT :limit"
        ),
        {"limit": limit},
    )
    rows = found.all()
    return (rows[0].total if rows else 0), [
        Resting(r.id, r.name, r.partner, r.phone, r.quarantined_at, r.trouble) for r in rows
    ]


async def unmatched(session: Session) -> int:
    """How many receipts of the last week fit no delivery."""
    found = await session.execute(
        text("SELECT count(*) FROM receipt WHERE delivery_id IS NULL AND received_at > now() - interval '7 days'")
    )
    return int(found.scalar_one())
