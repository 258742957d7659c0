"""Enrol an outlet or change one, by the form that its carrier's own settings make."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.outlet_form import Typed, checked, stated, typed_form
from app.console.outlet_page import outlet_path
from app.console.pages import page
from app.console.paging import row_id
from app.db import directory
from app.db.engine import clock, transaction
from app.db.moving import may_be_up
from app.domain.errors import Conflict, Fault, Invalid, NotFound
from app.domain.words import Role
from app.flows.house import House
from app.flows.ports import CarrierForm
from app.flows.upkeep import Secrets, add_outlet, revise_outlet

NEW = "/console/outlets/new"


def outlet_editing(house: House) -> APIRouter:
    """/outlets/new and /outlets/{id}/edit."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/outlets/new")
    async def choose(request: Request, partner: str = "", channel: str = "", carrier: str = "") -> Response:
        form = house.catalogue.carriers.get(carrier)
        if not partner or channel not in house.catalogue.channels or form is None or not form.fits(channel):
            unfit = "这种传输方式不能用于这个渠道，请另选。" if form and channel and not form.fits(channel) else ""
            return await _choose(house, request, partner, channel, carrier, unfit)
        return await _page(house, request, Typed({"partner": partner, "channel": channel, "carrier": carrier}), None)

    @router.post("/outlets/new")
    async def add(request: Request) -> Response:
        typed = typed_form(await read_form(request))
        try:
            form = checked(house, typed)
            async with transaction(house.engine) as session:
                who = await acting(session, request, typed.get("csrf"), back=NEW, least=Role.ADMIN)
                partner = await directory.partner(session, row_id(typed.get("partner")))
                if partner is None:
                    raise NotFound("没有这个协作单位。", "There is no such partner.")
                id = await add_outlet(session, who.actor, partner["id"], form, wire=house.wire, seal=house.seal)
        except (Invalid, Conflict) as e:
            return await _page(house, request, typed, None, _faults(e))
        return RedirectResponse(f"{outlet_path(id)}?result=added", 303)

    @router.get("/outlets/{id}/edit")
    async def edit(request: Request, id: str) -> Response:
        return await _page(house, request, None, row_id(id))

    @router.post("/outlets/{id}/edit")
    async def revise(request: Request, id: str) -> Response:
        outlet, typed = row_id(id), typed_form(await read_form(request))
        try:
            await _revise(house, request, outlet, typed)
        except Invalid as e:
            return await _page(house, request, typed, outlet, e.faults)
        return RedirectResponse(f"{outlet_path(outlet)}?result=saved", 303)

    return router


def _faults(e: Invalid | Conflict) -> Sequence[Fault]:
    return e.faults if isinstance(e, Invalid) else [Fault("/name", e.code, e.zh, e.en)]


async def _revise(house: House, request: Request, id: int, typed: Typed) -> None:
    """Whose form it is, is asked before what it says."""
    async with transaction(house.engine) as session:
        who = await acting(session, request, typed.get("csrf"), back=f"{outlet_path(id)}/edit", least=Role.ADMIN)
        row = await _outlet(session, id)
        named = replace(typed, said={**typed.said, "name": row["name"]})
        carrier = house.catalogue.carriers.get(typed.get("carrier"))
        names = [f.name for f in carrier.fields if f.secret] if carrier else []
        held = Secrets(names, [n for n in names if typed.get(f"clear-{n}")])
        form = checked(house, named, keeping=names)
        settled = typed.get("up").split() if typed.get("settled") else ()
        await revise_outlet(session, who.actor, id, form, held, wire=house.wire, seal=house.seal, settled=settled)


def _options(choices: Sequence[str], default: str) -> Sequence[tuple[str, str]]:
    """Those of a choice, the default first where there is one."""
    return [*([("", default)] if default else []), *((choice, choice) for choice in choices)]


async def _outlet(session: Any, id: int) -> Mapping[str, Any]:
    row = await directory.outlet(session, id)
    if row is None:
        raise NotFound("没有这个发布点。", "There is no such outlet.")
    return row


async def _choose(house: House, request: Request, partner: str, channel: str, carrier: str, unfit: str) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, least=Role.ADMIN)
        now = await clock(session)
        names = await directory.partner_names(session)
    return page(
        "outlet_choose.html", who=who, now=now, partners=names, partner=partner, channel=channel, carrier=carrier,
        unfit=unfit, catalogue=house.catalogue, titles=[(c.name, c.title) for c in house.catalogue.carriers.values()],
    )  # fmt: skip


async def _page(
    house: House, request: Request, typed: Typed | None, id: int | None, faults: Sequence[Fault] = ()
) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, least=Role.ADMIN)
        now = await clock(session)
        row = await _outlet(session, id) if id is not None else None
        typed = typed or stated(row or {})
        partner = row["partner_id"] if row else row_id(typed.get("partner"))
        whose = await directory.partner(session, partner)
        shown = (await may_be_up(session, [id])).get(id, []) if id is not None else []
    if whose is None:
        raise NotFound("没有这个协作单位。", "There is no such partner.")
    carrier = house.catalogue.carriers.get(typed.get("carrier"), CarrierForm("", "", False, None, ()))
    here = {name for name, _ in typed.pointers(carrier)}
    wrong = {f.pointer: f"{f.zh}{f.remedy_zh}" for f in faults}
    return page(
        "outlet_edit.html", 422 if faults else 200, who=who, now=now, typed=typed, outlet=row, whose=whose, shown=shown,
        carrier=carrier, catalogue=house.catalogue, wrong=wrong,
        others=[f for f in faults if f.pointer not in here and not f.pointer.startswith("/codes/")],
        bad_codes="".join(said for where, said in wrong.items() if where.startswith("/codes/")),
        more_open=any(where.startswith(("/panel/", "/duty/")) for where in wrong), words_of=_options,
    )  # fmt: skip
