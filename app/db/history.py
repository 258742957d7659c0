"""One outlet and one alert: every delivery with its attempts, receipts, proofs and telephone calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.db.engine import Session

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """The outlet, and who can be called."""

    id: int
    name: str
    channel: str
    carrier: str
    partner: str
    phone: str
    proves: str
    retracts: str


async def place(session: Session, outlet_id: int) -> Place | None:
    found = await session.execute(
        text(
            "SELECT o.id, o.name, o.channel, o.carrier, p.name AS partner, p.phone, o.proves, o.retracts FROM outlet o "
            "JOIN partner p ON p.id = o.partner_id WHERE o.id = :outlet"
        ),
        {"outlet": outlet_id},
    )
    return Place(**r._mapping) if (r := found.one_or_none()) else None


async def deliveries(session: Session, alert_id: int, outlet_id: int) -> Sequence[Row]:
    """Newest notice first, each with ``attempts``, ``receipts`` and ``calls`` in the order in which they came."""
    found = await session.execute(
        text(
            "SELECT d.id, d.number, d.kind, d.state, d.tries, d.reason, d.detail, d.created_at, d.accepted_at, d.due_at, "
            "d.give_up_at FROM delivery d WHERE d.alert_id = :alert AND d.outlet_id = :outlet ORDER BY d.number DESC"
        ),
        {"alert": alert_id, "outlet": outlet_id},
    )
    rows = [dict(r._mapping) for r in found.all()]
    ids = [row["id"] for row in rows]
    for name, statement in _PARTS.items():
        parts = [dict(r._mapping) for r in await session.execute(text(statement), {"ids": ids})]
        for row in rows:
            row[name] = [part for part in parts if part["delivery_id"] == row["id"]]
    return rows


_PARTS = {
    "attempts": "SELECT delivery_id, number, started_at, finished_at, outcome, reason, detail, reference, "
    "extract(epoch FROM finished_at - started_at)::float AS seconds FROM attempt "
    "WHERE delivery_id = ANY(CAST(:ids AS bigint[])) ORDER BY id",
    "receipts": "SELECT r.delivery_id, r.kind, r.at, r.received_at, r.note, r.evidence, r.contradicts, r.proof, p.mime "
    "FROM receipt r LEFT JOIN proof p ON p.sha256 = r.proof "
    "WHERE r.delivery_id = ANY(CAST(:ids AS bigint[])) ORDER BY r.received_at, r.id",
    "calls": "SELECT delivery_id, at, by, answered, undone_at, undone_by FROM phoned "
    "WHERE delivery_id = ANY(CAST(:ids AS bigint[])) ORDER BY id",
}


@dataclass(frozen=True, slots=True)
class Retraction:
    """The delivery of an ended alert's newest notice, as a telephone call is about it."""

    delivery_id: int
    alert_id: int
    outlet: str


async def retraction(session: Session, code: str, delivery_id: int) -> Retraction | None:
    """Locked. ``None`` when this is not a retraction of that alert."""
    found = await session.execute(
        text(
            "SELECT d.id, d.alert_id, o.name FROM delivery d JOIN alert a ON a.id = d.alert_id "
            "JOIN outlet o ON o.id = d.outlet_id WHERE a.code = :code AND d.id = :delivery AND d.kind = 'retract' "
            "FOR UPDATE OF d"
        ),
        {"code": code, "delivery": delivery_id},
    )
    return Retraction(r.id, r.alert_id, r.name) if (r := found.one_or_none()) else None


async def add_call(session: Session, delivery_id: int, by: str, answered: str) -> bool:
    """False when there is one already."""
    done = await session.execute(
        text(
            "INSERT INTO phoned (delivery_id, by, answered) VALUES (:delivery, :by, :answered) "
            "ON CONFLICT (delivery_id) WHERE undone_at IS NULL DO NOTHING"
        ),
        {"delivery": delivery_id, "by": by, "answered": answered},
    )
    return bool(done.rowcount)


async def undo_call(session: Session, delivery_id: int, by: str) -> bool:
    """False when there is none that stands."""
    done = await session.execute(
        text(
            "UPDATE phoned SET undone_at = now(), undone_by = :by WHERE delivery_id = :delivery AND undone_at IS NULL"
        ),
        {"delivery": delivery_id, "by": by},
    )
    return bool(done.rowcount)
