"""A record that waits for a second officer: who looks, what they see, and the one act by which it goes out.

The page itself says only that something waits, where and since when. What is sealed is opened by a button, for the officer
who filled it in and for those who may decide, and every look is written down. Confirming is the act of the retraction: the
child's name is read, and pressed among those that are most like it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.alert import alert_path
from app.console.door import ROOT, acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.labels import MARKS
from app.console.naming import live_alerts, offered
from app.console.pages import page
from app.console.paging import row_id
from app.console.plates import Ticket, media, ticket
from app.console.sealed import parts
from app.console.shown import unsent
from app.db import proposals
from app.db.engine import Session, clock, transaction
from app.db.proposals import Proposal
from app.domain.errors import Forbidden, NotFound
from app.domain.regions import counties
from app.domain.words import ProposalState, Role
from app.flows import propose
from app.flows.faults import Complaint
from app.flows.foresee import foresee
from app.flows.house import House
from app.flows.legible import legible
from app.flows.sign_in import Operator

ISSUE = f"{ROOT}/issue"
LONGEST_REASON = 200
NOT_CONFIRMED = "请看清照片和姓名，再按下这个孩子的姓名。没有发出。"
OTHER = "您按下的是另一条寻人，不是本页这一条。没有发出，请看清照片和姓名再按。"
NO_REASON = "请写明退回的原因，提交人会看到。"
RESULTS: Mapping[str, str] = {
    "proposed": "已提交，还没有发出。请另一名民警登录值守台，在最上方打开这一条，核实后确认发出。",
    "confirmed": "已经确认发出，没有重复发送。",
    "declined": "已退回给提交人，没有发出。",
    "gone": "已删除，不再提示。",
    "withdrawn": "已收回，没有发出。您正在填写另一份，先提交或清空它，再取回这一份。",
}
STATES: Mapping[ProposalState, str] = {
    ProposalState.PROPOSED: "等待第二名民警确认",
    ProposalState.CONFIRMED: "已确认发出",
    ProposalState.DECLINED: "已退回",
    ProposalState.WITHDRAWN: "提交人已收回",
    ProposalState.LAPSED: "4 小时无人确认，已失效",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal as every page may show it: nothing of the child. ``own``: who looks has filled it in; ``why_not``: why who
    looks may not decide on it, empty when they may; ``back``: they can take it up again."""

    proposal: Proposal
    state: ProposalState
    own: bool
    why_not: str
    reason: str
    back: bool

    @property
    def mark(self) -> str:
        return MARKS[self.proposal.status]

    @property
    def status(self) -> str:
        return self.proposal.status

    @property
    def waits(self) -> bool:
        return self.state is ProposalState.PROPOSED

    @property
    def said(self) -> str:
        return STATES[self.state]

    @property
    def area(self) -> str:
        return area_name(self.proposal.area_code)


TODO: Mapping[ProposalState, str] = {
    ProposalState.PROPOSED: "还没有发出：请另一名民警打开，核实后确认或退回。",
    ProposalState.DECLINED: "没有发出：请提交人取回修改，或删除。",
    ProposalState.LAPSED: "没有发出：请提交人核对情况，取回重新提交，或删除。",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A proposal on the board."""

    proposal: Proposal
    state: ProposalState

    @property
    def said(self) -> str:
        return f"{STATES[self.state]}：{area_name(self.proposal.area_code)}"

    @property
    def todo(self) -> str:
        return TODO[self.state]


async def held(session: Session) -> Sequence[Held]:
    """What waits for a second officer, and what came back and waits for the first."""
    waiting = [Held(p, p.state) for p in await proposals.waiting(session)]
    back = await proposals.unfinished(session)
    return waiting + [Held(p, p.state if p.decided_at else ProposalState.LAPSED) for p in back]


def area_name(code: str) -> str:
    county = counties().get(code)
    return county.full_name if county else code


def proposal_path(id: int) -> str:
    return f"{ROOT}/proposals/{id}"


def proposing(house: House) -> APIRouter:
    """/proposals/{id} and what is done there."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/proposals/{id}")
    async def show(request: Request, id: str, result: str = "") -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            waiting = await _find(session, house, who, row_id(id), now)
        return page("proposal.html", who=who, now=now, w=waiting, said=RESULTS.get(result, ""))

    @router.post("/proposals/{id}/look")
    async def look(request: Request, id: str) -> Response:
        form, number = await read_form(request), row_id(id)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=proposal_path(number), least=Role.OFFICER)
            return await _opened(session, house, who, number)

    @router.post("/proposals/{id}/confirm")
    async def confirm(request: Request, id: str) -> Response:
        form, number = await read_form(request), row_id(id)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=proposal_path(number), least=Role.OFFICER)
            if (pressed := form.get("confirm", "")) != code_of(number):
                wrong = OTHER if pressed else NOT_CONFIRMED
                return await _opened(session, house, who, number, unconfirmed=wrong)
            done = await propose.confirm(session, who, number, seal=house.seal, press=house.press)
        if done.again:
            return RedirectResponse(f"{proposal_path(number)}?result=confirmed", 303)
        return RedirectResponse(f"{alert_path(done.code)}?result=issued", 303)

    @router.post("/proposals/{id}/decline")
    async def decline(request: Request, id: str) -> Response:
        form, number = await read_form(request), row_id(id)
        reason, wrong = _reason(form.get("reason", ""))
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=proposal_path(number), least=Role.OFFICER)
            if wrong:
                return await _opened(session, house, who, number, reason=reason, unfit=wrong)
            await propose.decline(session, who, number, reason, seal=house.seal)
        return RedirectResponse(f"{proposal_path(number)}?result=declined", 303)

    _own(router, house)
    return router


