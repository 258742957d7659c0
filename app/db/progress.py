"""What has become of an alert, outlet by outlet. Derived here from deliveries, receipts and telephone calls, never stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.db.engine import Session

Row = Mapping[str, Any]

# One row per outlet of an alert: its newest delivery (the retraction, where there is one) and the stage that this and its
# receipts come to. ``late``: accepted, and without its receipt for longer than the outlet's own window.
_STAGED = """
WITH newest AS (
  SELECT d.id, d.alert_id, d.outlet_id, d.number, d.kind, d.state, d.accepted_at, a.head
  FROM alert a JOIN delivery d ON d.alert_id = a.id
  WHERE a.id = ANY(CAST(:alerts AS bigint[])) AND (d.number = a.head OR NOT EXISTS (SELECT 1 FROM delivery n
    WHERE n.alert_id = d.alert_id AND n.outlet_id = d.outlet_id AND n.number > d.number))
), said AS (
  SELECT d.id, d.alert_id, d.outlet_id, bool_or(r.contradicts) AS contradicts,
    min(r.at) FILTER (WHERE r.kind = 'aired' AND d.kind <> 'retract') AS aired_at,
    max(r.at) FILTER (WHERE r.kind = 'aired' AND d.kind <> 'retract') AS last_aired_at,
    max(r.at) FILTER (WHERE r.kind = 'taken_down' AND d.kind = 'retract') AS down_at
  FROM delivery d JOIN receipt r ON r.delivery_id = d.id AND r.kind IN ('aired', 'taken_down')
  WHERE d.alert_id = ANY(CAST(:alerts AS bigint[])) GROUP BY d.id
), ever AS (
  SELECT alert_id, outlet_id, min(aired_at) AS aired_at, max(last_aired_at) AS last_aired_at,
    bool_or(contradicts) AS contradicted
  FROM said GROUP BY alert_id, outlet_id
), staged AS MATERIALIZED (
SELECT d.alert_id, d.outlet_id, d.id, d.number, d.state, d.head, d.accepted_at, o.name, o.channel, o.proves, o.partner_id,
  o.lon, o.lat, o.codes, o.receipt_minutes, ever.aired_at, said.down_at, ph.at AS phoned_at, ph.by AS phoned_by,
  coalesce(ever.contradicted, false) AND ph.at IS NULL AS contradicted,
  CASE
    WHEN d.kind = 'retract' THEN CASE
      WHEN ever.last_aired_at > greatest(said.down_at, ph.at) THEN 'down_contradicted'
      WHEN ph.at IS NOT NULL AND (said.down_at IS NULL OR ever.last_aired_at > said.down_at) THEN 'down_phoned'
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
JOIN outlet o ON o.id = d.outlet_id
LEFT JOIN said ON said.id = d.id
LEFT JOIN ever ON ever.alert_id = d.alert_id AND ever.outlet_id = d.outlet_id
LEFT JOIN phoned ph ON ph.delivery_id = d.id AND ph.undone_at IS NULL
CROSS JOIN LATERAL (SELECT d.accepted_at < now() - make_interval(mins => o.receipt_minutes) AS yes) late
)
"""

UNDELIVERED = ("waiting", "failed", "down_waiting", "down_failed")
NEEDS_A_PERSON = ("failed", "overdue", "down_contradicted", "down_failed", "down_overdue")


@dataclass(frozen=True, slots=True)
class Count:
    """How many outlets of an alert are at a stage. ``provable``: they have a way to say what they did. ``late_at``: when
    each of those that are waited for becomes overdue, in seconds of the epoch, the first first."""

    stage: str
    provable: bool
    number: int
    late_at: Sequence[float] = ()


async def counts(session: Session, alert_ids: Sequence[int]) -> Mapping[int, Sequence[Count]]:
    """The outlets of each alert, counted by stage."""
    found: dict[int, list[Count]] = {id: [] for id in alert_ids}
    statement = (
        f"{_STAGED} SELECT alert_id, stage, provable, count(*) AS n, array_agg(late_at ORDER BY late_at) "
        "FILTER (WHERE late_at IS NOT NULL) AS late_at FROM (SELECT alert_id, stage, proves <> 'nothing' AS provable, "
        "CASE WHEN proves <> 'nothing' AND stage IN ('accepted', 'down_accepted') "
        "THEN extract(epoch FROM accepted_at + make_interval(mins => receipt_minutes))::float END AS late_at FROM staged) q "
        "GROUP BY 1, 2, 3"
    )
    for r in await session.execute(text(statement), {"alerts": list(alert_ids)}):
        found[r.alert_id].append(Count(r.stage, r.provable, r.n, r.late_at or ()))
    return found


async def stages(session: Session, alert_ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
    """How many outlets of each alert are at each stage."""
    found: dict[int, dict[str, int]] = {}
    for id, counted in (await counts(session, alert_ids)).items():
        by_stage = found.setdefault(id, {})
        for c in counted:
            by_stage[c.stage] = by_stage.get(c.stage, 0) + c.number
    return found


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of an alert's outlets. ``counted``: all of them by stage, channel, whether they can prove anything, and
    whether an operator may ask again; ``matching``: how many fit what was asked for."""

    rows: Sequence[Row]
    counted: Sequence[Row]
    matching: int


