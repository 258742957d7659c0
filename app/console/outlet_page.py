"""One outlet: how it is, what was stated of it, what it was given; and what can be done about it."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.content import duty_words
from app.console.door import ROOT, acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.pages import page
from app.console.paging import row_id
from app.db import directory, trials
from app.db.engine import clock, transaction
from app.domain.errors import Conflict, NotFound
from app.domain.regions import counties
from app.domain.words import Role
from app.flows import upkeep
from app.flows.house import House

HISTORY, TRIALS = 50, 10

# What an act came to, by the word that stands in the address.
RESULTS: Mapping[str, str] = {
    "added": "已登记。建议先发一条测试，看对方能否收到。",
    "saved": "已保存。下一次发送就按新的设置。",
    "tried": "测试已发出并已撤下，结果见下面“测试记录”的第一行。",
    "paused": "已暂停：新的通告不再发给它；它正在播出的仍会被撤回。",
    "resumed": "已恢复：正在发布的紧急寻人会在一分钟内补发给它。",
    "nothing": "它本来就是这样，没有改变什么。",
}


def outlet_path(id: int) -> str:
    return f"{ROOT}/outlets/{id}"


def outlet_page(house: House) -> APIRouter:
    """/outlets/{id} and what is done there."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/outlets/{id}")
    async def show(request: Request, id: str, result: str = "") -> Response:
        return await _show(house, request, row_id(id), result)

    @router.post("/outlets/{id}/test")
    async def test(request: Request, id: str) -> Response:
        outlet, form = row_id(id), await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=outlet_path(outlet))
        if house.trier is None:
            raise Conflict("本机没有启用测试发送。", "Trials are not set up here.")
        await house.trier.try_out(outlet, who.actor)
        return RedirectResponse(f"{outlet_path(outlet)}?result=tried", 303)

    @router.post("/outlets/{id}/pause")
    async def pause(request: Request, id: str) -> Response:
        return await _pause(house, request, row_id(id), True)

    @router.post("/outlets/{id}/resume")
    async def resume(request: Request, id: str) -> Response:
        return await _pause(house, request, row_id(id), False)

    @router.post("/outlets/{id}/rotate")
    async def rotate(request: Request, id: str) -> Response:
        outlet, form = row_id(id), await read_form(request)
        back = outlet_path(outlet)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=back, least=Role.ADMIN)
            secret = await upkeep.rotate_secret(session, who.actor, outlet, wire=house.wire, seal=house.seal)
            now = await clock(session)
        said = (
            "请马上交给对方，由对方填入接收端。",
            "24 小时内新旧两把密钥同时签名，对方可以从容更换；24 小时后旧密钥自动停用。",
        )
        return page("once.html", who=who, now=now, title="新的签名密钥", secret=secret, said=said, back=back)

    return router


async def _pause(house: House, request: Request, outlet: int, paused: bool) -> Response:
    form = await read_form(request)
    async with transaction(house.engine) as session:
        who = await acting(session, request, form.get("csrf", ""), back=outlet_path(outlet))
        changed = await upkeep.pause(session, who.actor, outlet, paused)
    result = ("paused" if paused else "resumed") if changed else "nothing"
    return RedirectResponse(f"{outlet_path(outlet)}?result={result}", 303)


async def _show(house: House, request: Request, id: int, result: str) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request)
        now = await clock(session)
        outlet = await directory.outlet(session, id)
        if outlet is None:
            raise NotFound("没有这个发布点。", "There is no such outlet.")
        history = await directory.history(session, id, HISTORY)
        tried = await trials.of_outlet(session, id, TRIALS)
    carrier = house.catalogue.carriers.get(outlet["carrier"])
    shown = [
        (f, outlet["settings_shown"].get(f.name)) for f in (carrier.fields if carrier else ())
    ]  # fmt: skip
    areas = [counties()[code].full_name if code in counties() else code for code in outlet["codes"]]
    return page(
        "outlet.html", who=who, now=now, outlet=outlet, history=history, trials=tried, carrier=carrier, shown=shown,
        areas=areas, catalogue=house.catalogue, duty=duty_words(outlet["duty"]), result=RESULTS.get(result, ""),
        rotates=bool(outlet["settings_shown"].get("secret")) and "previous_secret" in outlet["settings_shown"],
    )  # fmt: skip
