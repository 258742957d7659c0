"""What a page reports: receipts for the deliveries that it was given."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.domain.words import ReceiptKind
from app.flows.confirm import Stated

LARGEST = 64 * 1024
_DELIVERY = re.compile(r"dlv_([1-9][0-9]{0,17})")
_OLDEST, _SKEW = timedelta(days=30), timedelta(minutes=10)


class _Receipt(BaseModel):
    model_config = ConfigDict(extra="ignore")

    delivery: Annotated[str, Field(max_length=64)]
    kind: Literal["received", "aired", "taken_down", "rejected"]
    at: AwareDatetime
    note: Annotated[str, Field(max_length=200)] = ""


class _Report(BaseModel):
    model_config = ConfigDict(extra="ignore")

    receipts: Annotated[tuple[_Receipt, ...], Field(max_length=100)]


def read(body: bytes) -> Sequence[Stated] | None:
    """``None`` when it is no report. A time that nobody can believe counts as now."""
    try:
        report = _Report.model_validate_json(body)
    except ValidationError:
        return None
    now = datetime.now(UTC)
    return [_stated(one, now) for one in report.receipts]


def _stated(one: _Receipt, now: datetime) -> Stated:
    match = _DELIVERY.fullmatch(one.delivery)
    at = one.at if now - _OLDEST <= one.at <= now + _SKEW else now
    note = "".join(c for c in one.note if c.isprintable())
    return Stated(int(match[1]) if match else None, ReceiptKind(one.kind), at, note, said_for=one.delivery)
