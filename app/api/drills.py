"""Drills: started by operators; their results for operators, and for partners those of their own outlets."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.api.access import Keeper, Steward, TheHouse
from app.api.alerts import AlertId, IdempotencyKey
from app.api.json_body import parse, read_body
from app.api.openapi import answers, json_body
from app.api.parameters import Bare, Parameters
from app.db import drills
from app.db.drills import Drill, PartnerTally, Tally
from app.db.engine import Session, transaction
from app.domain.errors import Invalid, NotFound
from app.domain.spreadsheet import csv_of
from app.flows.drill_sheet import sheet
from app.flows.drills import DrillForm, start
from app.flows.principal import Principal

router = APIRouter(prefix="/v1/drills", tags=["drills"])


class Page(Parameters):
    before: Annotated[
        str,
        Field(
            pattern="^(YL-[0-9]{4}-[0-9]{6,12})?$", description="`next` of the page before", examples=["YL-2026-000012"]
        ),
    ] = ""
    limit: Annotated[int, Field(ge=1, le=100, description="Drills at most.")] = 20


_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.post(
    "",
    status_code=201,
    openapi_extra=json_body(DrillForm, required=False),
    responses=answers(400, 401, 403, 409, 413, 415, 422, 503),
)
async def start_drill(
    who: Steward, house: TheHouse, request: Request, response: Response, idempotency_key: IdempotencyKey = None
) -> dict[str, Any]:
    """Send an exercise to the outlets that you name, to those of some channels, or to all; only to outlets that have agreed
    to exercises. It is retracted by itself after `minutes`."""
    raw = await read_body(request)
    form, faults = parse(DrillForm, raw or b"{}")
    if form is None:
        raise Invalid(faults)
    async with house.issuing.turn(), transaction(house.engine) as session:
        issued = await start(
            session, who, form, idempotency_key=idempotency_key, body_hash=_hash(request, raw), seal=house.seal,
            press=house.press,
        )  # fmt: skip
        view = await _whole(session, who, await _drill(session, who, issued.code))
    response.headers["location"] = f"/v1/drills/{issued.code}"
    if issued.again:
        response.headers["idempotency-replayed"] = "true"
    return view


@router.get("", responses=answers(401, 403, 422, 503))
async def list_drills(who: Keeper, house: TheHouse, asked: Annotated[Page, Query()]) -> dict[str, Any]:
    """Drills, newest first, with what they came to. A partner sees those that its outlets were chosen for, and of them its
    own outlets alone."""
    async with transaction(house.engine) as session:
        rows = await drills.listing(session, who.partner_id, before=asked.before, limit=asked.limit + 1)
        page = rows[: asked.limit]
        tallies = await drills.tallies(session, [d.alert_id for d in page], who.partner_id)
    return {
        "drills": [{**_head(who, d), "outcome": _outcome(tallies[d.alert_id])} for d in page],
        "next": page[-1].code if len(rows) > asked.limit else None,
    }


@router.get(
    "/{id}.csv", response_class=Response, responses=_CSV | answers(401, 403, 404, 422, 503)
)  # before the next, which would take it
async def read_drill_sheet(who: Keeper, id: AlertId, house: TheHouse, _: Bare) -> Response:
    """The outlets' results as a sheet in Chinese, one line an outlet. In UTF-8 with a mark, as spreadsheets want it."""
    async with transaction(house.engine) as session:
        drill = await _drill(session, who, id)
        rows = await drills.results(session, drill.alert_id, who.partner_id)
    headers = {"content-disposition": f'attachment; filename="{drill.code}.csv"'}
    said = csv_of(sheet(rows, house.catalogue.channels))
    return Response(said, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{id}", responses=answers(401, 403, 404, 422, 503))
async def read_drill(who: Keeper, id: AlertId, house: TheHouse, _: Bare) -> dict[str, Any]:
    """One drill: what each partner and each outlet did, how fast, and who did not."""
    async with transaction(house.engine) as session:
        return await _whole(session, who, await _drill(session, who, id))


async def _drill(session: Session, who: Principal, code: str) -> Drill:
    found = await drills.find(session, code, who.partner_id)
    if found is None:
        raise NotFound(
            "没有这个编号的演练，或本单位没有参加。", "There is no such drill, or none of your outlets took part."
        )
    return found


async def _whole(session: Session, who: Principal, drill: Drill) -> dict[str, Any]:
    tally = (await drills.tallies(session, [drill.alert_id], who.partner_id))[drill.alert_id]
    partners = await drills.by_partner(session, drill.alert_id, who.partner_id)
    rows = await drills.results(session, drill.alert_id, who.partner_id)
    return {
        **_head(who, drill),
        "outcome": _outcome(tally),
        "partners": [_partner(p) for p in partners],
        "outlets": _outlets(rows),
    }


def _head(who: Principal, d: Drill) -> dict[str, Any]:
    """Who asked for it is told to operators."""
    return {
        "id": d.code, "status": "exercise", "state": "ended" if d.ended_at else "running", "started_at": d.at,
        "ends_at": d.end_at, "ended_at": d.ended_at, "started_by": d.by if who.partner_id is None else None,
    }  # fmt: skip


def _outcome(t: Tally) -> dict[str, Any]:
    counts = {n: v for n, v in asdict(t).items() if not n.endswith(("_half", "_last"))}
    times = {
        f"{step}_seconds": {"median": getattr(t, f"{step}_half"), "slowest": getattr(t, f"{step}_last")}
        for step in ("received", "aired", "down")
    }
    return {**counts, **times}


def _partner(p: PartnerTally) -> dict[str, Any]:
    return {"id": str(p.id), "name": p.name, "outcome": _outcome(p.tally)}


def _outlets(rows: Sequence[Mapping[str, Any]]) -> Sequence[dict[str, Any]]:
    return [
        {
            "id": str(r["outlet_id"]), "name": r["outlet"], "channel": r["channel"], "partner": r["partner"],
            "received_seconds": r["received"], "aired_seconds": r["aired"], "down_seconds": r["down"],
            "can_state_airing": r["airs"], "can_state_take_down": not r["mute"], "lacks": r["lacks"], "reason": r["reason"],
        }
        for r in rows
    ]  # fmt: skip


def _hash(request: Request, raw: bytes) -> bytes:
    return hashlib.sha256(f"{request.method} {request.scope['path']}\n".encode() + raw).digest()
