"""Receipts that a wire itself brought: in an answer, when it was asked, or by a call of its own."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from app.db import deliveries, media, receipts
from app.db.engine import Session, notify
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, confirm
from app.flows.ports import Press
from app.flows.tell import CHANGED
from channels.contract import Echo, Proof, StatedReceipt

OLDEST = timedelta(days=30)
SKEW = timedelta(minutes=10)
LARGEST_PROOF = 4 * 1024 * 1024
LONGEST_ABOUT = 200

_TRIAL = re.compile(r"^trial_[0-9a-f]{16}$|CS-\d{4}-TRIAL-[0-9a-f]{6}")
"""What ``app.dispatch.trial`` calls its sends and its alerts."""

Said = tuple[int, StatedReceipt]
"""A delivery and what was said of it."""


async def take(session: Session, said: Sequence[Said], now: datetime, press: Press) -> None:
    """Record them. They came over a wire that we ask or that was set up with us, so any outlet's delivery fits."""
    stated = []
    for delivery_id, receipt in said:
        proof = await _prove(session, receipt.proof) if receipt.proof else None
        stated.append(_stated(delivery_id, receipt, now, proof))
    await confirm(session, None, stated, press=press)


async def matched(
    session: Session, carrier: str, outlet_id: int | None, echoes: Sequence[Echo]
) -> Sequence[int | None]:
    """The delivery that each echo speaks of: by its key, or by the reference that an outlet of this carrier gave."""
    keys = [_number(e.key) for e in echoes]
    found = await deliveries.of_wire(
        session, carrier, outlet_id, [k for k in keys if k is not None], [e.reference for e in echoes if e.reference]
    )
    return [_delivery(found, key, echo) for key, echo in zip(keys, echoes, strict=True)]


def _delivery(found: tuple[frozenset[int], Mapping[str, int]], key: int | None, echo: Echo) -> int | None:
    ids, references = found
    if key is not None and key in ids:
        return key
    return references.get(echo.reference) if echo.reference else None


def _number(key: str | None) -> int | None:
    digits = (key or "").removeprefix("dlv_")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


async def set_aside(session: Session, strays: Sequence[tuple[int, Echo]], now: datetime) -> None:
    """Each with the outlet through whose line it came. What a screen says of a test notice is nobody's business."""
    kept = []
    for outlet_id, echo in strays:
        about = echo.about or echo.key or echo.reference or ""
        if not _TRIAL.search(about):
            said = _stated(None, echo.receipt, now, None)
            kept.append(receipts.Stray(outlet_id, said.kind, said.at, said.note, _storable(about)[:LONGEST_ABOUT]))
    if kept and await receipts.set_aside(session, kept):
        await notify(session, CHANGED)


async def _prove(session: Session, proof: Proof) -> str | None:
    if len(proof.body) > LARGEST_PROOF:
        return None
    digest = hashlib.sha256(proof.body).hexdigest()
    await media.prove(session, digest, proof.mime, proof.body)
    return digest


def _stated(delivery_id: int | None, receipt: StatedReceipt, now: datetime, proof: str | None) -> Stated:
    """A clock that says 1970 or 2099 does not cost the evidence: then it counts as of now."""
    at, until = receipt.at or now, receipt.until
    if not now - OLDEST <= at <= now + SKEW:
        at, until = now, None
    note, evidence = (_storable(text) for text in (receipt.note, receipt.evidence))
    return Stated(delivery_id, ReceiptKind(receipt.kind), at, note, evidence, proof=proof, until=until)


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
