"""What is read by the API and the console. Progress is derived here, never stored."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from app.db.engine import Session

Row = Mapping[str, Any]

# One row per outlet of an alert: its newest delivery (the retraction, where there is one) and the stage that this and its
# receipts come to. ``late``: accepted, and without its receipt for longer than the outlet's own window.
_PROGRESS = """
WITH newest AS (
  SELECT DISTINCT ON (alert_id, outlet_id) * FROM delivery WHERE alert_id = ANY(CAST(:alerts AS bigint[]))
  ORDER BY alert_id, outlet_id, number DESC
), said AS (
  SELECT d.id, d.alert_id, d.outlet_id, bool_or(r.contradicts) AS contradicts,
    min(r.at) FILTER (WHERE r.kind = 'aired' AND d.kind <> 'retract') AS aired_at,
    max(r.at) FILTER (WHERE r.kind = 'aired' AND d.kind <> 'retract') AS last_aired_at,
    max(r.at) FILTER (WHERE r.kind = 'taken_down' AND d.kind = 'retract') AS down_at
  FROM delivery d JOIN receipt r ON r.delivery_id = d.id WHERE d.alert_id = ANY(CAST(:alerts AS bigint[]))
  GROUP BY d.id
), ever AS (
  SELECT alert_id, outlet_id, min(aired_at) AS aired_at, max(last_aired_at) AS last_aired_at,
    bool_or(contradicts) AS contradicted
  FROM said GROUP BY alert_id, outlet_id
)
SELECT d.alert_id, o.id AS outlet_id, o.name AS outlet, o.channel, o.carrier, o.retracts, o.proves, p.name AS partner,
  p.phone, d.id AS delivery_id, d.number, d.kind, d.state, d.tries, d.reason, d.detail, d.created_at, d.accepted_at,
  d.confirmed_at, d.due_at,
  CASE WHEN o.lane <> 'played' THEN o.gone_at WHEN o.heard_at < now() - interval '1 minute' THEN o.heard_at END AS gone_at,
  ever.aired_at, said.down_at, coalesce(ever.contradicted, false) AS contradicted,
  CASE
    WHEN d.kind = 'retract' THEN CASE
      WHEN ever.last_aired_at > said.down_at THEN 'down_contradicted'
      WHEN said.down_at IS NOT NULL THEN 'down'
      WHEN d.state = 'failed' THEN 'down_failed'
      WHEN d.state <> 'accepted' THEN 'down_waiting'
      WHEN o.retracts = 'follow_up' THEN 'corrected'
      WHEN o.proves <> 'nothing' AND late.yes THEN 'down_overdue'
      ELSE 'down_accepted' END
    WHEN d.state = 'superseded' THEN 'spared'
    WHEN d.state = 'failed' THEN 'failed'
    WHEN d.state = 'confirmed' AND said.aired_at IS NOT NULL THEN 'aired'
    WHEN d.state = 'confirmed' THEN 'received'
    WHEN d.state <> 'accepted' THEN 'waiting'
    WHEN o.proves <> 'nothing' AND late.yes THEN 'overdue'
    ELSE 'accepted'
  END AS stage
