"""What became of deliveries, one by one: every attempt and every receipt, in the words that are fit to show."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from app.db.engine import Session

Row = Mapping[str, Any]

_DELIVERY = """
SELECT d.id, a.code AS alert, a.status, d.number, d.kind, d.state, d.tries, d.reason, d.detail, d.reference, d.created_at,
  d.due_at, d.accepted_at, d.confirmed_at, d.number = a.head AS newest, o.id AS outlet_id, o.name AS outlet, o.channel,
  o.carrier, o.proves, o.retracts, p.name AS partner,
  coalesce((SELECT jsonb_agg(jsonb_build_object('number', t.number, 'started_at', t.started_at, 'finished_at', t.finished_at,
    'outcome', t.outcome, 'reason', t.reason, 'detail', t.detail) ORDER BY t.id)
    FROM attempt t WHERE t.delivery_id = d.id), '[]') AS attempts,
  coalesce((SELECT jsonb_agg(jsonb_build_object('kind', r.kind, 'at', r.at, 'until', r.until, 'received_at', r.received_at,
    'note', r.note, 'evidence', r.evidence, 'contradicts', r.contradicts) ORDER BY r.id)
    FROM receipt r WHERE r.delivery_id = d.id), '[]') AS receipts
FROM delivery d JOIN alert a ON a.id = d.alert_id JOIN outlet o ON o.id = d.outlet_id JOIN partner p ON p.id = o.partner_id
"""


async def of_alert(session: Session, alert_id: int, after: int, limit: int) -> Sequence[Row]:
    """A page of the alert's deliveries by id, oldest first."""
    return await _rows(
        session, "WHERE d.alert_id = :alert AND d.id > :after ORDER BY d.id LIMIT :limit",
        alert=alert_id, after=after, limit=limit,
    )  # fmt: skip


async def of_outlets(
    session: Session, partner_id: int | None, outlet_id: int | None, before: int | None, limit: int, *, live: bool
) -> Sequence[Row]:
    """A page of deliveries to one outlet, or to all of a partner, newest first and below ``before``; for a test key (not
    ``live``) nothing actual."""
    return await _rows(
        session,
        "WHERE (CAST(:partner AS bigint) IS NULL OR o.partner_id = :partner) "
        "AND (CAST(:outlet AS bigint) IS NULL OR d.outlet_id = :outlet) "
        "AND d.id < coalesce(CAST(:before AS bigint), 9223372036854775807) "
        "AND (:live OR a.status <> 'actual') ORDER BY d.id DESC LIMIT :limit",
        partner=partner_id, outlet=outlet_id, before=before, limit=limit, live=live,
    )  # fmt: skip


async def one(session: Session, id: int, partner_id: int | None, *, live: bool) -> Row | None:
    """One delivery of the partner (of any, when ``None``); for a test key (not ``live``) none of an actual alert."""
    found = await _rows(
        session,
        "WHERE d.id = :id AND (CAST(:partner AS bigint) IS NULL OR o.partner_id = :partner) "
        "AND (:live OR a.status <> 'actual')",
        id=id, partner=partner_id, live=live,
    )  # fmt: skip
    return found[0] if found else None


async def _rows(session: Session, which: str, **values: Any) -> Sequence[Row]:
    return [dict(r._mapping) for r in await session.execute(text(_DELIVERY + which), values)]
