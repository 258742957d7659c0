"""Start a drill, and set the weekly one."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import acting, signed_in
from app.console.drills import DAYS, LIST, drill_path
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.pages import page
from app.db import drills
from app.db.engine import clock, transaction
from app.domain.errors import Conflict, Invalid
from app.domain.weekly import Weekly
from app.domain.words import Role
from app.flows import drills as drilling
from app.flows.drills import DrillForm, Plan
from app.flows.faults import faults_of
from app.flows.house import House

NEW = f"{LIST}/new"
SHOWN = 300  # outlets to choose from by a tick; others by name
# by the member of what was asked
FIELDS: Mapping[str, str] = {"minutes": "minutes", "channels": "channels", "outlets": "named"}
WHOM = ("all", "channels", "outlets")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_BREAKS = re.compile(r"[,，;；、]")
Form = Mapping[str, str]


def drill_starting(house: House) -> APIRouter:
    """/drills/new and /drills/weekly."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/drills/new")
    async def ask(request: Request, outlet: str = "") -> Response:
        typed = {"whom": "outlets", f"outlet-{outlet[:18]}": "1"} if outlet else {}
        return await _page(house, request, typed, {})

    @router.post("/drills/new")
    async def begin(request: Request) -> Response:
        typed = await read_form(request)
        form, wrong = _read(typed)
        try:
            async with transaction(house.engine) as session:
                who = await acting(session, request, typed.get("csrf", ""), back=NEW)
                if form is not None:
                    issued = await drilling.start(session, who.principal, form, seal=house.seal, press=house.press)
                    return RedirectResponse(f"{drill_path(issued.code)}?result=started", 303)
        except Invalid as e:
            wrong = _by_field((f.pointer, f"{f.zh}{f.remedy_zh}") for f in e.faults)
        except Conflict as e:
            wrong = {"": e.zh}
        return await _page(house, request, typed, wrong)

    @router.post("/drills/weekly")
    async def schedule(request: Request) -> Response:
        typed = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, typed.get("csrf", ""), back=LIST)
            plan = None if typed.get("off") else _plan(typed)
            await drilling.set_schedule(session, who.actor, plan)
        return RedirectResponse(f"{LIST}?result={'weekly' if plan else 'off'}", 303)

    return router


def _ticked(typed: Form, kind: str) -> Sequence[str]:
    return [name.removeprefix(kind) for name, value in typed.items() if name.startswith(kind) and value == "1"]


def _read(typed: Form) -> tuple[DrillForm | None, Form]:
    """For whom, without a doubt: what is filled in under another choice is not passed over. Else what is wrong, by field."""
    channels = _ticked(typed, "channel-")
    outlets = [*_ticked(typed, "outlet-"), *(w.strip() for w in _BREAKS.split(typed.get("named", "")) if w.strip())]
    whom = typed.get("whom", "")
    wrong = {}
    if whom not in WHOM:
        wrong["whom"] = "请选择发给谁。"
    elif (whom != "outlets" and outlets) or (whom != "channels" and channels):
        wrong["whom"] = "勾选的渠道或发布点与“发给谁”的选择不一致，请改其中一处。"
    if whom == "channels" and not channels:
        wrong["channels"] = "请至少勾选一个渠道。"
    if whom == "outlets" and not outlets:
        wrong["named"] = "请勾选发布点，或写出它的名称或编号。"
    if wrong:
        return None, wrong
    try:
        return DrillForm.model_validate(
            {"outlets": outlets, "channels": channels, "minutes": typed.get("minutes", "").strip()}
        ), {}
    except ValidationError as e:
        faults = faults_of(e.errors(include_url=False, include_input=False))
        words = {"/minutes": "几分钟后撤回"}
        return None, _by_field((f.pointer, f"{words.get(f.pointer, '发布点')}：{f.zh}{f.remedy_zh}") for f in faults)


def _by_field(faults: Iterable[tuple[str, str]]) -> Form:
    """By the field that has to be changed, from the pointer of what was asked."""
    found: dict[str, str] = {}
    for pointer, said in faults:
        name = FIELDS.get(pointer.removeprefix("/").partition("/")[0], "")
        found[name] = f"{found.get(name, '')}{said}"
    return found


def _plan(typed: Form) -> Plan:
    """Raises Conflict, in words that name the field."""
    day, at, lasts = typed.get("weekday", ""), _TIME.fullmatch(typed.get("at", "").strip()), typed.get("minutes", "")
    if day not in [str(n) for n in range(1, len(DAYS) + 1)]:
        raise Conflict("请选择星期几。", "Choose a day of the week.")
    if at is None:
        raise Conflict("时刻应写成 10:00 这样的北京时间。", "The time is like 10:00.")
    if not (lasts.isascii() and lasts.isdigit() and 1 <= int(lasts[:3]) <= 30):
        raise Conflict("几分钟后撤回：应为 1 至 30 的整数。", "Minutes are 1 to 30.")
    return Plan(Weekly(int(day), int(at[1]) * 60 + int(at[2])), int(lasts), _ticked(typed, "channel-"))


async def _page(house: House, request: Request, typed: Form, wrong: Form) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, back=NEW, least=Role.OPERATOR)
        now = await clock(session)
        willing = await drills.willing(session, ())
    return page(
        "drill_new.html", 422 if wrong else 200, who=who, now=now, typed=typed, wrong=wrong, willing=willing[:SHOWN],
        total=len(willing), channels=Counter(o.channel for o in willing), catalogue=house.catalogue,
    )  # fmt: skip
