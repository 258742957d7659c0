"""Drills, and what became of them: derived from deliveries and receipts, never stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.db.engine import Session
from app.db.pace import STEPS

Row = Mapping[str, Any]

# One row for each chosen outlet. ``received``, ``aired`` and ``down`` are seconds from when it was told; ``lacks`` is the
# gravest step that has not come, of those that its wire can state: while a drill runs it may still come. The end is asked
# for only once there is one.
_RESULT = (
    STEPS
    + """
, chosen AS (
  SELECT r.alert_id, a.ended_at, unnest(r.outlets) AS outlet_id FROM drill r JOIN alert a ON a.id = r.alert_id
  WHERE r.alert_id = ANY(CAST(:alerts AS bigint[]))
), result AS (
  SELECT c.alert_id, o.id AS outlet_id, o.name AS outlet, o.channel, p.id AS partner_id, p.name AS partner, p.phone,
    o.proves = 'aired' AS airs, o.retracts = 'follow_up' OR o.proves = 'nothing' AS mute, up.number IS NOT NULL AS told,
    least(up.accepted, up.shown) AS received, up.aired, off.number IS NOT NULL AS recalled, off.down,
    CASE WHEN off.state = 'failed' THEN off.reason WHEN up.state IN ('failed', 'pending', 'superseded') THEN up.reason
      END AS reason,
    CASE
      WHEN up.number IS NULL THEN 'sent'
      WHEN least(up.accepted, up.shown) IS NULL THEN 'received'
      WHEN c.ended_at IS NOT NULL AND off.down IS NULL THEN 'down'
      WHEN o.proves = 'aired' AND up.aired IS NULL THEN 'aired'
    END AS lacks
  FROM chosen c JOIN outlet o ON o.id = c.outlet_id JOIN partner p ON p.id = o.partner_id
  LEFT JOIN every_step up ON up.alert_id = c.alert_id AND up.outlet_id = c.outlet_id AND up.kind <> 'retract'
  LEFT JOIN every_step off ON off.alert_id = c.alert_id AND off.outlet_id = c.outlet_id AND off.kind = 'retract'
  WHERE CAST(:partner AS bigint) IS NULL OR o.partner_id = :partner
)
"""
)
_GRAVEST = "'sent', 'received', 'down', 'aired'"


@dataclass(frozen=True, slots=True)
class Tally:
    """Of how many outlets (``chosen``) how many were told, took it, aired it (of ``airs`` that can state it) and took it
    down (of ``recalled``); ``lacking`` miss something. Seconds: half of them were as quick, and the slowest."""

    chosen: int
    told: int
    received: int
    airs: int
    aired: int
    recalled: int
    down: int
    lacking: int
    received_half: float | None
    received_last: float | None
    aired_half: float | None
    aired_last: float | None
    down_half: float | None
    down_last: float | None


_TALLY = "count(*), count(*) FILTER (WHERE told), count(received), count(*) FILTER (WHERE airs), count(aired), " + (
    "count(*) FILTER (WHERE recalled), count(down), count(lacks), "
    + ", ".join(f"percentile_disc(0.5) WITHIN GROUP (ORDER BY {s}), max({s})" for s in ("received", "aired", "down"))
)


@dataclass(frozen=True, slots=True)
class Drill:
    """``end_at``: when it ends by itself."""

    alert_id: int
    code: str
    by: str
    at: datetime
    end_at: datetime
    ended_at: datetime | None


_DRILL = (
    "SELECT a.id, a.code, a.issued_by, a.created_at, r.end_at, a.ended_at FROM drill r JOIN alert a ON a.id = r.alert_id "
    "WHERE (CAST(:partner AS bigint) IS NULL OR EXISTS (SELECT 1 FROM outlet o WHERE o.id = ANY(r.outlets) "
    "AND o.partner_id = :partner)) "
)


async def add(session: Session, alert_id: int, outlet_ids: Collection[int], end_at: datetime) -> None:
    await session.execute(
        text("INSERT INTO drill (alert_id, outlets, end_at) VALUES (:alert, CAST(:outlets AS bigint[]), :end_at)"),
        {"alert": alert_id, "outlets": sorted(outlet_ids), "end_at": end_at},
    )


async def chosen(session: Session, alert_id: int) -> frozenset[int] | None:
    """The outlets that a drill is for; ``None`` for an exercise that is none."""
    found = await session.execute(text("SELECT outlets FROM drill WHERE alert_id = :alert"), {"alert": alert_id})
    outlets = found.scalar_one_or_none()
    return None if outlets is None else frozenset(outlets)


async def listing(
    session: Session, partner_id: int | None, *, before: str = "", skip: int = 0, limit: int
) -> Sequence[Drill]:
    """The newest first, and below ``before``; for a partner those that one of its outlets was chosen for."""
    found = await session.execute(
        text(
            _DRILL + "AND (:before = '' OR a.id < (SELECT id FROM alert WHERE code = :before)) "
            "ORDER BY a.id DESC LIMIT :limit OFFSET :skip"
        ),
        {"partner": partner_id, "before": before, "skip": skip, "limit": limit},
    )  # fmt: skip
    return [Drill(*r) for r in found]


async def count(session: Session) -> int:
    return int((await session.execute(text("SELECT count(*) FROM drill"))).scalar_one())


async def find(session: Session, code: str, partner_id: int | None) -> Drill | None:
    found = await session.execute(text(_DRILL + "AND a.code = :code"), {"partner": partner_id, "code": code})
    return Drill(*r) if (r := found.one_or_none()) else None


async def tallies(session: Session, alert_ids: Sequence[int], partner_id: int | None) -> Mapping[int, Tally]:
    """By alert."""
    found = await session.execute(
        text(f"{_RESULT} SELECT alert_id, {_TALLY} FROM result GROUP BY alert_id"),
        {"alerts": list(alert_ids), "partner": partner_id},
    )
    return {r[0]: Tally(*r[1:]) for r in found}


@dataclass(frozen=True, slots=True)
class PartnerTally:
    id: int
    name: str
    phone: str
    tally: Tally


async def by_partner(session: Session, alert_id: int, partner_id: int | None) -> Sequence[PartnerTally]:
    """Those who lack most first."""
    found = await session.execute(
        text(
            f"{_RESULT} SELECT partner_id, partner, phone, {_TALLY} FROM result GROUP BY 1, 2, 3 "
            "ORDER BY count(lacks) DESC, partner"
        ),
        {"alerts": [alert_id], "partner": partner_id},
    )
    return [PartnerTally(r[0], r[1], r[2], Tally(*r[3:])) for r in found]


async def results(session: Session, alert_id: int, partner_id: int | None, limit: int | None = None) -> Sequence[Row]:
    """Each outlet: those that lack something first, the gravest before the others."""
    found = await session.execute(
        text(
            f"{_RESULT} SELECT * FROM result ORDER BY array_position(ARRAY[{_GRAVEST}], lacks), partner, outlet "
            "LIMIT :limit"
        ),
        {"alerts": [alert_id], "partner": partner_id, "limit": limit},
    )
    return [dict(r._mapping) for r in found]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An outlet that could be chosen for a drill."""

    id: int
    name: str
    channel: str
    partner: str
    takes_exercises: bool
    paused: bool