FROM newest d
JOIN outlet o ON o.id = d.outlet_id JOIN partner p ON p.id = o.partner_id
LEFT JOIN said ON said.id = d.id
LEFT JOIN ever ON ever.alert_id = d.alert_id AND ever.outlet_id = d.outlet_id
CROSS JOIN LATERAL (SELECT d.accepted_at < now() - make_interval(mins => o.receipt_minutes) AS yes) late
"""

UNDELIVERED = ("waiting", "failed", "down_waiting", "down_failed")
NEEDS_A_PERSON = ("failed", "overdue", "down_contradicted", "down_failed", "down_overdue")


async def progress(session: Session, alert_id: int) -> Sequence[Row]:
    """Every outlet that has had a delivery of the alert, with its stage; by channel and name."""
    found = await session.execute(text(_PROGRESS + "ORDER BY o.channel, o.name, o.id"), {"alerts": [alert_id]})
    return [dict(r._mapping) for r in found]


async def stages(session: Session, alert_ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
    """How many outlets of each alert are at each stage."""
    statement = f"SELECT alert_id, stage, count(*) AS n FROM ({_PROGRESS}) q GROUP BY alert_id, stage"
    counts: dict[int, dict[str, int]] = {id: {} for id in alert_ids}
    for r in await session.execute(text(statement), {"alerts": list(alert_ids)}):
        counts[r.alert_id][r.stage] = r.n
    return counts


async def alerts(session: Session, *, live: bool, limit: int) -> Sequence[Row]:
    """Live or ended alerts, newest first, with what the public was last told (``told``). Among the ended, those that are
    not down everywhere come before all others, however old."""
    found = await session.execute(
        text(
            "SELECT a.id, a.code, a.status, a.state, a.organ_code, g.name AS organ, a.area_code, a.lon, a.lat, a.lost_at, "
            "a.head, a.reach_km, a.created_at, a.expires_at, a.ended_at, a.end_reason, n.body AS told "
            "FROM alert a JOIN organ g ON g.code = a.organ_code JOIN LATERAL (SELECT body FROM notice "
            "WHERE alert_id = a.id AND kind <> 'retract' ORDER BY number DESC LIMIT 1) n ON true "
            "WHERE (a.state = 'active') = :live ORDER BY EXISTS (SELECT 1 FROM delivery d WHERE d.alert_id = a.id "
            "AND a.ended_at IS NOT NULL AND d.number = a.head AND d.state IN ('pending', 'sending', 'failed')) DESC, "
            "a.status = 'actual' DESC, a.created_at DESC LIMIT :limit"
        ),
        {"live": live, "limit": limit},
    )
    return [dict(r._mapping) for r in found]


async def notices(session: Session, alert_id: int) -> Sequence[Row]:
    """The alert's notices, oldest first."""
    found = await session.execute(
        text("SELECT number, kind, issued_by, issued_at, body FROM notice WHERE alert_id = :alert ORDER BY number"),
        {"alert": alert_id},
    )
    return [dict(r._mapping) for r in found]


async def counts(session: Session, alert_id: int) -> Sequence[Row]:
    """Deliveries by notice, channel and state."""
    found = await session.execute(
        text(
            "SELECT d.number, d.kind, o.channel, d.state, count(*) AS count FROM delivery d "
            "JOIN outlet o ON o.id = d.outlet_id WHERE d.alert_id = :alert "
            "GROUP BY d.number, d.kind, o.channel, d.state ORDER BY d.number, o.channel, d.state"
        ),
        {"alert": alert_id},
    )
    return [dict(r._mapping) for r in found]


async def oldest_undelivered(session: Session, alert_id: int | None = None) -> Row | None:
    """The delivery that has waited longest, for whatever reason: due, being sent, paced, unfetched or failed. In the
    newest notice of one alert, or of all alerts."""
    found = await session.execute(
        text(
            "SELECT a.code AS alert, d.id AS delivery_id, o.name AS outlet, o.channel, d.kind, d.state, d.reason, "
            "d.created_at AS since, extract(epoch FROM now() - d.created_at)::float AS seconds, count(*) OVER () AS count "
            "FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number "
            "JOIN outlet o ON o.id = d.outlet_id WHERE d.state IN ('pending', 'sending', 'failed') "
            "AND (CAST(:alert AS bigint) IS NULL OR a.id = :alert) ORDER BY d.created_at, d.id LIMIT 1"
        ),
        {"alert": alert_id},
    )
    return dict(r._mapping) if (r := found.one_or_none()) else None


async def late_to_expire(session: Session) -> int:
    """Live alerts whose time was up more than ten seconds ago: nobody sweeps, and screens still show them."""
    found = await session.execute(
        text("SELECT count(*) FROM alert WHERE state = 'active' AND expires_at < now() - interval '10 seconds'")
    )
    return int(found.scalar_one())


