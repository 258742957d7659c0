"""Receipts: append-only evidence. One that fits no delivery is kept too, and shown."""

from collections.abc import Collection, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A row to be. ``delivery_id`` is ``None`` when it fits none."""

    delivery_id: int | None
    partner_id: int
    kind: ReceiptKind
    at: datetime
    note: str
    evidence: str
    said_for: str
    contradicts: bool
    proof: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What receipts make of a delivery. ``note``: why the outlet rejected it. ``proven_by`` the one that
    says that what the notice asks for is done."""

    id: int
    state: DeliveryState
    heard: bool = False
    note: str | None = None
    proven_by: ReceiptKind | None = None


async def keep(session: Session, new: Sequence[NewReceipt]) -> set[tuple[int, ReceiptKind, datetime]]:
    """Append receipts; returns those that were not there yet (delivery, kind, moment)."""
    if not new:
        return set()
    found = await session.execute(
        text(
            "INSERT INTO receipt (delivery_id, partner_id, kind, at, note, evidence, said_for, contradicts, proof, until) "
            "SELECT * FROM unnest(CAST(:deliveries AS bigint[]), CAST(:partners AS bigint[]), CAST(:kinds AS text[]), "
            "CAST(:ats AS timestamptz[]), CAST(:notes AS text[]), CAST(:evidence AS text[]), CAST(:said AS text[]), "
            "CAST(:contradicts AS boolean[]), CAST(:proofs AS text[]), CAST(:untils AS timestamptz[])) "
            "ON CONFLICT (delivery_id, kind, at) DO NOTHING RETURNING delivery_id, kind, at"
        ),
        {
            "deliveries": [r.delivery_id for r in new], "partners": [r.partner_id for r in new],
            "kinds": [r.kind for r in new], "ats": [r.at for r in new], "notes": [r.note for r in new],
            "evidence": [r.evidence for r in new], "said": [r.said_for for r in new],
            "contradicts": [r.contradicts for r in new], "proofs": [r.proof for r in new],
            "untils": [r.until for r in new],
        },
    )  # fmt: skip
    return {(r.delivery_id, ReceiptKind(r.kind), r.at) for r in found if r.delivery_id is not None}


async def apply(session: Session, changes: Sequence[Change]) -> Sequence[tuple[Kind, float]]:
    """Let deliveries know what their outlets said. A send that is still under way keeps its lease until it is settled.
    The caller has locked them (``receivers``) and kept the receipts. Returns what is proven now and was not before: its
    kind, and the seconds since it was issued."""
    if not changes:
        return []
    found = await session.execute(
        text(
            "UPDATE delivery d SET state = u.state, heard = d.heard OR u.heard, "
            "confirmed_at = CASE WHEN u.state = 'confirmed' THEN coalesce(d.confirmed_at, now()) ELSE d.confirmed_at END, "
            "reason = CASE WHEN u.note IS NULL THEN d.reason ELSE 'rejected' END, detail = coalesce(u.note, d.detail) "
            "FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:heard AS boolean[]), "
            "CAST(:notes AS text[]), CAST(:proven AS text[])) AS u(id, state, heard, note, proven_by) WHERE d.id = u.id "
            "RETURNING d.kind, CASE WHEN u.proven_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM receipt r "
            "WHERE r.delivery_id = d.id AND r.kind = u.proven_by AND r.received_at <> now()) "
            "THEN extract(epoch FROM now() - d.created_at)::float END AS seconds"
        ),
        {
            "ids": [c.id for c in changes], "states": [c.state for c in changes], "heard": [c.heard for c in changes],
            "notes": [c.note for c in changes], "proven": [c.proven_by for c in changes],
        },
    )  # fmt: skip
    return [(Kind(r.kind), r.seconds) for r in found if r.seconds is not None]


@dataclass(frozen=True, slots=True)
class Stray:
    """Evidence that a wire brought and that fits no delivery. ``outlet_id``: through whose line it came."""

    outlet_id: int
    kind: ReceiptKind
    at: datetime
    note: str
    said_for: str


async def set_aside(session: Session, strays: Sequence[Stray]) -> int:
    """Keep them for operators to see, by the partner of the outlet; what says the same of the same is one in a week, for
    whoever repeats himself must not fill the ledger. Returns how many are new."""
    once = list({(s.outlet_id, s.kind, s.said_for): s for s in strays}.values())
    done = await session.execute(
        text(
            "INSERT INTO receipt (partner_id, kind, at, note, said_for) SELECT o.partner_id, s.kind, s.at, s.note, s.said_for "
            "FROM unnest(CAST(:outlets AS bigint[]), CAST(:kinds AS text[]), CAST(:ats AS timestamptz[]), "
            "CAST(:notes AS text[]), CAST(:said AS text[])) AS s(outlet, kind, at, note, said_for) "
            "JOIN outlet o ON o.id = s.outlet WHERE NOT EXISTS (SELECT 1 FROM receipt r WHERE r.delivery_id IS NULL "
            "AND r.partner_id = o.partner_id AND r.received_at > now() - interval '7 days' AND r.kind = s.kind "
            "AND r.said_for = s.said_for)"
        ),
        {
            "outlets": [s.outlet_id for s in once], "kinds": [s.kind for s in once], "ats": [s.at for s in once],
            "notes": [s.note for s in once], "said": [s.said_for for s in once],
        },
    )  # fmt: skip
    return done.rowcount


async def down_since(session: Session, places: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], datetime]:
    """When each of these (alert, outlet) last said that the alert is down there, where one did."""
    if not places:
        return {}
    found = await session.execute(
        text(
            "SELECT d.alert_id, d.outlet_id, max(r.at) AS at FROM unnest(CAST(:alerts AS bigint[]), "
            "CAST(:outlets AS bigint[])) AS p(alert, outlet) JOIN delivery d ON d.alert_id = p.alert "
            "AND d.outlet_id = p.outlet AND d.kind = 'retract' JOIN receipt r ON r.delivery_id = d.id "
            "AND r.kind = 'taken_down' GROUP BY d.alert_id, d.outlet_id"
        ),
        {"alerts": [alert for alert, _ in places], "outlets": [outlet for _, outlet in places]},
    )
    return {(r.alert_id, r.outlet_id): r.at for r in found}