_CANDIDATE = (
    "SELECT o.id, o.name, o.channel, p.name, o.takes_exercises, o.paused "
    "FROM outlet o JOIN partner p ON p.id = o.partner_id "
)


async def called(session: Session, words: Sequence[str]) -> Mapping[str, Sequence[Candidate]]:
    """The outlets that have these names or numbers."""
    found = await session.execute(
        text(
            _CANDIDATE
            + "WHERE o.name = ANY(CAST(:words AS text[])) OR o.id::text = ANY(CAST(:words AS text[])) ORDER BY 1"
        ),
        {"words": list(words)},
    )
    rows = [Candidate(*r) for r in found]
    return {word: [c for c in rows if str(c.id) == word] or [c for c in rows if c.name == word] for word in words}


async def willing(session: Session, channels: Collection[str]) -> Sequence[Candidate]:
    """The outlets that have agreed to exercises and are not paused: of these channels, or of any when none is named."""
    found = await session.execute(
        text(
            _CANDIDATE + "WHERE o.takes_exercises AND NOT o.paused AND (cardinality(CAST(:channels AS text[])) = 0 "
            "OR o.channel = ANY(CAST(:channels AS text[]))) ORDER BY o.channel, p.name, o.name"
        ),
        {"channels": list(channels)},
    )
    return [Candidate(*r) for r in found]


async def to_end(session: Session) -> Sequence[str]:
    """Drills whose time is up and that nobody has ended."""
    found = await session.execute(
        text(
            "SELECT a.code FROM alert a JOIN drill r ON r.alert_id = a.id WHERE a.state = 'active' AND r.end_at <= now() "
            "ORDER BY a.id"
        )
    )
    return [r.code for r in found]


async def issuer(session: Session) -> tuple[str, str, str] | None:
    """Code, name and area of the organ in whose name drills go out: the one that speaks for the largest region."""
    found = await session.execute(
        text(
            "SELECT code, name, area_code FROM organ "
            "ORDER BY area_code LIKE '%0000' DESC, area_code LIKE '%00' DESC, code LIMIT 1"
        )
    )
    return (r.code, r.name, r.area_code) if (r := found.one_or_none()) else None