def _own(router: APIRouter, house: House) -> None:
    """What only its own officer does."""

    @router.post("/proposals/{id}/withdraw")
    async def withdraw(request: Request, id: str) -> Response:
        form, number = await read_form(request), row_id(id)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=proposal_path(number), least=Role.OFFICER)
            given_back = await propose.withdraw(session, who, number)
        return RedirectResponse(f"{ISSUE if given_back else proposal_path(number)}?result=withdrawn", 303)

    @router.post("/proposals/{id}/take-up")
    async def take_up(request: Request, id: str) -> Response:
        form, number = await read_form(request), row_id(id)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=proposal_path(number), least=Role.OFFICER)
            await propose.take_up(session, who, number)
        return RedirectResponse(f"{ISSUE}?result=taken", 303)

    @router.post("/proposals/{id}/let-go")
    async def let_go(request: Request, id: str) -> Response:
        form, number = await read_form(request), row_id(id)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=proposal_path(number), least=Role.OFFICER)
            await propose.let_go(session, who, number)
        return RedirectResponse(f"{proposal_path(number)}?result=gone", 303)


def code_of(id: int) -> str:
    """What stands where an alert has its number."""
    return f"TJ-{id:06d}"


def _reason(said: str) -> tuple[str, str]:
    """The reason, and what is wrong with it."""
    reason = said.strip()[:LONGEST_REASON]
    try:
        return reason, "" if legible(reason) else NO_REASON
    except Complaint as e:
        return reason, f"退回原因{e.words[1]}{e.words[3]}"


async def _find(session: Session, house: House, who: Operator, id: int, now: datetime) -> Waiting:
    proposal = await proposals.find(session, id)
    if proposal is None:
        raise NotFound("没有这份待核实的信息。", "There is no such proposal.")
    over = proposal.state is ProposalState.PROPOSED and proposal.lapses_at <= now
    why_not = ""
    try:
        propose.may_decide(who, proposal)
    except Forbidden as e:
        why_not = e.zh
    own = who.id == proposal.account_id
    said = proposal.reason_sealed if own or not why_not else None
    return Waiting(
        proposal, ProposalState.LAPSED if over else proposal.state, own, why_not,
        reason=house.seal.open(said).decode() if said is not None else "",
        back=await propose.lies_ready(session, who, proposal),
    )  # fmt: skip


async def _opened(
    session: Session, house: House, who: Operator, id: int, *, unconfirmed: str = "", reason: str = "", unfit: str = ""
) -> Response:
    """Everything, once it is written down who looked. ``unconfirmed``: why the name that was pressed does not count;
    ``unfit``: what is wrong with the ``reason`` to decline."""
    record, picture = await propose.look_at(session, who, id, seal=house.seal)
    now = await clock(session)
    waiting = await _find(session, house, who, id, now)
    seen = await foresee(session, record, picture.described() if picture else None, now)
    pass_ = ticket(house, Ticket(who.name, id), now)
    child = unsent(seen, code_of(id), f"{ROOT}/plates/{pass_}/photo" if picture else None)
    return page(
        "proposal_open.html", 422 if unconfirmed or unfit else 200, who=who, now=now, w=waiting, alert=child, seen=seen,
        ticket=pass_, parts=parts(record), media=media(house, seen), unconfirmed=unconfirmed, reason=reason, unfit=unfit,
        longest=LONGEST_REASON, hours=record.duration_hours, names=offered(child, await live_alerts(session, house.media_secret)),
    )  # fmt: skip
