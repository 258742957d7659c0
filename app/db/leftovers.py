"""What no claim will ever take: deliveries that were overtaken between two statements, those whose time is over, and those
whose sender vanished."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from app.db.claims import Claimed, claimed
from app.db.engine import Session
from app.domain.words import DeliveryState


async def supersede(session: Session) -> int:
    """Pending deliveries that a newer notice has overtaken between two statements of a settle. No claim takes them."""
    done = await session.execute(
        text(
            "UPDATE delivery d SET state = :state FROM alert a "
            "WHERE a.id = d.alert_id AND d.state = 'pending' AND d.number < a.head"
        ),
        {"state": DeliveryState.SUPERSEDED},
    )
    return done.rowcount


async def give_up(session: Session) -> int:
    """Pending deliveries whose time is over fail, and are counted and shown as failed."""
    done = await session.execute(
        text(
            "UPDATE delivery SET state = 'failed', reason = coalesce(reason, 'timeout') "
            "WHERE state = 'pending' AND give_up_at <= now() AND lane <> 'polled'"
        )
    )
    return done.rowcount


async def lost(session: Session, limit: int) -> Sequence[tuple[Claimed, datetime]]:
    """Deliveries whose sender did not settle within its lease, with the moment the lease ended."""
    found = await session.execute(
        text(
            "SELECT id, alert_id, number, outlet_id, kind, lane, tries, give_up_at, profile, NULL AS prior, lease_until "
            "FROM delivery WHERE lease_until < now() ORDER BY alert_id, id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [(claimed(r), r.lease_until) for r in found]