_SHEET = (
    _STAGED
    + """
, counted AS (
  SELECT stage, channel, proves <> 'nothing' AS provable, state = 'failed' AND number = head AS may_ask, count(*) AS n
  FROM staged GROUP BY 1, 2, 3, 4
), fits AS (
  SELECT s.*, p.name AS partner, p.phone FROM staged s JOIN partner p ON p.id = s.partner_id
  WHERE (:stage = '' OR s.stage = :stage) AND (:channel = '' OR s.channel = :channel)
    AND (:find = '' OR position(lower(:find) IN lower(s.name)) > 0 OR position(lower(:find) IN lower(p.name)) > 0)
), page AS (
  SELECT * FROM fits ORDER BY NOT contradicted, array_position(CAST(:order AS text[]), stage), channel, name, outlet_id
  OFFSET :offset LIMIT :limit
)
SELECT c.counted, c.matching, s.outlet_id, s.name AS outlet, s.channel, s.proves, s.partner, s.phone, s.id AS delivery_id,
  s.number, s.state, s.stage, s.aired_at, s.down_at, s.phoned_at, s.phoned_by, s.contradicted, d.kind, d.tries, d.reason,
  d.detail, d.created_at, d.accepted_at, d.confirmed_at, d.due_at,
  (SELECT CASE WHEN o.lane <> 'played' THEN o.gone_at WHEN o.heard_at < now() - interval '1 minute' THEN o.heard_at END
    FROM outlet o WHERE o.id = s.outlet_id) AS gone_at,
  (SELECT r.proof FROM receipt r JOIN delivery e ON e.id = r.delivery_id WHERE e.alert_id = s.alert_id
    AND e.outlet_id = s.outlet_id AND r.proof IS NOT NULL ORDER BY r.id DESC LIMIT 1) AS proof
FROM (SELECT (SELECT coalesce(jsonb_agg(counted), '[]') FROM counted) AS counted, (SELECT count(*) FROM fits) AS matching) c
LEFT JOIN page s ON true LEFT JOIN delivery d ON d.id = s.id
ORDER BY NOT s.contradicted, array_position(CAST(:order AS text[]), s.stage), s.channel, s.name, s.outlet_id
"""
)


async def sheet(
    session: Session,
    alert_id: int,
    *,
    stage: str,
    channel: str,
    find: str,
    order: Sequence[str],
    offset: int,
    limit: int,
) -> Sheet:
    """One page: what is contradicted first, then by ``order`` of stages, channel and name. Empty words choose all."""
    found = await session.execute(
        text(_SHEET),
        {"alerts": [alert_id], "stage": stage, "channel": channel, "find": find, "order": list(order), "offset": offset,
         "limit": limit},
    )  # fmt: skip
    rows = [dict(r._mapping) for r in found.all()]
    return Sheet([r for r in rows if r["outlet_id"] is not None], rows[0]["counted"], rows[0]["matching"])


async def places(session: Session, alert_id: int, cells_a_degree: int) -> Sequence[Row]:
    """Where the alert's outlets are and at which stage, counted by cell (``lon``, ``lat``: the middle of one): a map has as
    many dots as cells, however many outlets there are. Without a position: by the codes that they serve."""
    found = await session.execute(
        text(
            f"{_STAGED} SELECT stage, (floor(lon * :n) + 0.5) / :n AS lon, (floor(lat * :n) + 0.5) / :n AS lat, "
            "CASE WHEN lon IS NULL THEN codes END AS codes, count(*) AS n FROM staged GROUP BY 1, 2, 3, 4"
        ),
        {"alerts": [alert_id], "n": float(cells_a_degree)},
    )
    return [dict(r._mapping) for r in found.all()]


async def standing(
    session: Session, alert_id: int, cells_a_degree: int, dots: Sequence[Row], limit: int
) -> Sequence[Row]:
    """The outlets that these rows of ``places`` count, the first rows' first."""
    cells = [(d["lon"], d["lat"], " ".join(d["codes"] or ())) for d in dots]
    found = await session.execute(
        text(
            f"{_STAGED} SELECT s.outlet_id, s.name AS outlet, s.channel, s.stage FROM staged s "
            "JOIN (SELECT x, y, codes, min(place) AS place FROM unnest(CAST(:xs AS int[]), CAST(:ys AS int[]), "
            "CAST(:codes AS text[])) WITH ORDINALITY AS c(x, y, codes, place) GROUP BY 1, 2, 3) c "
            "ON CASE WHEN s.lon IS NULL THEN c.x IS NULL AND c.codes = array_to_string(s.codes, ' ') "
            "ELSE c.x = floor(s.lon * :n) AND c.y = floor(s.lat * :n) END ORDER BY c.place, s.name, s.outlet_id LIMIT :limit"
        ),
        {
            "alerts": [alert_id], "n": float(cells_a_degree), "limit": limit, "codes": [codes for _, _, codes in cells],
            "xs": [None if x is None else int(x * cells_a_degree) for x, _, _ in cells],
            "ys": [None if y is None else int(y * cells_a_degree) for _, y, _ in cells],
        },
    )  # fmt: skip
    return [dict(r._mapping) for r in found.all()]


async def waited_for(session: Session, alert_id: int, stages: Sequence[str], limit: int) -> Sequence[Row]:
    """The outlets at these stages, those that failed and those that have waited longest first, with who can be called."""
    found = await session.execute(
        text(
            f"{_STAGED} SELECT s.outlet_id, s.id AS delivery_id, s.name AS outlet, s.channel, s.stage, s.proves, "
            "p.name AS partner, p.phone, d.reason, d.created_at, d.accepted_at, d.tries FROM staged s "
            "JOIN partner p ON p.id = s.partner_id JOIN delivery d ON d.id = s.id "
            "WHERE s.stage = ANY(CAST(:stages AS text[])) "
            "ORDER BY array_position(CAST(:stages AS text[]), s.stage), s.proves = 'nothing', p.name, s.name LIMIT :limit"
        ),
        {"alerts": [alert_id], "stages": list(stages), "limit": limit},
    )
    return [dict(r._mapping) for r in found.all()]
