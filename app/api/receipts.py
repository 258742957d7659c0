"""Receipts: one or many; what is good is recorded even beside what is not."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.api.access import Partner, TheHouse
from app.api.json_body import read_body, read_json, validated
from app.api.openapi import answers
from app.api.problems import Problem, described
from app.db.engine import transaction
from app.domain.beijing import BEIJING
from app.domain.errors import Fault, Invalid
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, Taken, confirm
from app.flows.faults import Complaint
from app.forms.instants import Instant
from app.forms.text import LEGIBLE, ONE_LINE, Prose

router = APIRouter(prefix="/v1", tags=["receipts"])

MOST = 500
_MOST_MEMBERS = 20 * MOST
_DELIVERY = re.compile(r"dlv_([1-9][0-9]{0,17})")
_LINK = re.compile(r"https?://[^\s/]\S*")

# A display that lost its clock with its power says 1970. What it aired is evidence all the same: it counts as of now.
_SLOWEST, _FASTEST = timedelta(days=30), timedelta(minutes=10)


def _link(value: str) -> str:
    if value and _LINK.fullmatch(value) is None:
        raise Complaint(
            "link",
            "不是网址。",
            "Not a link.",
            "填写 http:// 或 https:// 开头的网址，没有可不填。",
            "Give an http(s) URL, or omit it.",
        )
    return value


class ReceiptForm(BaseModel):
    """Evidence from an outlet. ``delivery`` is the ``webhook-id`` (or the feed item's ``delivery``); ``at`` is when it
    happened there, now when left out."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    delivery: Annotated[str, Field(min_length=1, max_length=64, examples=["dlv_42"]), LEGIBLE, ONE_LINE]
    kind: Literal["received", "aired", "taken_down", "rejected"]
    at: Instant | None = None
    note: Prose = ""
    evidence: Annotated[
        str, Field(max_length=500, json_schema_extra={"format": "uri"}), LEGIBLE, AfterValidator(_link)
    ] = ""

    def stated(self, now: datetime) -> Stated:
        match = _DELIVERY.fullmatch(self.delivery)
        at, note = _believable(self.at, now, self.note)
        return Stated(int(match[1]) if match else None, ReceiptKind(self.kind), at, note, self.evidence, self.delivery)


_ONE = ReceiptForm.model_json_schema()
_MANY = {"type": "array", "minItems": 1, "maxItems": MOST, "items": _ONE}
_OBJECT = {"type": "object", "required": ["receipts"], "additionalProperties": False, "properties": {"receipts": _MANY}}
_BODY = {"required": True, "content": {"application/json": {"schema": {"oneOf": [_ONE, _OBJECT, _MANY]}}}}


@router.post("/receipts", openapi_extra={"requestBody": _BODY}, responses=answers(400, 401, 403, 413, 415, 422, 503))
async def send_receipts(request: Request, who: Partner, house: TheHouse) -> dict[str, Any]:
    """Each result is ``recorded``, ``duplicate``, ``unmatched`` (kept, but it fits no delivery of yours) or ``invalid``
    with its errors; 422 only when none could be taken."""
    said, twice = read_json(await read_body(request), _MOST_MEMBERS)
    items, base = _items(said)
    now = datetime.now(UTC)
    read = [_read(item, base.format(i), twice) for i, item in enumerate(items)]
    good = [form.stated(now) for form in read if isinstance(form, ReceiptForm)]
    if not good:
        raise Invalid([fault for faults in read if not isinstance(faults, ReceiptForm) for fault in faults])
    async with transaction(house.engine) as session:
        taken = await confirm(session, who.partner_id, good, live=who.live, press=house.press)
    outcomes = zip(taken, good, strict=True)
    return {"results": [_result(form, outcomes) for form in read]}


def _items(said: Any) -> tuple[list[Any], str]:
    """The receipts, and the pointer of each (``{}`` is its place)."""
    if isinstance(said, dict) and "receipts" not in said:
        return [said], ""
    items = said.get("receipts") if isinstance(said, dict) else said
    base = "/receipts/{}" if isinstance(said, dict) else "/{}"
    if not isinstance(items, list) or not items or (isinstance(said, dict) and len(said) > 1):
        raise Problem(
            "json", '应为一条回执，或 {"receipts": [ … ]}。', 'Send one receipt, or {"receipts": [ … ]}.',
            remedy=("按接口文档的样例填写。", "Follow the example in the API document."),
        )  # fmt: skip
    if len(items) > MOST:
        raise Problem("too-many", f"一次最多 {MOST} 条回执。", f"At most {MOST} receipts at once.")
    return items, base


def _read(item: Any, base: str, twice: Sequence[Fault]) -> ReceiptForm | Sequence[Fault]:
    form, faults = validated(ReceiptForm, item, base)
    mine = [fault for fault in twice if fault.pointer.rpartition("/")[0] == base]
    return form if form is not None and not mine else [*mine, *faults]


def _believable(at: datetime | None, now: datetime, note: str) -> tuple[datetime, str]:
    if at is None or now - _SLOWEST <= at <= now + _FASTEST:
        return at or now, note
    said = f"设备报的时间 {at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S} 不可信，按收到时间记"
    return now, f"{note}（{said}）" if note else said


def _result(form: ReceiptForm | Sequence[Fault], outcomes: Iterator[tuple[Taken, Stated]]) -> dict[str, Any]:
    if isinstance(form, ReceiptForm):
        outcome, stated = next(outcomes)
        return {"delivery": form.delivery, "kind": form.kind, "outcome": outcome, "at": stated.at}
    return {"outcome": "invalid", "errors": [described(fault) for fault in form]}
