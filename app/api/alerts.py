"""Alerts: submit, look, update, retract."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.access import Caller, TheHouse
from app.api.openapi import json_body, submission_body
from app.api.submission import parse, read_submission
from app.api.text import Line
from app.db import alerts, views
from app.db.alerts import AlertRow
from app.db.engine import Session, transaction
from app.domain.errors import Invalid, NotFound
from app.domain.words import EndReason
from app.flows import amend as amending
from app.flows import end, submit
from app.flows.house import House
from app.flows.principal import Principal, may_see

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=8, max_length=255, pattern=r"^[\x21-\x7e]+$")
]


class RetractForm(BaseModel):
    """Why the alert ends. The reason stays with the police; ``line`` is public and may not say what happened."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    reason: Literal["found", "issued_in_error", "report_untrue"]
    line: Annotated[Line, Field(description="An optional public sentence.")] = ""


@router.post("", status_code=201, openapi_extra=submission_body())
async def submit_alert(
    request: Request, response: Response, who: Caller, house: TheHouse, idempotency_key: IdempotencyKey = None
) -> dict[str, Any]:
    """Issue an alert from a verified record. 201 only after all of it is durable."""
    sent = await read_submission(request)
    async with transaction(house.engine) as session:
        issued = await submit.submit(
            session, who, sent.record, sent.photo, idempotency_key=idempotency_key, body_hash=sent.body_hash,
            seal=house.seal, press=house.press,
        )  # fmt: skip
        view = await _view(session, who, issued.code, house)
    response.headers["location"] = f"/v1/alerts/{issued.code}"
    if issued.again:
        response.headers["idempotency-replayed"] = "true"
    return view


@router.get("/{id}")
async def read_alert(id: str, who: Caller, house: TheHouse) -> dict[str, Any]:
    """State, notices, deliveries counted by channel and state, and the oldest that is still undelivered."""
    async with transaction(house.engine) as session:
        return await _view(session, who, id, house)


@router.get("/{id}/deliveries")
async def read_deliveries(
    id: str,
    who: Caller,
    house: TheHouse,
    after: Annotated[int, Query(ge=0, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """A page of deliveries, oldest first, with attempts and receipts. ``next`` is null on the last page."""
    async with transaction(house.engine) as session:
        alert = await _alert(session, who, id)
        rows = await views.deliveries(session, alert.id, after, limit)
    return {
        "deliveries": [{**row, "id": f"dlv_{row['id']}", "outlet_id": str(row["outlet_id"])} for row in rows],
        "next": rows[-1]["id"] if len(rows) == limit else None,
    }


@router.post("/{id}/update", openapi_extra=submission_body())
async def update_alert(
    id: str, request: Request, response: Response, who: Caller, house: TheHouse, idempotency_key: IdempotencyKey = None
) -> dict[str, Any]:
    """Tell everyone anew: a whole new version of the record. It replaces what was told before."""
    sent = await read_submission(request)
    async with transaction(house.engine) as session:
        issued = await amending.amend(
            session, who, id, sent.record, sent.photo, idempotency_key=idempotency_key, body_hash=sent.body_hash,
            seal=house.seal, press=house.press,
        )  # fmt: skip
        view = await _view(session, who, issued.code, house)
    if issued.again:
        response.headers["idempotency-replayed"] = "true"
    return view


@router.post("/{id}/retract", openapi_extra=json_body(RetractForm))
async def retract_alert(id: str, request: Request, who: Caller, house: TheHouse) -> dict[str, Any]:
    """Take it back everywhere. One officer suffices; retracting what is retracted changes nothing."""
    form, faults = parse(RetractForm, await request.body())
    if form is None:
        raise Invalid(faults)
    async with transaction(house.engine) as session:
        ended = await end.retract(session, who, id, EndReason(form.reason), form.line, press=house.press)
        view = await _view(session, who, ended.code, house)
    return {**view, "already_retracted": ended.again}


async def _alert(session: Session, who: Principal, code: str) -> AlertRow:
    alert = await alerts.find(session, code)
    if alert is None or not may_see(who, alert.organ_code, alert.area_code):
        raise NotFound(f"没有编号为 {code[:40]} 的紧急寻人。", f"There is no alert {code[:40]}.")
    return alert


async def _view(session: Session, who: Principal, code: str, house: House) -> dict[str, Any]:
    alert = await _alert(session, who, code)
    oldest = await views.oldest_undelivered(session, alert.id)
    return {
        "id": alert.code,
        "status": alert.status,
        "state": alert.state,
        "organ_code": alert.organ_code,
        "area_code": alert.area_code,
        "reach_km": alert.reach_km,
        "expires_at": alert.expires_at,
        "ended_at": alert.ended_at,
        "end_reason": alert.end_reason,
        "page_url": f"{house.base_url}/p/{alert.code}",
        "notices": [
            {"number": n["number"], "kind": n["kind"], "issued_at": n["issued_at"]}
            for n in await views.notices(session, alert.id)
        ],
        "deliveries": list(await views.counts(session, alert.id)),
        "outlets": (await views.stages(session, [alert.id]))[alert.id],
        "oldest_undelivered": None if oldest is None else {**oldest, "delivery_id": f"dlv_{oldest['delivery_id']}"},
    }
