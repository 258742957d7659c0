"""Receipts: append-only evidence. One that fits no delivery is kept too, and shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.db.engine import Session
from app.domain.words import DeliveryState, Kind, ReceiptKind


@dataclass(frozen=True, slots=True)
class Receiver:
    """A delivery as a receipt sees it."""

    id: int
    alert_id: int
    code: str
    number: int
    outlet_id: int
    partner_id: int
    kind: Kind
    state: DeliveryState


async def receivers(
    session: Session, ids: Sequence[int], partner_id: int | None, *, live: bool = True
) -> Mapping[int, Receiver]:
    """The deliveries with these ids, locked, that belong to the partner (to anyone when ``None``); for a test key (not
    ``live``) none of an actual alert."""
    found = await session.execute(
        text(
            "SELECT d.id, d.alert_id, a.code, d.number, d.outlet_id, o.partner_id, d.kind, d.state FROM delivery d "
            "JOIN outlet o ON o.id = d.outlet_id JOIN alert a ON a.id = d.alert_id WHERE d.id = ANY(CAST(:ids AS bigint[])) "
            "AND (CAST(:partner AS bigint) IS NULL OR o.partner_id = :partner) "
            "AND (:live OR a.status <> 'actual') ORDER BY d.id FOR UPDATE OF d"
        ),
        {"ids": list(ids), "partner": partner_id, "live": live},
    )
    return {
        r.id: Receiver(
            r.id, r.alert_id, r.code, r.number, r.outlet_id, r.partner_id, Kind(r.kind), DeliveryState(r.state)
        )
        for r in found
    }


async def keep(
    session: Session,
    *,
    delivery_id: int | None,
    partner_id: int,
    kind: ReceiptKind,
    at: datetime,
    note: str,
    evidence: str,
    said_for: str,
    contradicts: bool,
    proof: str | None = None,
) -> bool:
    """Append a receipt; False when the very same one is already there."""
    done = await session.execute(
        text(
            "INSERT INTO receipt (delivery_id, partner_id, kind, at, note, evidence, said_for, contradicts, proof) "
            "VALUES (:delivery, :partner, :kind, :at, :note, :evidence, :said_for, :contradicts, :proof) "
            "ON CONFLICT (delivery_id, kind, at) DO NOTHING"
        ),
        {
            "delivery": delivery_id, "partner": partner_id, "kind": kind, "at": at, "note": note, "evidence": evidence,
            "said_for": said_for, "contradicts": contradicts, "proof": proof,
        },
    )  # fmt: skip
    return done.rowcount == 1


async def apply(session: Session, delivery_id: int, state: DeliveryState, *, heard: bool, note: str | None) -> None:
    """Let a delivery know what its outlet said. A send that is still under way keeps its lease until it is settled."""
    await session.execute(
        text(
            "UPDATE delivery SET state = :state, heard = heard OR :heard, "
            "confirmed_at = CASE WHEN :state = 'confirmed' THEN coalesce(confirmed_at, now()) ELSE confirmed_at END, "
            "reason = CASE WHEN CAST(:note AS text) IS NULL THEN reason ELSE 'rejected' END, "
            "detail = coalesce(CAST(:note AS text), detail) WHERE id = :id"
        ),
        {"id": delivery_id, "state": state, "heard": heard, "note": note},
    )


async def down_since(session: Session, alert_id: int, outlet_id: int) -> datetime | None:
    """When the outlet last said that this alert is down there."""
    found = await session.execute(
        text(
            "SELECT max(r.at) FROM receipt r JOIN delivery d ON d.id = r.delivery_id "
            "WHERE d.alert_id = :alert AND d.outlet_id = :outlet AND d.kind = 'retract' AND r.kind = 'taken_down'"
        ),
        {"alert": alert_id, "outlet": outlet_id},
    )
    at: datetime | None = found.scalar_one()
    return at
