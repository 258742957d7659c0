"""Partners: who they are, whether they are heard of, and their keys."""

from collections.abc import Mapping

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import ROOT, acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.pages import page
from app.console.paging import PAGE, Paging, page_number, row_id
from app.db import directory
from app.db.engine import clock, transaction
from app.domain.errors import NotFound
from app.domain.words import Role
from app.flows import partners
from app.flows.faults import faults_of
from app.flows.house import House
from app.flows.partners import PartnerFacts

RESULTS: Mapping[str, str] = {
    "added": "已登记协作单位。下一步：签发密钥，登记发布点。",
    "saved": "已保存。",
    "revoked": "密钥已吊销，立即失效。",
    "before": "这把密钥此前已经吊销。",
}
LIST = f"{ROOT}/partners"


def partner_path(id: int) -> str:
    return f"{LIST}/{id}"


def partner_pages(house: House) -> APIRouter:
    """/partners, /partners/{id} and what is done there."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/partners")
    async def listing(request: Request, q: str = "", page: str = "") -> Response:
        return await _listing(house, request, q.strip()[:60], page_number(page), {}, {})

    @router.post("/partners")
    async def add(request: Request) -> Response:
        form = await read_form(request)
        facts, wrong = _facts(form)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=LIST, least=Role.ADMIN)
            if facts and await partners.taken(session, facts.name):
                wrong = {"name": "已有同名的协作单位。"}
            if facts and not wrong:
                id = await partners.add(session, who.actor, facts)
                return RedirectResponse(f"{partner_path(id)}?result=added", 303)
        return await _listing(house, request, "", 1, form, wrong)

    @router.get("/partners/{id}")
    async def show(request: Request, id: str, result: str = "") -> Response:
        return await _show(house, request, row_id(id), RESULTS.get(result, ""), {}, {})

    @router.post("/partners/{id}")
    async def save(request: Request, id: str) -> Response:
        partner, form = row_id(id), await read_form(request)
        facts, wrong = _facts({**form, "name": "–"})
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=partner_path(partner), least=Role.ADMIN)
            if facts:
                await partners.change(session, who.actor, partner, facts)
                return RedirectResponse(f"{partner_path(partner)}?result=saved", 303)
        return await _show(house, request, partner, "", form, wrong)

    _keys(router, house)
    return router


def _keys(router: APIRouter, house: House) -> None:
    @router.post("/partners/{id}/keys")
    async def issue(request: Request, id: str) -> Response:
        partner, form = row_id(id), await read_form(request)
        back = partner_path(partner)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=back, least=Role.ADMIN)
            live = form.get("live") == "1"
            key = await partners.issue(session, who.actor, partner, live=live, label=form.get("label", "")[:60])
            now = await clock(session)
        said = (
            "请用安全的方式交给对方，不要发在群里。遗失了不能找回，只能另发一把。",
            "正式密钥：收到实发、演练和测试。" if live else "测试密钥：只收演练和测试，不收实发。",
        )
        return page("once.html", who=who, now=now, title="新的密钥", secret=key, said=said, back=back)

    @router.post("/partners/{id}/keys/{key}/revoke")
    async def revoke(request: Request, id: str, key: str) -> Response:
        partner, form = row_id(id), await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=partner_path(partner), least=Role.ADMIN)
            done = await partners.revoke(session, who.actor, partner, key[:40])
        return RedirectResponse(f"{partner_path(partner)}?result={'revoked' if done else 'before'}", 303)


def _facts(form: Mapping[str, str]) -> tuple[PartnerFacts | None, Mapping[str, str]]:
    said = {n: form.get(n, "").strip() for n in ("name", "phone", "silent_minutes")}
    try:
        return PartnerFacts.model_validate({n: v for n, v in said.items() if v or n == "name"}), {}
    except ValidationError as e:
        found = faults_of(e.errors(include_url=False, include_input=False))
        return None, {f.pointer[1:]: f"{f.zh}{f.remedy_zh}" for f in found}


async def _listing(
    house: House, request: Request, words: str, number: int, typed: Mapping[str, str], wrong: Mapping[str, str]
) -> Response:
    at = Paging(number, {"q": words})
    async with transaction(house.engine) as session:
        who = await signed_in(session, request)
        now = await clock(session)
        rows = await directory.partners(session, words, skip=at.skip, limit=PAGE)
    at = Paging(number, at.asked, rows[0]["total"] if rows else 0)
    return page(
        "partners.html", 422 if wrong else 200, who=who, now=now, rows=rows, at=at, q=words, typed=typed, wrong=wrong
    )


async def _show(
    house: House, request: Request, id: int, result: str, typed: Mapping[str, str], wrong: Mapping[str, str]
) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request)
        now = await clock(session)
        partner = await directory.partner(session, id)
    if partner is None:
        raise NotFound("没有这个协作单位。", "There is no such partner.")
    return page(
        "partner.html",
        422 if wrong else 200,
        who=who,
        now=now,
        partner=partner,
        result=result,
        typed=typed,
        wrong=wrong,
    )
