"""What no claim will ever take: deliveries that were overtaken between two statements, and those whose time is over; or only
in a time that was to come, before the clock was set back."""

from datetime import timedelta

from sqlalchemy import text

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
            "WHERE state = 'pending' AND give_up_at <= now() AND lane NOT IN ('polled', 'played')"
        )
    )
    return done.rowcount


_LATER = (
    "UPDATE delivery SET due_at = now() WHERE id = ANY (ARRAY(SELECT l.id FROM delivery l WHERE l.state = 'pending' "
    "AND l.due_at > now() ORDER BY l.id FOR UPDATE))",
    "UPDATE delivery SET tend_at = now() WHERE id = ANY (ARRAY(SELECT l.id FROM delivery l WHERE l.tend_at > now() "
    "ORDER BY l.id FOR UPDATE))",
    "UPDATE delivery SET lease_until = now() + CAST(:lease AS interval) WHERE id = ANY (ARRAY(SELECT l.id FROM delivery l "
    "WHERE l.lease_until > now() + CAST(:lease AS interval) ORDER BY l.id FOR UPDATE))",
    "UPDATE outlet SET probe_at = now() WHERE id = ANY (ARRAY(SELECT o.id FROM outlet o WHERE o.probe_at > now() "
    "ORDER BY o.id FOR NO KEY UPDATE))",
    "UPDATE worker SET seen_at = now() WHERE seen_at > now()",
    "UPDATE presence SET seen_at = now() WHERE seen_at > now()",
)


async def bring_forward(session: Session, lease: timedelta) -> None:
    """The clock was set back, and whatever was to happen in a minute would happen when that time has come again: what waits
    for a moment to come is due now, once too often; no send is waited for longer than the longest ``lease``; and whoever was
    seen at a moment to come was seen now."""
    for statement in _LATER:
        await session.execute(text(statement), {"lease": lease} if ":lease" in statement else {})
