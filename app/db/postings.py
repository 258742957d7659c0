"""What boards in memory read: what stands for partners, and what has been told since they last looked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.db.engine import Session
from app.db.feed import GIVEN, STANDING
from app.domain.board import Posting
from app.domain.words import AlertState, Kind, Status


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the tellings were read. Below ``xmin`` every transaction has ended; ``seen`` are those at or above it that
    were read already. ``now`` is the database's clock."""

    xmin: int
    now: datetime
    seen: frozenset[int] = field(default_factory=frozenset)


async def news(session: Session, mark: Mark | None) -> tuple[Mark, frozenset[int]]:
    """The alerts of which deliveries were written since ``mark``, and the mark to go on from.

    A transaction that commits late is not missed: tellings are found by the transaction that wrote them, from the oldest
    on that was under way at the last look, and not by their own numbers.
    """
    found = await session.execute(
        text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin, now() AS now")
    )
    here = found.one()
    if mark is None:
        return Mark(here.xmin, here.now), frozenset()
    told = await session.execute(
        text("SELECT id, alert_id, xid FROM telling WHERE xid >= :xmin ORDER BY id"), {"xmin": mark.xmin}
    )
    rows = told.all()
    seen = frozenset(r.id for r in rows if r.xid >= here.xmin)
    return Mark(here.xmin, here.now, seen), frozenset(r.alert_id for r in rows if r.id not in mark.seen)


async def posted(
    session: Session, partners: Collection[int], alerts: Collection[int] | None = None
) -> Sequence[Posting]:
    """What stands for the outlets of these partners: of these alerts, or of all. Without what a polled outlet's earlier wire
    refused: nobody gives it until it is asked for again."""
    found = await session.execute(
        text(
            "WITH mine AS (SELECT id, partner_id FROM outlet WHERE partner_id = ANY(CAST(:partners AS bigint[]))), "
            f"looked AS ({_ALL if alerts is None else _THESE}) "
            "SELECT d.id, mine.partner_id, d.outlet_id, a.id AS alert_id, a.code, d.number, d.kind, a.status, d.profile, "
            "d.lane = 'polled' AS polled, d.priority, n.issued_at, a.expires_at, d.feed_seq, "
            "(d.feed_seq IS NULL OR (d.lane = 'polled' AND d.state IN ('pending', 'sending'))) AS waits, "
            f"{GIVEN} AS open "
            "FROM looked JOIN alert a ON a.id = looked.id JOIN notice n ON n.alert_id = a.id AND n.number = a.head "
            "JOIN delivery d ON d.alert_id = a.id AND d.number = a.head JOIN mine ON mine.id = d.outlet_id "
            f"WHERE d.state <> 'superseded' AND {STANDING} "
            f"AND (d.lane <> 'polled' OR d.state IN ('pending', 'sending') OR {GIVEN})"
        ),
        {"partners": list(partners), "alerts": list(alerts or ())},
    )
    return [_posting(r) for r in found.all()]


_THESE = "SELECT unnest(CAST(:alerts AS bigint[])) AS id"
_ALL = (
    "SELECT id FROM alert WHERE CAST(:alerts AS bigint[]) IS NOT NULL "
    "AND (state = 'active' OR ended_at > now() - interval '30 days') "
    "UNION SELECT w.alert_id FROM delivery w JOIN mine ON mine.id = w.outlet_id "
    "WHERE w.lane = 'polled' AND w.state = 'pending'"
)


def _posting(r: Any) -> Posting:
    kind = Kind(r.kind)
    return Posting(
        delivery=r.id, partner=r.partner_id, outlet=r.outlet_id, alert=r.alert_id, code=r.code, number=r.number, kind=kind,
        status=Status(r.status), profile=r.profile, polled=r.polled, priority=r.priority, issued_at=r.issued_at,
        over_at=None if kind is Kind.RETRACT else r.expires_at, sequence=r.feed_seq, waits=r.waits,
        open=r.open,
    )  # fmt: skip


async def heads(session: Session, partners: Collection[int]) -> Mapping[int, int]:
    """The highest number of each partner."""
    found = await session.execute(
        text(
            "SELECT p.id, coalesce(f.head, 0) AS head FROM partner p LEFT JOIN feed f ON f.partner_id = p.id "
            "WHERE p.id = ANY(CAST(:partners AS bigint[]))"
        ),
        {"partners": list(partners)},
    )
    return {r.id: r.head for r in found.all()}


async def fate(session: Session, partner_id: int, code: str, *, live: bool) -> tuple[AlertState, int] | None:
    """State and newest notice number of an alert of which the partner's outlets were to hear; for a test key (not
    ``live``) not of an actual one."""
    found = await session.execute(
        text(
            "SELECT a.state, a.head FROM alert a WHERE a.code = :code AND (:live OR a.status <> 'actual') AND EXISTS "
            "(SELECT 1 FROM delivery d JOIN outlet o ON o.id = d.outlet_id WHERE d.alert_id = a.id AND o.partner_id = :p)"
        ),
        {"code": code, "live": live, "p": partner_id},
    )
    return (AlertState(r.state), r.head) if (r := found.one_or_none()) else None


@dataclass(frozen=True, slots=True)
class Untaken:
    """A delivery of a notice in force that its outlet has not taken."""

    notice: str
    outlet: int
    name: str
    why: str
    delivery: int
    tries: int
    since: datetime


async def untaken(session: Session, partner_id: int, *, live: bool) -> Sequence[Untaken]:
    """Of one partner's outlets; for a test key (not ``live``) nothing actual."""
    found = await session.execute(
        text(
            "SELECT a.code || '/' || d.number AS notice, o.id, o.name, d.id AS delivery, d.tries, d.created_at, "
            "CASE WHEN d.state = 'failed' THEN 'failed' WHEN d.tries > 0 THEN 'unreachable' ELSE 'waiting' END AS why "
            "FROM delivery d JOIN outlet o ON o.id = d.outlet_id JOIN alert a ON a.id = d.alert_id "
            "WHERE o.partner_id = :p AND d.state IN ('pending', 'sending', 'failed') "
            f"AND (:live OR a.status <> 'actual') AND {STANDING}"
        ),
        {"p": partner_id, "live": live},
    )
    return [Untaken(r.notice, r.id, r.name, r.why, r.delivery, r.tries, r.created_at) for r in found.all()]


async def forget(session: Session) -> None:
    """Tellings that every board has read long ago."""
    await session.execute(text("DELETE FROM telling WHERE at < now() - interval '2 days'"))
