"""Take an alert back: two acts of one officer. The reason is chosen, and the child's name is pressed among others like it.

Hawaii 2018 and Pickering 2020: the correction came after 38 and 108 minutes, because nobody was sure whether and how.
"""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console import draft as drafts
from app.console.alert import alert_path
from app.console.correction import worded
from app.console.door import SignInFirst, signed_in
from app.console.draft import Draft
from app.console.forms import read_form
from app.console.guard import Guarded, away, to_sign_in
from app.console.labels import END_REASONS
from app.console.naming import live_alerts, offered
from app.console.pages import page
from app.console.shown import CODE, find, known
from app.db.engine import Session, StoreUnavailable, clock, transaction
from app.domain.discretion import LONGEST_LINE, fault_of_line
from app.domain.errors import Invalid
from app.domain.words import EndReason
from app.flows import end
from app.flows.house import House
from app.flows.sign_in import Operator

RENEWED = "登录已更新，撤回尚未执行。请再核对一次并确认。"
NO_REASON = "请选择撤回原因。"
NOT_CONFIRMED = "请看清照片和姓名，再按下这个孩子的姓名。"
OTHER = "您按下的是另一条寻人，不是本页这一条。没有执行任何操作，请看清照片和姓名再按。"


class _Again(Exception):
    """Not yet: show the page once more, with what was typed. ``wrong``: why, by field ("" for what has none)."""

    def __init__(self, status: int, wrong: Mapping[str, str]) -> None:
        super().__init__("not yet")
        self.status, self.wrong = status, wrong


def retracting(house: House) -> APIRouter:
    """/alerts/{code}/retract."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/retract")
    async def choose(request: Request) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            live = await live_alerts(session, house.media_secret)
        return page(
            "takeback.html",
            who=who,
            now=now,
            real=[a for a in live if not a.drill],
            drills=[a for a in live if a.drill],
        )

    @router.get("/alerts/{code}/retract")
    async def ask(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            return await _page(session, house, who, code, drafts.kept(request, house, code))

    @router.post("/alerts/{code}/retract")
    async def confirm(request: Request, code: str) -> Response:
        form = await read_form(request)
        typed = _typed(form)
        try:
            return await _confirmed(house, request, code, form, typed)
        except SignInFirst as e:
            response = to_sign_in(request, e, why="retract")
        except StoreUnavailable:
            response = away(back=f"{alert_path(code)}/retract")
        drafts.keep(response, house, code, typed)
        return response

    @router.post("/alerts/{code}/retract/correction")
    async def preview(request: Request, code: str) -> Response:
        typed = _typed(await read_form(request))
        try:
            return await _preview(house, request, code, typed.line)
        except SignInFirst as e:
            response = to_sign_in(request, e, why="retract")
        drafts.keep(response, house, code, typed)
        return response

    return router


def _typed(form: Mapping[str, str]) -> Draft:
    """What cannot be seen (bidi overrides, zero-width) is dropped: no reader could check it."""
    line = "".join(c for c in form.get("line", "") if unicodedata.category(c) != "Cf").strip()
    return Draft(form.get("reason", ""), line)


async def _confirmed(house: House, request: Request, code: str, form: Mapping[str, str], typed: Draft) -> Response:
    try:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request, back=f"{alert_path(code)}/retract")
            reason = _checked(who, code, form, typed)
            ended = await end.retract(session, who.principal, known(code), reason, typed.line, press=house.press)
    except _Again as e:
        return await _once_more(house, request, code, typed, e.status, e.wrong)
    except Invalid as e:
        return await _once_more(house, request, code, typed, 422, {"line": "".join(f.zh for f in e.faults)})
    response = RedirectResponse(f"{alert_path(code)}?result={'before' if ended.again else 'retracted'}", 303)
    drafts.forget(response, code)
    return response


def _checked(who: Operator, code: str, form: Mapping[str, str], typed: Draft) -> EndReason:
    """The reason, once everything is confirmed. A form of an earlier session is no attack worth losing a text for."""
    if not who.owns(form.get("csrf", "")):
        raise _Again(403, {"": RENEWED})
    wrong = {}
    if typed.reason not in [r.value for r in EndReason]:
        wrong["reason"] = NO_REASON
    if (pressed := form.get("confirm", "")) != code:
        wrong["confirm"] = OTHER if CODE.fullmatch(pressed) else NOT_CONFIRMED
    if wrong:
        raise _Again(422, wrong)
    return EndReason(typed.reason)


async def _once_more(
    house: House, request: Request, code: str, typed: Draft, status: int, wrong: Mapping[str, str]
) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request)
        return await _page(session, house, who, code, typed, status, wrong)


async def _page(
    session: Session,
    house: House,
    who: Operator,
    code: str,
    typed: Draft,
    status: int = 200,
    wrong: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    now = await clock(session)
    alert, last = await find(session, code, house.media_secret, now)
    if not alert.live:
        return RedirectResponse(f"{alert_path(code)}?result=over", 303)
    fault = fault_of_line(typed.line, last.facts.name if last.facts else "")
    said = await worded(session, house, alert, last, "" if fault else typed.line)
    return page(
        "retract.html", status, who=who, now=now, alert=alert, typed=typed, wrong=wrong, fault=fault, correction=said,
        reasons=END_REASONS, no_reason=NO_REASON, longest=LONGEST_LINE,
        names=offered(alert, await live_alerts(session, house.media_secret)),
    )  # fmt: skip


async def _preview(house: House, request: Request, code: str, line: str) -> Response:
    async with transaction(house.engine) as session:
        await signed_in(session, request)
        alert, last = await find(session, code, house.media_secret, await clock(session))
        fault = fault_of_line(line, last.facts.name if last.facts else "")
        said = await worded(session, house, alert, last, "" if fault else line)
    return page("correction.html", correction=said, fault=fault)
