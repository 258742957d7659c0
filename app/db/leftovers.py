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


# Of what is locked somebody is taking care just now: it is passed over, and nobody waits for anybody. The window of a paced
# outlet was counted by the time of before, and is not any more: what waited for it rests until that window must be over.
LATER = (
    "UPDATE delivery SET due_at = now() + CASE WHEN lane = 'paced' AND kind <> 'retract' THEN CAST(:window AS interval) "
    "ELSE interval '0' END WHERE id = ANY (ARRAY(SELECT l.id FROM delivery l WHERE l.state = 'pending' "
    "AND l.due_at > now() + CASE WHEN l.lane = 'paced' AND l.kind <> 'retract' THEN CAST(:window AS interval) "
    "ELSE interval '0' END FOR UPDATE SKIP LOCKED))",
    "UPDATE delivery SET tend_at = now() WHERE id = ANY (ARRAY(SELECT l.id FROM delivery l WHERE l.tend_at > now() "
    "FOR UPDATE SKIP LOCKED))",
    "UPDATE delivery SET lease_until = now() + CAST(:lease AS interval) WHERE id = ANY (ARRAY(SELECT l.id FROM delivery l "
    "WHERE l.lease_until > now() + CAST(:lease AS interval) FOR UPDATE SKIP LOCKED))",
    "UPDATE outlet SET probe_at = now() WHERE id = ANY (ARRAY(SELECT o.id FROM outlet o WHERE o.probe_at > now() "
    "FOR NO KEY UPDATE SKIP LOCKED))",
    "UPDATE outlet SET heard_at = now() WHERE id = ANY (ARRAY(SELECT o.id FROM outlet o WHERE o.heard_at > now() "
    "FOR NO KEY UPDATE SKIP LOCKED))",
    "UPDATE outlet SET failing_since = now() WHERE id = ANY (ARRAY(SELECT o.id FROM outlet o WHERE o.failing_since > now() "
    "FOR NO KEY UPDATE SKIP LOCKED))",
    "UPDATE alert SET swept_at = now() WHERE id = ANY (ARRAY(SELECT a.id FROM alert a WHERE a.swept_at > now() "
    "FOR NO KEY UPDATE SKIP LOCKED))",
    "UPDATE trial SET at = now() WHERE id = ANY (ARRAY(SELECT t.id FROM trial t WHERE t.at > now() FOR UPDATE SKIP LOCKED))",
    "UPDATE worker SET seen_at = now() WHERE name = ANY (ARRAY(SELECT w.name FROM worker w WHERE w.seen_at > now() "
    "FOR UPDATE SKIP LOCKED))",
    "UPDATE presence SET seen_at = now() WHERE partner_id = ANY (ARRAY(SELECT p.partner_id FROM presence p "
    "WHERE p.seen_at > now() FOR UPDATE SKIP LOCKED))",
    "UPDATE slowed SET last_at = now(), not_before = least(not_before, now()) WHERE key = ANY (ARRAY(SELECT s.key FROM slowed s "
    "WHERE s.last_at > now() FOR UPDATE SKIP LOCKED))",
)


async def bring_forward(session: Session, what: str, *, lease: timedelta, window: timedelta) -> int:
    """The clock was set back, and whatever was to happen in a minute would happen when that time has come again: what waits
    for a moment to come is due now, once too often; no send is waited for longer than the longest ``lease``; and what was
    seen or tried at a moment to come was so now. ``what`` is one of ``LATER``, each for a transaction of its own."""
    given = {":lease": lease, ":window": window}
    done = await session.execute(text(what), {name[1:]: value for name, value in given.items() if name in what})
    return done.rowcount
