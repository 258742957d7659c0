"""Take receipts: early, late, twice or for something unknown, none is lost and none is believed beyond what it says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.db import receipts
from app.db.engine import Session, notify
from app.db.receipts import Receiver
from app.domain.machines import after_receipt
from app.domain.words import Kind, ReceiptKind
from app.flows.latecomers import take_down_latecomer
from app.flows.ports import Press
from app.flows.tell import CHANGED


@dataclass(frozen=True, slots=True)
class Stated:
    """A receipt as the outlet stated it. ``said_for`` is the delivery as the sender named it; ``proof`` the digest of a
    kept proof."""

    delivery_id: int | None
    kind: ReceiptKind
    at: datetime
    note: str = ""
    evidence: str = ""
    said_for: str = ""
    proof: str | None = None


class Taken(StrEnum):
    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    UNMATCHED = "unmatched"


async def confirm(
    session: Session, partner_id: int | None, stated: Sequence[Stated], *, live: bool = True, press: Press
) -> Sequence[Taken]:
    """Record receipts of one partner (of any, when ``None``: they came inside an answer that we asked for). With a test
    key (not ``live``) none fits an actual alert."""
    ids = sorted({s.delivery_id for s in stated if s.delivery_id is not None})
    known = dict(await receipts.receivers(session, ids, partner_id, live=live))
    taken, touched = [], set()
    for s in stated:
        receiver = known.get(s.delivery_id) if s.delivery_id is not None else None
        if receiver is None:
            taken.append(await _keep_unmatched(session, partner_id, s))
            continue
        new = await _keep(session, receiver, s)
        taken.append(Taken.RECORDED if new else Taken.DUPLICATE)
        if new:
            known[receiver.id] = await _apply(session, receiver, s)
            touched.add(receiver.code)
            if receiver.kind is not Kind.RETRACT and s.kind in (ReceiptKind.RECEIVED, ReceiptKind.AIRED):
                await take_down_latecomer(session, receiver.code, receiver.outlet_id, press=press)
    for code in sorted(touched):
        await notify(session, CHANGED, code)
    return taken


async def _keep_unmatched(session: Session, partner_id: int | None, s: Stated) -> Taken:
    if partner_id is not None:
        await receipts.keep(
            session, delivery_id=None, partner_id=partner_id, kind=s.kind, at=s.at, note=s.note, evidence=s.evidence,
            said_for=s.said_for, contradicts=False,
        )  # fmt: skip
    return Taken.UNMATCHED


async def _keep(session: Session, receiver: Receiver, s: Stated) -> bool:
    """A receipt that says 'aired' after the outlet said 'down' contradicts it, and a person must look."""
    down = await receipts.down_since(session, receiver.alert_id, receiver.outlet_id)
    contradicts = s.kind is ReceiptKind.AIRED and down is not None and s.at > down
    return await receipts.keep(
        session, delivery_id=receiver.id, partner_id=receiver.partner_id, kind=s.kind, at=s.at, note=s.note,
        evidence=s.evidence, said_for=s.said_for, contradicts=contradicts, proof=s.proof,
    )  # fmt: skip


async def _apply(session: Session, receiver: Receiver, s: Stated) -> Receiver:
    state = after_receipt(receiver.state, receiver.kind, s.kind)
    heard = s.kind in (ReceiptKind.RECEIVED, ReceiptKind.AIRED)
    note = (s.note or "发布点拒绝播出") if s.kind is ReceiptKind.REJECTED else None
    await receipts.apply(session, receiver.id, state, heard=heard, note=note)
    return replace(receiver, state=state)
