"""What waits for a moment to come, or was written at one, when the database's clock is set back: it would wait until that time
has come again."""

from datetime import timedelta

from sqlalchemy import text

from app.db.engine import Session


def _now(table: str, column: str, *, key: str = "id", until: str = "now()", only: str = "true", more: str = "") -> str:
    """What is later than ``until`` is then. Of a row that is locked somebody is taking care just now: it is passed over, and
    nobody waits for anybody."""
    return (
        f"UPDATE {table} SET {column} = {until}{more} WHERE {key} = ANY (ARRAY(SELECT {key} FROM {table} "
        f"WHERE {only} AND {column} > {until} FOR NO KEY UPDATE SKIP LOCKED))"
    )


LATER = (
    _now("delivery", "due_at", only="state = 'pending'"),
    _now("delivery", "tend_at"),
    _now("delivery", "lease_until", until="now() + CAST(:lease AS interval)"),
    _now("outlet", "probe_at"),
    _now("outlet", "heard_at"),
    _now("outlet", "failing_since"),
    _now("alert", "swept_at"),
    _now("trial", "at"),
    _now("worker", "seen_at", key="name"),
    _now("presence", "seen_at", key="partner_id"),
    _now("slowed", "last_at", key="key", more=", not_before = least(not_before, now())"),
)


async def bring_forward(session: Session, what: str, *, lease: timedelta) -> None:
    """What waits for a moment to come is due now, once too often; no send is waited for longer than the longest ``lease``; and
    what was seen or tried at a moment to come was so now. ``what`` is one of ``LATER``, each for a transaction of its own."""
    await session.execute(text(what), {"lease": lease})