async def retractions_unheard(session: Session, seconds: float) -> int:
    """Outlets that may show an ended alert and have not taken its retraction for so long, whatever it waits for."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number "
            "WHERE d.kind = 'retract' AND d.state IN ('pending', 'sending', 'failed') "
            "AND d.created_at < now() - make_interval(secs => :seconds)"
        ),
        {"seconds": seconds},
    )
    return int(found.scalar_one())


async def unclaimed(session: Session, seconds: float) -> int:
    """Deliveries that have been due for so long and nobody takes them up."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM (SELECT 1 FROM delivery d WHERE d.state = 'pending' AND d.lane = 'push' "
            "AND d.due_at < now() - make_interval(secs => :seconds) AND d.number = (SELECT a.head FROM alert a "
            "WHERE a.id = d.alert_id AND (d.kind = 'retract' OR a.expires_at > now())) LIMIT 1000) q"
        ),
        {"seconds": seconds},
    )
    return int(found.scalar_one())


async def recent_deliveries(session: Session) -> Sequence[Row]:
    """Deliveries of the newest notice of every alert that is live or ended within a week, by kind, channel and state."""
    found = await session.execute(
        text(
            "SELECT o.channel, d.kind, d.state, count(*) AS count FROM alert a JOIN delivery d ON d.alert_id = a.id "
            "AND d.number = a.head JOIN outlet o ON o.id = d.outlet_id "
            "WHERE a.state = 'active' OR a.ended_at > now() - interval '7 days' GROUP BY o.channel, d.kind, d.state"
        )
    )
    return [dict(r._mapping) for r in found]


async def oldest_by_wait(session: Session) -> Sequence[Row]:
    """Age in seconds and count of what is undelivered, by what it waits for: due, retry, sending, paced, polled, failed."""
    found = await session.execute(
        text(
            "SELECT CASE WHEN d.state <> 'pending' THEN d.state WHEN d.lane <> 'push' THEN d.lane "
            "WHEN d.tries > 0 THEN 'retry' ELSE 'due' END AS waits, count(*) AS count, "
            "extract(epoch FROM now() - min(d.created_at))::float AS seconds "
            "FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number "
            "WHERE d.state IN ('pending', 'sending', 'failed') GROUP BY 1"
        )
    )
    return [dict(r._mapping) for r in found]


async def deliveries(session: Session, alert_id: int, after: int, limit: int) -> Sequence[Row]:
    """A page of the alert's deliveries by id, each with its attempts and receipts."""
    found = await session.execute(
        text(
            "SELECT d.id, d.number, d.kind, d.state, d.tries, d.reason, d.detail, d.reference, d.created_at, d.due_at, "
            "d.accepted_at, d.confirmed_at, o.id AS outlet_id, o.name AS outlet, o.channel, o.carrier, o.proves, o.retracts, "
            "p.name AS partner, "
            "coalesce((SELECT jsonb_agg(jsonb_build_object('number', t.number, 'started_at', t.started_at, "
            "'finished_at', t.finished_at, 'outcome', t.outcome, 'reason', t.reason, 'detail', t.detail) ORDER BY t.id) "
            "FROM attempt t WHERE t.delivery_id = d.id), '[]') AS attempts, "
            "coalesce((SELECT jsonb_agg(jsonb_build_object('kind', r.kind, 'at', r.at, 'received_at', r.received_at, "
            "'note', r.note, 'evidence', r.evidence, 'contradicts', r.contradicts) ORDER BY r.id) "
            "FROM receipt r WHERE r.delivery_id = d.id), '[]') AS receipts "
            "FROM delivery d JOIN outlet o ON o.id = d.outlet_id JOIN partner p ON p.id = o.partner_id "
            "WHERE d.alert_id = :alert AND d.id > :after ORDER BY d.id LIMIT :limit"
        ),
        {"alert": alert_id, "after": after, "limit": limit},
    )
    return [dict(r._mapping) for r in found]


async def unmatched_receipts(session: Session, limit: int) -> Sequence[Row]:
    """Receipts that fit no delivery, newest first, of the last week."""
    found = await session.execute(
        text(
            "SELECT p.name AS partner, r.kind, r.at, r.received_at, r.said_for, r.note FROM receipt r "
            "JOIN partner p ON p.id = r.partner_id WHERE r.delivery_id IS NULL "
            "AND r.received_at > now() - interval '7 days' ORDER BY r.id DESC LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [dict(r._mapping) for r in found]
