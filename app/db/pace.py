"""How long it took: to the first airing, to 95 % of the outlets, to all down. In seconds, each outlet from when it was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.db.engine import Session

# The first notice and the end at each outlet. What an outlet states counts when it says that it happened, but never before
# it was told nor after we heard. A correction in a chat is done when it was taken; so, for want of better, is a take-down
# where the wire can prove nothing; of the airing such an outlet (``silent``) can say nothing at all, and is not waited for.
# ``every_step`` has what a newer notice replaced before it was taken, too.
STEPS = """
WITH sent AS (
  SELECT d.alert_id, d.id, d.number, d.kind, d.state, d.reason, d.created_at, d.accepted_at, o.id AS outlet_id, o.name,
    o.channel, o.retracts = 'follow_up' OR o.proves = 'nothing' AS mute, o.proves = 'nothing' AS silent
  FROM delivery d JOIN outlet o ON o.id = d.outlet_id WHERE d.alert_id = ANY(CAST(:alerts AS bigint[]))
    AND (d.number = 1 OR d.kind = 'retract')
), heard AS (
  SELECT s.id, min(greatest(least(r.at, r.received_at), s.created_at)) FILTER (WHERE r.kind = 'aired') AS aired_at,
    min(greatest(least(r.at, r.received_at), s.created_at)) FILTER (WHERE r.kind IN ('aired', 'received')) AS shown_at,
    min(greatest(least(r.at, r.received_at), s.created_at)) FILTER (WHERE r.kind = 'taken_down') AS down_at
  FROM sent s JOIN receipt r ON r.delivery_id = s.id GROUP BY s.id
), told AS (
  SELECT s.*, h.aired_at, h.shown_at, h.down_at, p.at AS phoned_at FROM sent s LEFT JOIN heard h ON h.id = s.id
  LEFT JOIN phoned p ON p.delivery_id = s.id AND p.undone_at IS NULL
), every_step AS (
  SELECT alert_id, number, outlet_id, name, channel, kind, state, reason, mute, silent,
    extract(epoch FROM accepted_at - created_at)::float AS accepted,
    extract(epoch FROM aired_at - created_at)::float AS aired, extract(epoch FROM shown_at - created_at)::float AS shown,
    extract(epoch FROM coalesce(down_at, phoned_at, CASE WHEN mute THEN accepted_at END) - created_at)::float AS down
  FROM told
), steps AS (SELECT * FROM every_step WHERE state <> 'superseded')
"""
_SUMMARY = (
    STEPS
    + """
SELECT a.id, a.code, a.status, a.created_at, a.ended_at,
  count(*) FILTER (WHERE s.kind <> 'retract') AS told,
  count(s.aired) FILTER (WHERE s.kind <> 'retract') AS aired, count(s.shown) FILTER (WHERE s.kind <> 'retract') AS shown,
  min(s.aired) FILTER (WHERE s.kind <> 'retract') AS first_aired,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY coalesce(s.shown, 'infinity'))
    FILTER (WHERE s.kind <> 'retract' AND NOT s.silent) AS most_shown,
  count(*) FILTER (WHERE s.kind = 'retract') AS recalled, count(s.down) FILTER (WHERE s.kind = 'retract') AS down,
  count(s.down) FILTER (WHERE s.kind = 'retract' AND s.mute) AS mute,
  max(coalesce(s.down, 'infinity')) FILTER (WHERE s.kind = 'retract') AS all_down
FROM alert a LEFT JOIN steps s ON s.alert_id = a.id WHERE a.id = ANY(CAST(:alerts AS bigint[]))
GROUP BY a.id ORDER BY a.created_at DESC
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
        f"{STEPS} SELECT " + ", ".join(
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


async def outlets(session: Session, alert_id: int) -> Sequence[dict[str, Any]]:
    """Each outlet's own times, for a spreadsheet: seconds from when it was told, ``None`` where nothing came."""
    found = await session.execute(
        text(f"{STEPS} SELECT number, kind, channel, name, accepted, aired, shown, down FROM steps ORDER BY 1, 3, 4"),
        {"alerts": [alert_id]},
    )
    return [dict(r._mapping) for r in found]
