"""Take receipts: early, late, twice or for something unknown, none is lost and none is believed beyond what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

from app import meters
from app.db import alerts, receipts
from app.db.engine import Session, afterwards, notify_all
from app.db.receipts import Change, NewReceipt, Receiver
from app.domain.machines import after_receipt, proven_by
from app.domain.words import Kind, ReceiptKind
from app.flows.latecomers import take_down_latecomer
from app.flows.ports import Press
from app.flows.tell import CHANGED


@dataclass(frozen=True, slots=True)
class Stated:
    """A receipt as the outlet stated it. ``said_for`` is the delivery as the sender named it; ``proof`` the digest of a
    kept proof; what was aired may have been on ``until``."""

    delivery_id: int | None
    kind: ReceiptKind
    at: datetime
    note: str = ""
    evidence: str = ""
    said_for: str = ""
    proof: str | None = None
    until: datetime | None = None


_HEARD = (ReceiptKind.RECEIVED, ReceiptKind.AIRED)


class Taken(StrEnum):
    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    UNMATCHED = "unmatched"


async def confirm(
    session: Session, partner_id: int | None, stated: Sequence[Stated], *, live: bool = True, press: Press
) -> Sequence[Taken]:
    """Record receipts of one partner (of any, when ``None``: they came inside an answer that we asked for). With a test
    key (not ``live``) none fits an actual alert. As many statements for a thousand receipts as for one."""
    ids = sorted({s.delivery_id for s in stated if s.delivery_id is not None})
    known = dict(await receipts.receivers(session, ids, partner_id, live=live))
    fit = [known.get(s.delivery_id) if s.delivery_id is not None else None for s in stated]
    down = dict(await receipts.down_since(session, {(r.alert_id, r.outlet_id) for r in fit if r is not None}))
    rows = [_row(s, r, partner_id, down) for s, r in zip(stated, fit, strict=True)]
    fresh = await receipts.keep(session, [row for row in rows if row is not None])
    taken, changed = [], dict[int, Change]()
    for s, receiver in zip(stated, fit, strict=True):
        if receiver is None:
            taken.append(Taken.UNMATCHED)
            continue
        new = (receiver.id, s.kind, s.at) in fresh
        fresh.discard((receiver.id, s.kind, s.at))
        taken.append(Taken.RECORDED if new else Taken.DUPLICATE)
        if new:
            changed[receiver.id] = _change(changed.get(receiver.id) or Change(receiver.id, receiver.state), receiver, s)
    afterwards(session, partial(meters.aired, await receipts.apply(session, list(changed.values()))))
    touched = [known[id] for id in changed]
    await _take_down_latecomers(session, touched, changed, press)
    await notify_all(session, CHANGED, sorted({r.code for r in touched}))
    return taken


def _row(
    s: Stated, receiver: Receiver | None, partner_id: int | None, down: dict[tuple[int, int], datetime]
) -> NewReceipt | None:
    """A receipt that says 'aired' after the outlet said 'down' contradicts it, and a person must look. One that fits no
    delivery is kept for the partner who sent it."""
    if receiver is None:
        if partner_id is None:
            return None
        return NewReceipt(None, partner_id, s.kind, s.at, s.note, s.evidence, s.said_for, False, s.proof, s.until)
    place = receiver.alert_id, receiver.outlet_id
    contradicts = s.kind is ReceiptKind.AIRED and place in down and (s.until or s.at) > down[place]
    if s.kind is ReceiptKind.TAKEN_DOWN and receiver.kind is Kind.RETRACT:
        down[place] = max(down.get(place, s.at), s.at)
    return NewReceipt(
        receiver.id, receiver.partner_id, s.kind, s.at, s.note, s.evidence, s.said_for, contradicts, s.proof,
        s.until,
    )  # fmt: skip


def _change(before: Change, receiver: Receiver, s: Stated) -> Change:
    return Change(
        receiver.id,
        after_receipt(before.state, receiver.kind, s.kind),
        before.heard or s.kind in _HEARD,
        (s.note or "发布点拒绝播出") if s.kind is ReceiptKind.REJECTED else before.note,
        s.kind if s.kind is proven_by(receiver.kind) else before.proven_by,
    )


async def _take_down_latecomers(
    session: Session, touched: Sequence[Receiver], changed: Mapping[int, Change], press: Press
) -> None:
    """Whoever reports now that it shows an alert which has ended is told to take it down."""
    telling = [r for r in touched if r.kind is not Kind.RETRACT and changed[r.id].heard]
    ended = await alerts.ended(session, {r.alert_id for r in telling})
    for receiver in telling:
        if receiver.alert_id in ended:
            await take_down_latecomer(session, receiver.code, receiver.outlet_id, press=press)
