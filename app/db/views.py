"""What is read by the API and the console about alerts and deliveries. What has become of them is in ``db.progress``."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from app.db.engine import Session

Row = Mapping[str, Any]

_ALERTS = """
SELECT a.id, a.code, a.status, a.state, a.organ_code, a.area_code, a.lon, a.lat, a.lost_at, a.head, a.reach_km,
  a.created_at, a.expires_at, a.ended_at, a.end_reason, n.body AS told
FROM (%s) chosen JOIN alert a ON a.id = chosen.id JOIN LATERAL (SELECT body FROM notice
  WHERE alert_id = a.id AND kind <> 'retract' ORDER BY number DESC LIMIT 1) n ON true ORDER BY chosen.place
"""
_LIVE = """SELECT id, row_number() OVER (ORDER BY status = 'actual' DESC, created_at DESC) AS place
FROM alert WHERE state = 'active' ORDER BY place LIMIT :limit"""
_ENDED = """SELECT id, row_number() OVER (ORDER BY open DESC, status = 'actual' DESC, ended_at DESC) AS place FROM (
  SELECT a.*, EXISTS (SELECT 1 FROM delivery d WHERE d.alert_id = a.id AND d.number = a.head
    AND d.state IN ('pending', 'sending', 'failed')
    AND NOT EXISTS (SELECT 1 FROM phoned p WHERE p.delivery_id = d.id AND p.undone_at IS NULL)) AS open
  FROM alert a WHERE a.ended_at IS NOT NULL) e ORDER BY place LIMIT :limit"""


async def alerts(session: Session, *, live: bool, limit: int) -> Sequence[Row]:
    """Live or ended alerts, newest first, with what the public was last told (``told``). Among the ended, those that are
    not down everywhere come before all others, however old."""
    found = await session.execute(text(_ALERTS % (_LIVE if live else _ENDED)), {"limit": limit})
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
            "WITH due AS MATERIALIZED (SELECT d.id, d.outlet_id, d.kind, d.state, d.reason, d.created_at, a.code FROM delivery d "
            "JOIN alert a ON a.id = d.alert_id AND a.head = d.number WHERE d.state IN ('pending', 'sending', 'failed') "
            "AND (CAST(:alert AS bigint) IS NULL OR a.id = :alert)) "
            "SELECT d.code AS alert, d.id AS delivery_id, o.name AS outlet, o.channel, d.kind, d.state, d.reason, "
            "d.created_at AS since, extract(epoch FROM now() - d.created_at)::float AS seconds, "
            "(SELECT count(*) FROM due) AS count FROM (SELECT * FROM due ORDER BY created_at, id LIMIT 1) d "
            "JOIN outlet o ON o.id = d.outlet_id"
        ),
        {"alert": alert_id},
    )
    return dict(r._mapping) if (r := found.one_or_none()) else None


async def oldest_of_each(session: Session) -> tuple[Row | None, Row | None]:
    """As ``oldest_undelivered``, over all alerts: of what is real, and of exercises and tests."""
    found = await session.execute(
        text(
            "WITH due AS MATERIALIZED (SELECT d.id, d.outlet_id, d.created_at, a.code, a.status <> 'actual' AS drill "
            "FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number "
            "WHERE d.state IN ('pending', 'sending', 'failed')) "
            "SELECT d.code AS alert, o.name AS outlet, d.drill, d.created_at AS since, "
            "(SELECT count(*) FROM due WHERE due.drill = k.drill) AS count, "
            "extract(epoch FROM now() - d.created_at)::float AS seconds FROM (VALUES (false), (true)) k (drill) "
            "JOIN LATERAL (SELECT * FROM due WHERE due.drill = k.drill ORDER BY created_at, id LIMIT 1) d ON true "
            "JOIN outlet o ON o.id = d.outlet_id"
        )
    )
    by_kind = {r.drill: dict(r._mapping) for r in found}
    return by_kind.get(False), by_kind.get(True)


async def late_to_expire(session: Session) -> int:
    """Live alerts whose time was up more than ten seconds ago: nobody sweeps, and screens still show them."""
    found = await session.execute(
        text("SELECT count(*) FROM alert WHERE state = 'active' AND expires_at < now() - interval '10 seconds'")
    )
    return int(found.scalar_one())


async def retractions_unheard(session: Session, seconds: float) -> int:
    """Outlets that may show an ended alert and have not taken its retraction for so long, whatever it waits for; or, where the
    clock was set back meanwhile, nobody knows for how long."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number "
            "WHERE d.kind = 'retract' AND d.state IN ('pending', 'sending', 'failed') "
            "AND NOT EXISTS (SELECT 1 FROM phoned p WHERE p.delivery_id = d.id AND p.undone_at IS NULL) "
            "AND (d.created_at < now() - make_interval(secs => :seconds) OR d.created_at > now() + interval '10 seconds')"
        ),
        {"seconds": seconds},
    )
    return int(found.scalar_one())


