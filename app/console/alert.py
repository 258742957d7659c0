"""One alert: its facts as the public sees them, its notices, what happened, and every outlet."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import ROOT, SignInFirst, acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.labels import KINDS, ORDER, UP
from app.console.live import Live
from app.console.outlets_table import LONGEST_FIND, Choice, Table, table
from app.console.pages import page
from app.console.poster import square
from app.console.shown import Shown, find, known
from app.console.spoken_time import span
from app.console.timeline import events
from app.db import pace, progress, views
from app.db.engine import Session, clock, transaction
from app.domain.errors import NotFound
from app.domain.words import Kind, Role
from app.flows.ask_again import ask_again
from app.flows.house import House

# What an act came to, by the word that stands in the address: nothing that a visitor writes there is shown.
RESULTS: Mapping[str, str] = {
    "issued": "已确认发出，正在送往各发布点，进展见下表。",
    "retracted": "撤回已生效，正在逐个通知发布点下线，进展见下表。",
    "before": "这条紧急寻人此前已经撤回，没有重复发送。进展见下表。",
    "over": "这条紧急寻人已经结束，不需要撤回。",
    "updated": "更新已生效，新的通告正在送往各发布点，进展见下表。",
    "asked": "已重新排队发送，结果会显示在下表中。",
    "nothing": "没有可以重新发送的失败投递。",
    "phoned": "已记下电话确认。系统仍会继续通知该发布点。记错了可以撤销。",
    "phoned_before": "此前已经记过电话确认。",
    "unphoned": "已撤销电话确认，该发布点重新计入尚未撤下。",
}
CALLED = 40  # outlets that are listed to be called, one by one


def alert_path(code: str) -> str:
    return f"{ROOT}/alerts/{code}"


def alert_page(house: House, live: Live) -> APIRouter:
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/alerts/{code}")
    async def show(
        request: Request,
        code: str,
        stage: str = "",
        channel: str = "",
        find: str = "",
        page: str = "1",
        result: str = "",
    ) -> Response:
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
        choice = Choice(stage, channel, find.strip()[:LONGEST_FIND], max(number, 1))
        return await _show(house, request, code, choice, result, live.stamp(code))

    @router.get("/alerts/{code}/timeline")
    async def timeline(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            await signed_in(session, request)
            now = await clock(session)
            alert, _ = await find(session, code, house.media_secret, now)
            happened = await events(session, alert.id)
        return page("timeline.html", now=now, code=alert.code, events=happened)

    @router.get("/alerts/{code}/standing")
    async def standing(request: Request, code: str) -> Response:
        try:
            async with transaction(house.engine) as session:
                await signed_in(session, request)
                alert, _ = await find(session, code, house.media_secret, await clock(session))
        except SignInFirst:  # a page that left by itself would lose what is being filled in on it
            return Response(status_code=204)
        return page("standing.html", alert=alert)

    @router.post("/alerts/{code}/ask-again")
    async def again(request: Request, code: str) -> Response:
        form = await read_form(request)
        back = alert_path(code)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=back)
            asked = await ask_again(session, who.principal, known(code), delivery_number(form.get("delivery", "")))
        return RedirectResponse(f"{back}?result={'asked' if asked else 'nothing'}", 303)

    return router


def delivery_number(said: str) -> int | None:
    """A delivery by its number; ``None`` when none is said. Raises NotFound for what no delivery is called."""
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= 18):
        raise NotFound("没有这条投递。", "There is no such delivery.")
    return int(said)


async def _show(house: House, request: Request, code: str, choice: Choice, result: str, stamp: str) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request)
        now = await clock(session)
        alert, _ = await find(session, code, house.media_secret, now)
        notices = await views.notices(session, alert.id)
        shown = await table(session, alert, choice)
        calls = await _calls(session, alert, shown, choice)
        took = (await pace.paces(session, [alert.id]))[0].all_down if not alert.live and not shown.up else None
    return page(
        "alert.html", who=who, now=now, alert=alert, notices=_told(notices), table=shown, choice=choice, calls=calls, stamp=stamp,
        took=took if took is None else span(took), result=RESULTS.get(result, ""),
        police=who.role.reaches(Role.OFFICER), square=square(f"{house.base_url}/p/{alert.code}") if alert.live else None,
    )  # fmt: skip


async def _calls(session: Session, alert: Shown, shown: Table, choice: Choice) -> Sequence[Mapping[str, Any]]:
    """After the end: the outlets that may still show it, the worst first. The whole table begins with them."""
    if alert.live or not shown.up + shown.unprovable:
        return []
    if choice != Choice():
        return await progress.waited_for(session, alert.id, UP, CALLED)
    rows = [line.row for line in shown.lines if line.row["stage"] in UP]
    return sorted(rows, key=lambda r: (ORDER[r["stage"]], r["proves"] == "nothing"))[:CALLED]


def _told(notices: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return [
        {"number": n["number"], "kind": KINDS[Kind(n["kind"])], "at": n["issued_at"], "by": n["issued_by"],
         "line": n["body"]["line"]}
        for n in notices
    ]  # fmt: skip
