"""Receipts: one or many; what is good is recorded even beside what is not."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from app.api.access import Partner, TheHouse
from app.api.cap_receipts import CAP_TYPE, XML_TYPES, take_cap
from app.api.json_body import read_body, read_json, validated
from app.api.openapi import answers
from app.api.outcomes import believable, result
from app.api.problems import Problem, described
from app.db.engine import transaction
from app.domain.errors import Fault, Invalid
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, Taken, confirm
from app.flows.faults import Complaint
from app.flows.legible import LEGIBLE, ONE_LINE
from app.forms.instants import Instant
from app.forms.text import Prose

router = APIRouter(prefix="/v1", tags=["receipts"])

MOST = 500
_MOST_MEMBERS = 20 * MOST
_DELIVERY = re.compile(r"dlv_([1-9][0-9]{0,17})")
_LINK = re.compile(r"https?://[^\s/]\S*")


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
    happened there, now when left out; what was ``aired`` may say ``until`` when it was on."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    delivery: Annotated[str, Field(min_length=1, max_length=64, examples=["dlv_42"]), LEGIBLE, ONE_LINE]
    kind: Literal["received", "aired", "taken_down", "rejected"]
    at: Instant | None = None
    until: Instant | None = None
    note: Prose = ""
    evidence: Annotated[
        str, Field(max_length=500, json_schema_extra={"format": "uri"}), LEGIBLE, AfterValidator(_link)
    ] = ""

    @field_validator("until")
    @classmethod
    def _comes_after(cls, until: datetime | None, info: ValidationInfo) -> datetime | None:
        at = info.data.get("at")
        if until is not None and info.data.get("kind") != "aired":
            raise Complaint(
                "until_of_what", "只有 aired 可以填 until。", "Only aired takes until.", "删去 until。", "Leave it out."
            )
        if until is not None and (("at" in info.data and at is None) or (at is not None and until < at)):
            raise Complaint(
                "until_before_at", "until 须与 at 同填，且不早于 at。", "until goes with at, and is not before it.",
                "核对播出的起止时间。", "Check when it began and ended.",
            )  # fmt: skip
        return until

    def stated(self, now: datetime) -> Stated:
        match = _DELIVERY.fullmatch(self.delivery)
        at, note = believable(self.at, now, self.note)
        until = self.until if at == self.at else None
        id = int(match[1]) if match else None
        return Stated(id, ReceiptKind(self.kind), at, note, self.evidence, self.delivery, until=until)


class ResultShown(BaseModel):
    """What became of one receipt. ``unmatched`` is kept, but fits no delivery of yours; ``errors`` say what is wrong."""

    outcome: Literal["recorded", "duplicate", "unmatched", "invalid"]
    delivery: Annotated[str | None, Field(examples=["dlv_42"])] = None
    kind: ReceiptKind | None = None
    at: datetime | None = None
    errors: list[dict[str, str]] | None = None


class ResultsShown(BaseModel):
    """One for each receipt, in their order."""

    results: list[ResultShown]


_ONE = ReceiptForm.model_json_schema()
_MANY = {"type": "array", "minItems": 1, "maxItems": MOST, "items": _ONE}
_OBJECT = {"type": "object", "required": ["receipts"], "additionalProperties": False, "properties": {"receipts": _MANY}}
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"oneOf": [_ONE, _OBJECT, _MANY]}},
        CAP_TYPE: {"schema": {"type": "string", "description": "A CAP 1.2 message with msgType Ack or Error."}},
    },
}


@router.post(
    "/receipts",
    response_model=ResultsShown,
    response_model_exclude_none=True,
    openapi_extra={"requestBody": _BODY},
    responses=answers(400, 401, 403, 413, 415, 422, 503),
)
async def send_receipts(request: Request, who: Partner, house: TheHouse) -> dict[str, Any]:
    """Each result is ``recorded``, ``duplicate``, ``unmatched`` (kept, but it fits no delivery of yours) or ``invalid``
    with its errors; 422 only when none could be taken. As CAP, one message answers for every outlet of yours that was
    given what it refers to."""
    raw = await read_body(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() in XML_TYPES:
        return {"results": await take_cap(house, who, raw)}
    said, twice = read_json(raw, _MOST_MEMBERS)
    items, base = _items(said)
    now = datetime.now(UTC)
    read = [_read(item, base.format(i), twice) for i, item in enumerate(items)]
    good = [form.stated(now) for form in read if isinstance(form, ReceiptForm)]
    if not good:
        raise Invalid([fault for faults in read if not isinstance(faults, ReceiptForm) for fault in faults])
    async with transaction(house.engine) as session:
        taken = await confirm(session, who.partner_id, good, live=who.live, press=house.press)
    outcomes = zip(taken, good, strict=True)
    return {"results": [_result(form, base.format(i), outcomes) for i, form in enumerate(read)]}


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


def _result(form: ReceiptForm | Sequence[Fault], base: str, outcomes: Iterator[tuple[Taken, Stated]]) -> dict[str, Any]:
    if isinstance(form, ReceiptForm):
        outcome, stated = next(outcomes)
        return result(outcome, stated, f"{base}/delivery")
    return {"outcome": "invalid", "errors": [described(fault) for fault in form]}
