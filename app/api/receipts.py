"""Receipts: one or many; what is good is recorded even beside what is not."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.api.access import Partner, TheHouse
from app.api.problems import Problem
from app.api.text import Prose
from app.db.engine import transaction
from app.domain.errors import Fault, Invalid
from app.domain.words import ReceiptKind
from app.flows.confirm import Stated, confirm
from app.flows.faults import faults_of

router = APIRouter(prefix="/v1", tags=["receipts"])

MOST = 500
_DELIVERY = re.compile(r"dlv_([1-9][0-9]{0,17})")


class ReceiptForm(BaseModel):
    """Evidence from an outlet. ``delivery`` is the ``webhook-id`` (or the feed item's ``delivery``); ``at`` is when it
    happened there, now when left out."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    delivery: Annotated[str, Field(min_length=1, max_length=64, examples=["dlv_42"])]
    kind: Literal["received", "aired", "taken_down", "rejected"]
    at: AwareDatetime | None = None
    note: Prose = ""
    evidence: Annotated[str, Field(max_length=500, pattern=r"^(https?://\S+)?$")] = ""

    def stated(self, now: datetime) -> Stated:
        match = _DELIVERY.fullmatch(self.delivery)
        return Stated(
            int(match[1]) if match else None, ReceiptKind(self.kind), self.at or now, self.note, self.evidence,
            self.delivery,
        )  # fmt: skip


@router.post(
    "/receipts",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"oneOf": [
        ReceiptForm.model_json_schema(),
        {"type": "object", "required": ["receipts"], "properties": {"receipts": {
            "type": "array", "minItems": 1, "maxItems": MOST, "items": ReceiptForm.model_json_schema()}}},
    ]}}}}},
)  # fmt: skip
async def send_receipts(request: Request, partner_id: Partner, house: TheHouse) -> dict[str, Any]:
    """Each result is ``recorded``, ``duplicate``, ``unmatched`` (kept, but it fits no delivery of yours) or ``invalid``
    with its errors; 422 only when none could be taken."""
    items, single = _items(await request.body())
    now = datetime.now(UTC)
    read = [_read(item, "" if single else f"/receipts/{i}") for i, item in enumerate(items)]
    good = [form.stated(now) for form in read if isinstance(form, ReceiptForm)]
    if not good:
        raise Invalid([fault for faults in read if isinstance(faults, list) for fault in faults])
    async with transaction(house.engine) as session:
        taken = iter(await confirm(session, partner_id, good, press=house.press))
    return {"results": [_result(form, taken) for form in read]}


def _items(body: bytes) -> tuple[list[Any], bool]:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as e:
        raise Problem(400, "json", "内容不是合法的 JSON（UTF-8）。", f"The body is not valid JSON: {e}") from e
    if isinstance(sent, dict) and "receipts" not in sent:
        return [sent], True
    items = sent.get("receipts") if isinstance(sent, dict) else sent
    if not isinstance(items, list) or not items:
        raise Problem(
            400, "json", '应为一条回执，或 {"receipts": [ … ]}。', 'Send one receipt, or {"receipts": [ … ]}.'
        )
    if len(items) > MOST:
        raise Problem(413, "too-many", f"一次最多 {MOST} 条回执，请分次发送。", f"At most {MOST} receipts at once.")
    return items, False


def _read(item: Any, base: str) -> ReceiptForm | list[Fault]:
    try:
        return ReceiptForm.model_validate_json(orjson.dumps(item))
    except ValidationError as e:
        return faults_of(e.errors(include_url=False, include_input=False), base)


def _result(form: ReceiptForm | list[Fault], taken: Any) -> dict[str, Any]:
    if isinstance(form, ReceiptForm):
        return {"delivery": form.delivery, "kind": form.kind, "outcome": next(taken)}
    return {
        "outcome": "invalid",
        "errors": [{"pointer": f.pointer, "code": f.code, "detail": f.zh, "detail_en": f.en} for f in form],
    }