async def unclaimed(session: Session, seconds: float) -> int:
    """Deliveries that have been due for so long and nobody takes them up. What is held back for an outlet in quarantine is
    told with the outlet."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM (SELECT 1 FROM delivery d WHERE d.state = 'pending' AND d.lane = 'push' "
            "AND d.due_at < now() - make_interval(secs => :seconds) AND d.number = (SELECT a.head FROM alert a "
            "WHERE a.id = d.alert_id AND (d.kind = 'retract' OR a.expires_at > now())) AND (d.tries = 0 OR d.kind = 'retract' "
            "OR (SELECT o.id FROM outlet o WHERE o.id = d.outlet_id AND o.quarantined_at IS NOT NULL) IS NULL) LIMIT 1000) q"
        ),
        {"seconds": seconds},
    )
    return int(found.scalar_one())


async def recent_deliveries(session: Session) -> Sequence[Row]:
    """Deliveries of the newest notice of every alert that is live or ended within a day, by kind, channel and state."""
    found = await session.execute(
        text(
            "SELECT o.channel, d.kind, d.state, count(*) AS count FROM alert a JOIN delivery d ON d.alert_id = a.id "
            "AND d.number = a.head JOIN outlet o ON o.id = d.outlet_id "
            "WHERE a.state = 'active' OR a.ended_at > now() - interval '1 day' GROUP BY o.channel, d.kind, d.state"
        )
    )
    return [dict(r._mapping) for r in found]


async def oldest_by_wait(session: Session) -> Sequence[Row]:
    """Age in seconds and count of what is undelivered, by what it waits for: due, retry, sending, paced, polled, played, failed.
    What was tried before is a retry, while it waits and while it is sent, at whatever pace: its outlet is to blame."""
    found = await session.execute(
        text(
            "SELECT CASE WHEN d.state = 'failed' THEN 'failed' WHEN d.lane IN ('polled', 'played') THEN d.lane "
            "WHEN d.tries > (d.state = 'sending')::int THEN 'retry' WHEN d.state = 'sending' THEN 'sending' "
            "WHEN d.lane = 'paced' THEN 'paced' ELSE 'due' END AS waits, count(*) AS count, "
            "extract(epoch FROM now() - min(d.created_at))::float AS seconds "
            "FROM delivery d JOIN alert a ON a.id = d.alert_id AND a.head = d.number "
            "WHERE d.state IN ('pending', 'sending', 'failed') GROUP BY 1"
        )
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


async def unmatched(session: Session) -> int:
    """How many receipts of the last week fit no delivery."""
    found = await session.execute(
        text("SELECT count(*) FROM receipt WHERE delivery_id IS NULL AND received_at > now() - interval '7 days'")
    )
    return int(found.scalar_one())


async def oldest_snapshot(session: Session) -> float:
    """Seconds for which the oldest transaction of the database, ours or a stranger's, has kept what is dead from being
    cleared away. Of other roles' it knows only when it may read ``pg_monitor``."""
    found = await session.execute(
        text(
            "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float FROM pg_stat_activity "
            "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() "
            "AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)"  # the latter: BEGIN; UPDATE …; and a cup of tea
        )
    )
    return float(found.scalar_one())
