"""How long it took: to the first airing, to 95 % of the outlets, to all down. In seconds, each outlet from when it was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.db.engine import Session

# What an outlet states counts when it says that it happened, but never before it was told nor after we heard. A correction
# in a chat is done when it was taken; so, for want of better, is a take-down where the wire can prove nothing.
_STEPS = """
WITH chosen AS (SELECT id FROM alert WHERE id = ANY(CAST(:alerts AS bigint[]))), told AS (
  SELECT d.alert_id, d.number, o.name, o.channel, d.created_at, d.kind, d.accepted_at,
    o.retracts = 'follow_up' OR o.proves = 'nothing' AS mute,
    (SELECT min(greatest(least(r.at, r.received_at), d.created_at)) FROM receipt r
      WHERE r.delivery_id = d.id AND r.kind = 'aired') AS aired_at,
    (SELECT min(greatest(least(r.at, r.received_at), d.created_at)) FROM receipt r
      WHERE r.delivery_id = d.id AND r.kind IN ('aired', 'received')) AS shown_at,
    (SELECT min(greatest(least(r.at, r.received_at), d.created_at)) FROM receipt r
      WHERE r.delivery_id = d.id AND r.kind = 'taken_down') AS down_at,
    (SELECT p.at FROM phoned p WHERE p.delivery_id = d.id AND p.undone_at IS NULL) AS phoned_at
  FROM chosen c JOIN delivery d ON d.alert_id = c.id AND d.state <> 'superseded' AND (d.number = 1 OR d.kind = 'retract')
  JOIN outlet o ON o.id = d.outlet_id
), steps AS (
  SELECT alert_id, number, name, channel, kind, mute, extract(epoch FROM accepted_at - created_at)::float AS accepted,
    extract(epoch FROM aired_at - created_at)::float AS aired, extract(epoch FROM shown_at - created_at)::float AS shown,
    extract(epoch FROM coalesce(down_at, phoned_at, CASE WHEN mute THEN accepted_at END) - created_at)::float AS down
  FROM told
)
"""
_SUMMARY = (
    _STEPS
    + """
SELECT a.id, a.code, a.status, a.created_at, a.ended_at,
  count(*) FILTER (WHERE s.kind <> 'retract') AS told,
  count(s.aired) FILTER (WHERE s.kind <> 'retract') AS aired, count(s.shown) FILTER (WHERE s.kind <> 'retract') AS shown,
  min(s.aired) FILTER (WHERE s.kind <> 'retract') AS first_aired,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY coalesce(s.shown, 'infinity')) FILTER (WHERE s.kind <> 'retract') AS most_shown,
  count(*) FILTER (WHERE s.kind = 'retract') AS recalled, count(s.down) FILTER (WHERE s.kind = 'retract') AS down,
  count(s.down) FILTER (WHERE s.kind = 'retract' AND s.mute) AS mute,
  max(coalesce(s.down, 'infinity')) FILTER (WHERE s.kind = 'retract') AS all_down
FROM alert a JOIN chosen c ON c.id = a.id LEFT JOIN steps s ON s.alert_id = a.id GROUP BY a.id ORDER BY a.created_at DESC
"""
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, or ``None`` where it has not come to that. ``told`` were to have the first notice; ``aired`` and ``shown``
    (aired or received) said so. ``recalled`` were told to take it down; ``down`` have, of which ``mute`` cannot prove it."""

    id: int
    code: str
    status: str
    created_at: datetime
    ended_at: datetime | None
    told: int
    aired: int
    shown: int
    first_aired: float | None
    most_shown: float | None
    recalled: int
    down: int
    mute: int
    all_down: float | None


async def paces(session: Session, alert_ids: Sequence[int]) -> Sequence[Pace]:
    """Newest alert first."""
    found = await session.execute(text(_SUMMARY), {"alerts": list(alert_ids)})
    return [
        Pace(
            r.id, r.code, r.status, r.created_at, r.ended_at, r.told, r.aired, r.shown, r.first_aired,
            _finite(r.most_shown), r.recalled, r.down, r.mute, _finite(r.all_down),
        )
        for r in found
    ]  # fmt: skip


def _finite(seconds: float | None) -> float | None:
    return None if seconds is None or seconds == float("inf") else seconds


async def curves(session: Session, alert_id: int) -> dict[str, Sequence[float]]:
    """By word (accepted, aired, shown, down): when each hundredth of all who were told had got there, shortest first. A
    curve that ends early did not get to all."""
    statement = (
        f"{_STEPS} SELECT " + ", ".join(
            f"percentile_disc((SELECT array_agg(n / 100.0) FROM generate_series(1, 100) n)) "
            f"WITHIN GROUP (ORDER BY coalesce({column}, 'infinity')) FILTER (WHERE kind {sign} 'retract') AS {word}"
            for word, column, sign in (
                ("accepted", "accepted", "<>"), ("aired", "aired", "<>"), ("shown", "shown", "<>"), ("down", "down", "="),
            )
        ) + " FROM steps"
    )  # fmt: skip
    row = (await session.execute(text(statement), {"alerts": [alert_id]})).one()
    return {word: [v for v in values or () if v != float("inf")] for word, values in row._mapping.items()}


async def of_month(session: Session, first: datetime, after: datetime) -> Sequence[int]:
    """The alerts that were issued in this span."""
    found = await session.execute(
        text("SELECT id FROM alert WHERE created_at >= :first AND created_at < :after AND head > 0"),
        {"first": first, "after": after},
    )
    return [r.id for r in found]


async def outlets(session: Session, alert_id: int) -> Sequence[dict[str, object]]:
    """Each outlet's own times, for a spreadsheet: seconds from when it was told, ``None`` where nothing came."""
    found = await session.execute(
        text(f"{_STEPS} SELECT number, kind, channel, name, accepted, aired, shown, down FROM steps ORDER BY 1, 3, 4"),
        {"alerts": [alert_id]},
    )
    return [dict(r._mapping) for r in found]
