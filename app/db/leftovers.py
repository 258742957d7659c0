"""What no claim will ever take: deliveries that were overtaken between two statements, and those whose time is over."""

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
