"""One alert: its facts as the public sees them, its notices, and every outlet."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import ROOT, acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.labels import KINDS
from app.console.outlets_table import Choice, table
from app.console.pages import page
from app.console.shown import find, known
from app.db import views
from app.db.engine import clock, transaction
from app.domain.errors import NotFound
from app.domain.words import Kind
from app.flows.ask_again import ask_again
from app.flows.house import House

# What an act came to, by the word that stands in the address: nothing that a visitor writes there is shown.
RESULTS: Mapping[str, str] = {
    "retracted": "撤回已生效，正在逐个通知发布点下线，进展见下表。",
    "before": "这条紧急寻人此前已经撤回，没有重复发送。进展见下表。",
    "over": "这条紧急寻人已经结束，不需要撤回。",
    "asked": "已重新排队发送，结果会显示在下表中。",
    "nothing": "没有可以重新发送的失败投递。",
}


def alert_path(code: str) -> str:
    return f"{ROOT}/alerts/{code}"


def alert_page(house: House) -> APIRouter:
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/alerts/{code}")
    async def show(
        request: Request, code: str, stage: str = "", channel: str = "", page: str = "1", result: str = ""
    ) -> Response:
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
        return await _show(house, request, code, Choice(stage, channel, max(number, 1)), result)

    @router.post("/alerts/{code}/ask-again")
    async def again(request: Request, code: str) -> Response:
        form = await read_form(request)
        back = alert_path(code)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=back)
            asked = await ask_again(session, who.principal, known(code), _delivery(form.get("delivery", "")))
        return RedirectResponse(f"{back}?result={'asked' if asked else 'nothing'}", 303)

    return router


def _delivery(said: str) -> int | None:
    """The delivery to send again; ``None`` is all that failed. Raises NotFound for what no delivery is called."""
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= 18):
        raise NotFound("没有这条投递。", "There is no such delivery.")
    return int(said)


async def _show(house: House, request: Request, code: str, choice: Choice, result: str) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request)
        now = await clock(session)
        alert, _ = await find(session, code, house.media_secret, now)
        notices = await views.notices(session, alert.id)
        rows = await views.progress(session, alert.id)
    told = [
        {"number": n["number"], "kind": KINDS[Kind(n["kind"])], "at": n["issued_at"], "by": n["issued_by"],
         "line": n["body"]["line"]}
        for n in notices
    ]  # fmt: skip
    return page(
        "alert.html", who=who, now=now, alert=alert, notices=told, table=table(alert, rows, choice), choice=choice,
        result=RESULTS.get(result, ""),
    )  # fmt: skip
