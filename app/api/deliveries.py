"""Deliveries as the partner they are for sees them: what became of each, what it says, and to be told again."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.access import Keeper, Partner, TheHouse
from app.api.openapi import answers
from app.api.parameters import Bare, Parameters
from app.db import histories
from app.db.engine import transaction
from app.domain.errors import NotFound
from app.domain.words import DeliveryState, Kind, Outcome, ReceiptKind, Status
from app.flows.read_notice import read_notice
from app.flows.replay import replay

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

LARGEST_ID = 2**63 - 1
_DELIVERY = re.compile(r"dlv_([1-9][0-9]{0,17})")


class Page(Parameters):
    outlet: Annotated[int | None, Field(ge=1, le=LARGEST_ID, description="One outlet's only")] = None
    before: Annotated[
        str | None,
        Field(pattern=f"^{_DELIVERY.pattern}$", description="`next` of the page before", examples=["dlv_17"]),
    ] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AttemptShown(BaseModel):
    """One call to the outlet. ``detail`` holds the words of its answer without addresses, keys and names."""

    number: int
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    reason: str | None
    detail: str | None


class ReceiptShown(BaseModel):
    """What the outlet said. ``contradicts``: it says ``aired`` after it had said ``taken_down``."""

    kind: ReceiptKind
    at: datetime
    until: datetime | None
    received_at: datetime
    note: str
    evidence: str
    contradicts: bool


class DeliveryShown(BaseModel):
    """One notice for one outlet. ``newest``: no newer notice of the alert has taken its place."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(examples=["dlv_42"])]
    alert: Annotated[str, Field(examples=["HJ-2026-000123"])]
    number: int
    kind: Kind
    status: Status
    newest: bool
    state: DeliveryState
    tries: int
    reason: str | None
    detail: str | None
    reference: str | None
    outlet_id: Annotated[str, Field(examples=["7"])]
    outlet: str
    channel: str
    carrier: str
    created_at: datetime
    due_at: datetime
    accepted_at: datetime | None
    confirmed_at: datetime | None
    attempts: list[AttemptShown]
    receipts: list[ReceiptShown]


class DeliveriesShown(BaseModel):
    """``next`` is the ``before`` of the next page, and null on the last."""

    deliveries: list[DeliveryShown]
    next: Annotated[str | None, Field(examples=["dlv_17"])]


class Replayed(BaseModel):
    """What is sent again, under the same ids."""

    deliveries: Annotated[list[str], Field(examples=[["dlv_42"]])]


def delivery_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """One delivery as every answer shows it."""
    return {**row, "id": f"dlv_{row['id']}", "outlet_id": str(row["outlet_id"])}


async def _number(delivery: Annotated[str, Path(examples=["dlv_42"])]) -> int:
    match = _DELIVERY.fullmatch(delivery)
    if match is None:
        raise NotFound("没有这个投递编号。", "There is no such delivery.")
    return int(match[1])


DeliveryId = Annotated[int, Depends(_number)]


@router.get("", response_model=DeliveriesShown, responses=answers(401, 403, 422, 503))
async def list_deliveries(who: Keeper, house: TheHouse, asked: Annotated[Page, Query()]) -> dict[str, Any]:
    """What was sent to your outlets, newest first, with every attempt and every receipt."""
    async with transaction(house.engine) as session:
        below = int(asked.before.removeprefix("dlv_")) if asked.before else None
        rows = await histories.of_outlets(session, who.partner_id, asked.outlet, below, asked.limit + 1, live=who.live)
    page = [delivery_view(row) for row in rows[: asked.limit]]
    return {"deliveries": page, "next": page[-1]["id"] if len(rows) > asked.limit else None}


@router.get("/{delivery}", response_model=DeliveryShown, responses=answers(401, 403, 404, 422, 503))
async def read_delivery(who: Keeper, id: DeliveryId, house: TheHouse, _: Bare) -> dict[str, Any]:
    """One of them."""
    async with transaction(house.engine) as session:
        row = await histories.one(session, id, who.partner_id, live=who.live)
    if row is None:
        raise NotFound("没有这个投递编号，或它不属于本单位。", "There is no such delivery, or it is not yours.")
    return delivery_view(row)


@router.get("/{delivery}/notice", responses=answers(401, 403, 404, 410, 422, 503))
async def read_delivery_notice(
    who: Partner, id: DeliveryId, house: TheHouse, response: Response, _: Bare
) -> dict[str, Any]:
    """The whole payload, for whoever was sent a thin one. 410 once a newer notice has taken its place. From the moment it
    is answered the outlet counts as one that may show it, and is told of the end."""
    async with transaction(house.engine) as session:
        said = await read_notice(session, who, id, press=house.press)
    response.headers["cache-control"] = "no-store"
    return dict(said)


@router.post("/{delivery}/replay", response_model=Replayed, responses=answers(401, 403, 404, 409, 422, 503))
async def replay_delivery(who: Keeper, id: DeliveryId, house: TheHouse) -> dict[str, Any]:
    """Send it again, under the same ``webhook-id``: for a receiver that has lost what it took. Only a notice that is
    still in force is sent."""
    async with transaction(house.engine) as session:
        again = await replay(session, who, id)
    return {"deliveries": [f"dlv_{again.id}"]}
