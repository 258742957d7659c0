"""Alerts: submit, look, update, retract."""

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.api.access import Police, Staff, TheHouse, may_touch
from app.api.deliveries import delivery_view
from app.api.json_body import parse, read_body
from app.api.openapi import answers, json_body, submission_body
from app.api.parameters import Bare, Parameters
from app.api.submission import read_submission
from app.db import alerts, histories, progress, views
from app.db.alerts import AlertRow
from app.db.engine import Session, transaction
from app.domain.errors import Invalid, NotFound
from app.domain.words import EndReason
from app.flows import amend as amending
from app.flows import end, submit
from app.flows.drawn import Drawn, after_drawing
from app.flows.faults import Complaint
from app.flows.house import House
from app.flows.principal import Principal, may_see
from app.flows.submit import Issued
from app.forms.text import Line

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

_CODE = re.compile(r"(HJ|YL|CS)-[0-9]{4}-[0-9]{6,12}")
_KEY = re.compile(r"[\x21-\x7e]{8,255}")
_LARGEST_ID = 2**63 - 1


def _idempotency_key(value: str) -> str:
    if _KEY.fullmatch(value) is None:
        raise Complaint(
            "idempotency_key", "Idempotency-Key 应为 8 至 255 个可见的 ASCII 字符。",
            "An Idempotency-Key has 8 to 255 visible ASCII characters.",
            "每次提交用一个新的 UUID，重试时用原来的。", "Use a new UUID for each submission, and the same one to retry.",
        )  # fmt: skip
    return value


async def _known_form(id: str) -> str:
    """An alert number, or NotFound: what cannot be one is not looked for. Taken after the key, which is asked first."""
    if _CODE.fullmatch(id) is None:
        raise NotFound("没有这个编号的紧急寻人。", "There is no alert with this number.")
    return id


AlertId = Annotated[str, Depends(_known_form)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key"), AfterValidator(_idempotency_key)]


class Page(Parameters):
    after: Annotated[int, Field(ge=0, le=_LARGEST_ID, description="`next` of the page before")] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class RetractForm(BaseModel):
    """Why the alert ends. The reason stays with the police; ``line`` is public and may not say what happened."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    reason: Literal["found", "issued_in_error", "report_untrue"]
    line: Annotated[Line, Field(description="An optional public sentence.")] = ""


@router.post(
    "", status_code=201, openapi_extra=submission_body(), responses=answers(400, 401, 403, 409, 413, 415, 422, 503)
)
async def submit_alert(
    request: Request, response: Response, who: Police, house: TheHouse, idempotency_key: IdempotencyKey = None
) -> dict[str, Any]:
    """Issue an alert from a verified record. 201 only after all of it is durable."""
    sent = await read_submission(request)
    async with house.issuing.turn(), transaction(house.engine) as session:
        issued = await submit.submit(
            session, who, sent.record, sent.photo, idempotency_key=idempotency_key, body_hash=sent.body_hash,
            seal=house.seal, press=house.press,
        )  # fmt: skip
        view = await _view(session, who, issued.code, house)
    response.headers["location"] = f"/v1/alerts/{issued.code}"
    if issued.again:
        response.headers["idempotency-replayed"] = "true"
    return view


@router.get("/{id}", responses=answers(401, 403, 404, 422, 503))
async def read_alert(who: Staff, id: AlertId, house: TheHouse, _: Bare) -> dict[str, Any]:
    """State, notices, deliveries counted by channel and state, and the oldest that is still undelivered."""
    async with transaction(house.engine) as session:
        return await _view(session, who, id, house)


@router.get("/{id}/deliveries", responses=answers(401, 403, 404, 422, 503))
async def read_deliveries(who: Staff, id: AlertId, house: TheHouse, asked: Annotated[Page, Query()]) -> dict[str, Any]:
    """A page of deliveries, oldest first, with attempts and receipts. ``next`` is null on the last page."""
    async with transaction(house.engine) as session:
        alert = await _alert(session, who, id)
        rows = await histories.of_alert(session, alert.id, asked.after, asked.limit + 1)
    page = rows[: asked.limit]
    return {
        "deliveries": [delivery_view(row) for row in page],
        "next": page[-1]["id"] if len(rows) > asked.limit else None,
    }


@router.post(
    "/{id}/update", openapi_extra=submission_body(), responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503)
)
async def update_alert(
    who: Police,
    id: AlertId,
    request: Request,
    response: Response,
    house: TheHouse,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Tell everyone anew: a whole new version of the record. It replaces what was told before."""
    sent = await read_submission(request)

    async def act(session: Session, drawn: Drawn) -> tuple[Issued, dict[str, Any]]:
        await _alert(session, who, id)
        issued = await amending.amend(
            session, who, id, sent.record, sent.photo, idempotency_key=idempotency_key, body_hash=sent.body_hash,
            seal=house.seal, press=drawn,
        )  # fmt: skip
        return issued, await _view(session, who, issued.code, house)

    async with house.issuing.turn():
        issued, view = await after_drawing(house.engine, house.press, act)
    if issued.again:
        response.headers["idempotency-replayed"] = "true"
    return view


@router.post(
    "/{id}/retract",
    openapi_extra=json_body(RetractForm),
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
async def retract_alert(who: Staff, id: AlertId, request: Request, house: TheHouse) -> dict[str, Any]:
    """Take it back everywhere. One officer suffices; retracting what is retracted changes nothing. Read as JSON whatever
    its Content-Type says: a retraction does not fail for a header."""
    form, faults = parse(RetractForm, await read_body(request))
    if form is None:
        raise Invalid(faults)
    async with transaction(house.engine) as session:
        await _alert(session, who, id)
        ended = await end.retract(session, who, id, EndReason(form.reason), form.line, press=house.press)
        view = await _view(session, who, ended.code, house)
    return {**view, "already_retracted": ended.again}


async def _alert(session: Session, who: Principal, code: str) -> AlertRow:
    alert = await alerts.find(session, code)
    if alert is None or not may_see(who, alert.organ_code, alert.area_code):
        raise NotFound(f"没有编号为 {code} 的紧急寻人。", f"There is no alert {code}.")
    may_touch(who, alert.status)
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
        "outlets": (await progress.stages(session, [alert.id]))[alert.id],
        "oldest_undelivered": None if oldest is None else {**oldest, "delivery_id": f"dlv_{oldest['delivery_id']}"},
    }
