"""When a partner last asked for its feed, and which partners that ought to ask have fallen silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.db.engine import Session


@dataclass(frozen=True, slots=True)
class Caller:
    """A partner with an outlet that polls. ``silent``: it has asked for nothing for longer than its window, or never
    within that time of its enrolment. ``waiting``: how many notices in force it has not taken."""

    id: int
    name: str
    phone: str
    silent_minutes: int
    last_seen_at: datetime | None
    silent: bool
    waiting: int


async def seen(session: Session, at: Mapping[int, datetime]) -> None:
    """Many partners in one statement; an earlier time never replaces a later one."""
    await session.execute(
        text(
            "INSERT INTO presence AS was (partner_id, seen_at) "
            "SELECT * FROM unnest(CAST(:partners AS bigint[]), CAST(:times AS timestamptz[])) ORDER BY 1 "
            "ON CONFLICT (partner_id) DO UPDATE SET seen_at = excluded.seen_at WHERE was.seen_at < excluded.seen_at"
        ),
        {"partners": list(at), "times": list(at.values())},
    )


async def windows(session: Session, partners: Sequence[int]) -> Mapping[int, int]:
    """How many minutes each partner may be silent."""
    found = await session.execute(
        text("SELECT id, silent_minutes FROM partner WHERE id = ANY(CAST(:partners AS bigint[]))"),
        {"partners": list(partners)},
    )
    return {r.id: r.silent_minutes for r in found}


async def callers(session: Session) -> Sequence[Caller]:
    """Every partner with an outlet that polls and is not paused, by name."""
    found = await session.execute(
        text(
            "SELECT p.id, p.name, p.phone, p.silent_minutes, s.seen_at, "
            "coalesce(s.seen_at, o.enrolled_at) < now() - make_interval(mins => p.silent_minutes) AS silent, "
            "(SELECT count(*) FROM delivery d JOIN outlet w ON w.id = d.outlet_id JOIN alert a ON a.id = d.alert_id "
            "WHERE w.partner_id = p.id AND d.lane = 'polled' AND d.state = 'pending' AND d.number = a.head) AS waiting "
            "FROM partner p JOIN (SELECT partner_id, min(created_at) AS enrolled_at FROM outlet "
            "WHERE lane = 'polled' AND NOT paused GROUP BY partner_id) o ON o.partner_id = p.id "
            "LEFT JOIN presence s ON s.partner_id = p.id ORDER BY p.name"
        )
    )
    return [Caller(r.id, r.name, r.phone, r.silent_minutes, r.seen_at, r.silent, r.waiting) for r in found]


async def silent_partners(session: Session) -> Sequence[Caller]:
    """Those who have fallen silent."""
    return [caller for caller in await callers(session) if caller.silent]
