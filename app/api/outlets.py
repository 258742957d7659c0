"""Outlets as the partner that owns them looks after them: how they are, tried out, keys changed, told again."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from app.api.access import Keeper, Steward, TheHouse, must_be_live
from app.api.deliveries import LARGEST_ID, Replayed
from app.api.json_body import parse, read_body, read_json
from app.api.openapi import answers, json_body
from app.api.outlet_forms import (
    CheckShown,
    ChecksShown,
    EnrolmentShown,
    OutletsShown,
    ReplayForm,
    RotatedShown,
    RotateForm,
)
from app.api.parameters import Parameters
from app.db import outlets, trials
from app.db.engine import Session, transaction
from app.db.outlets import Enrolled
from app.domain.errors import Conflict, Invalid, NotFound
from app.flows.house import House
from app.flows.principal import Principal
from app.flows.replay import replay_since
from app.flows.roster import Document, check_document, enrol_all
from app.flows.rotate import rotate

F = TypeVar("F", bound=BaseModel)

router = APIRouter(prefix="/v1/outlets", tags=["outlets"])

MOST_TRIED = 20
MOST_MEMBERS = 100_000  # a roster of five thousand outlets


class Page(Parameters):
    after: Annotated[int, Field(ge=0, le=LARGEST_ID, description="`next` of the page before")] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class Few(Parameters):
    limit: Annotated[int, Field(ge=1, le=100)] = 20


async def _number(outlet: Annotated[str, Path(examples=["7"])]) -> int:
    if not (outlet.isascii() and outlet.isdigit() and 0 < int(outlet[:19]) <= LARGEST_ID and len(outlet) < 20):
        raise _unknown()
    return int(outlet)


OutletId = Annotated[int, Depends(_number)]


@router.get("", response_model=OutletsShown, responses=answers(401, 403, 422, 503))
async def list_outlets(who: Keeper, house: TheHouse, asked: Annotated[Page, Query()]) -> dict[str, Any]:
    """Your outlets and how they are; for operators everybody's."""
    async with transaction(house.engine) as session:
        rows = await outlets.listing(session, who.partner_id, after=asked.after, limit=asked.limit + 1)
    page = [_shown(row) for row in rows[: asked.limit]]
    return {"outlets": page, "next": page[-1]["id"] if len(rows) > asked.limit else None}


@router.post(
    "",
    status_code=201,
    response_model=EnrolmentShown,
    openapi_extra=json_body(Document),
    responses=answers(400, 401, 403, 413, 415, 422, 503),
)
async def enrol_outlets(who: Steward, house: TheHouse, request: Request) -> dict[str, Any]:
    """Enrol partners and outlets, all of them or none. Those that take tests are sent one at once, the first twenty of
    them, and what they answered is told."""
    said, twice = read_json(await read_body(request), MOST_MEMBERS)
    document = check_document(said)
    if twice:
        raise Invalid(twice)
    async with transaction(house.engine) as session:
        enrolment = await enrol_all(session, document, who.actor, wire=house.wire, seal=house.seal)
    tried = await _tried(house, who, [m.id for m in enrolment.outlets if m.takes_tests][:MOST_TRIED])
    return {
        "outlets": [
            {"id": str(m.id), "name": m.name, "partner": m.partner, "check": tried.get(m.id)} for m in enrolment.outlets
        ]
    }


@router.post("/{outlet}/check", response_model=CheckShown, responses=answers(401, 403, 404, 409, 422, 503))
async def check_outlet(who: Keeper, id: OutletId, house: TheHouse) -> Any:
    """Send the outlet a signed test notice and take it down again; every few seconds at most. Only for outlets that take
    tests. Answers when the outlet has, or its deadline is over."""
    async with transaction(house.engine) as session:
        await _own(session, who, id)
    if house.trier is None:
        raise _unknown()
    return asdict(await house.trier.try_out(id, who.actor))


@router.get("/{outlet}/checks", response_model=ChecksShown, responses=answers(401, 403, 404, 422, 503))
async def list_checks(who: Keeper, id: OutletId, house: TheHouse, asked: Annotated[Few, Query()]) -> dict[str, Any]:
    """The checks there have been, newest first; probes of an outlet in quarantine among them."""
    async with transaction(house.engine) as session:
        await _own(session, who, id)
        return {"checks": await trials.of_outlet(session, id, asked.limit)}


@router.post(
    "/{outlet}/rotate",
    response_model=RotatedShown,
    openapi_extra=json_body(RotateForm, required=False),
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
async def rotate_secret(who: Keeper, id: OutletId, house: TheHouse, request: Request) -> Any:
    """A new signing secret. The old one signs beside it for a day, or for the hours you say."""
    must_be_live(who)
    form = _read(RotateForm, await read_body(request) or b"{}")
    async with transaction(house.engine) as session:
        await _own(session, who, id)
        overlap = timedelta(hours=form.hours)
        return asdict(await rotate(session, who, id, overlap, wire=house.wire, seal=house.seal))


@router.post(
    "/{outlet}/replay",
    response_model=Replayed,
    openapi_extra=json_body(ReplayForm),
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
async def replay_outlet(who: Keeper, id: OutletId, house: TheHouse, request: Request) -> dict[str, Any]:
    """Send again what the outlet may have lost or missed, each notice under the ``webhook-id`` it has. What a newer notice
    has replaced is never sent again."""
    form = _read(ReplayForm, await read_body(request))
    async with transaction(house.engine) as session:
        outlet = await _own(session, who, id)
        again = await replay_since(session, who, outlet, form.since, await outlets.lane(session, outlet.id))
    return {"deliveries": [f"dlv_{d.id}" for d in again]}


async def _own(session: Session, who: Principal, id: int) -> Enrolled:
    found = (await outlets.enrolled(session, [id])).get(id)
    if found is None or who.partner_id not in (None, found.partner_id):
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("没有这个发布点，或它不属于本单位。", "There is no such outlet, or it is not yours.")


def _read(model: type[F], raw: bytes) -> F:
    form, faults = parse(model, raw)
    if form is None:
        raise Invalid(faults)
    return form


async def _tried(house: House, who: Principal, ids: Sequence[int]) -> Mapping[int, Any]:
    """What each of them made of a test notice; one that cannot be tried now is left out."""
    trier = house.trier
    if trier is None:
        return {}
    answered = await asyncio.gather(*(trier.try_out(id, who.actor) for id in ids), return_exceptions=True)
    for said in answered:
        if isinstance(said, BaseException) and not isinstance(said, Conflict):
            raise said
    return {id: asdict(t) for id, t in zip(ids, answered, strict=True) if not isinstance(t, BaseException)}


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    state = "quarantined" if row["quarantined_at"] else "failing" if row["failures"] else "well"
    health = {
        "state": state, "failures": row["failures"], "since": row["failing_since"], "reason": row["trouble"],
        "next_probe": row["probe_at"],
    }  # fmt: skip
    return {**row, "id": str(row["id"]), "settings": row["settings_shown"], "health": health}
