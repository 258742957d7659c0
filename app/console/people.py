"""People: who may do what at the console; added, changed, locked, and let in again."""

from collections.abc import Mapping
from typing import TypeVar

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import ROOT, acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.pages import page
from app.console.paging import PAGE, Paging, page_number, row_id
from app.db import people as rows
from app.db.engine import clock, transaction
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.words import Role
from app.flows import people
from app.flows.faults import faults_of
from app.flows.house import House
from app.flows.people import NewPerson, PersonFacts

LIST = f"{ROOT}/people"
RESULTS: Mapping[str, str] = {
    "saved": "已保存，立即生效。",
    "locked": "已锁定：不能再登录，现有的登录已全部退出。",
    "unlocked": "已解锁。",
    "ended": "已退出此人的全部登录。",
    "factor": "已关闭此人的两步验证，并退出全部登录。请提醒对方登录后重新开通。",
    "nothing": "没有变化。",
}
Form = Mapping[str, str]
F = TypeVar("F", bound=PersonFacts)


def person_path(id: int) -> str:
    return f"{LIST}/{id}"


def people_pages(house: House) -> APIRouter:
    """/people, /people/{id} and what is done there: administrators only."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/people")
    async def listing(request: Request, q: str = "", page: str = "") -> Response:
        return await _listing(house, request, q.strip()[:40], page_number(page), {}, {})

    @router.post("/people")
    async def add(request: Request) -> Response:
        form = await read_form(request)
        facts, wrong = _facts(NewPerson, form)
        try:
            async with transaction(house.engine) as session:
                who = await acting(session, request, form.get("csrf", ""), back=LIST, least=Role.ADMIN)
                if facts is not None:
                    id, token = await people.add(session, who.actor, facts)
                    now = await clock(session)
                    return _link(house, who, now, facts.name, token, person_path(id))
        except Invalid as e:
            wrong = _wrong(e)
        except Conflict as e:
            wrong = {"name": e.zh}
        return await _listing(house, request, "", 1, form, wrong)

    @router.get("/people/{id}")
    async def show(request: Request, id: str, result: str = "") -> Response:
        return await _show(house, request, row_id(id), RESULTS.get(result, ""), {}, {})

    @router.post("/people/{id}")
    async def change(request: Request, id: str) -> Response:
        person, form = row_id(id), await read_form(request)
        facts, wrong = _facts(PersonFacts, form)
        try:
            async with transaction(house.engine) as session:
                who = await acting(session, request, form.get("csrf", ""), back=person_path(person), least=Role.ADMIN)
                if facts is not None:
                    await people.change(session, who.actor, who.id, person, facts)
                    return RedirectResponse(f"{person_path(person)}?result=saved", 303)
        except Invalid as e:
            wrong = _wrong(e)
        except Conflict as e:
            wrong = {"role": e.zh}
        return await _show(house, request, person, "", form, wrong)

    _acts(router, house)
    return router


def _acts(router: APIRouter, house: House) -> None:
    """What is done by one press."""

    @router.post("/people/{id}/password")
    async def reset(request: Request, id: str) -> Response:
        person, form = row_id(id), await read_form(request)
        back = person_path(person)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=back, least=Role.ADMIN)
            token = await people.reset_password(session, who.actor, who.id, person)
            found = await rows.person(session, person)
            now = await clock(session)
        return _link(house, who, now, found["name"] if found else "", token, back)

    @router.post("/people/{id}/{act}")
    async def act(request: Request, id: str, act: str) -> Response:
        person, form = row_id(id), await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=person_path(person), least=Role.ADMIN)
            if act == "lock":
                done, said = await people.lock(session, who.actor, who.id, person), "locked"
            elif act == "unlock":
                done, said = await people.unlock(session, who.actor, person), "unlocked"
            elif act == "sessions":
                done, said = await people.end_sessions(session, who.actor, person) > 0, "ended"
            elif act == "factor":
                await people.reset_factor(session, who.actor, who.id, person)
                done, said = True, "factor"
            else:
                raise NotFound("没有这个页面。", "There is no such page.")
        return RedirectResponse(f"{person_path(person)}?result={said if done else 'nothing'}", 303)


def _link(house: House, who: object, now: object, name: str, token: str, back: str) -> Response:
    said = (
        f"把这个一次性登录链接当面或用可靠的方式交给{name}，12 小时内有效，只能用一次。",
        "对方登录后，在右上角自己的名字里设置密码，并开通两步验证。",
    )
    link = f"{house.base_url}{ROOT}/enter/{token}"
    return page("once.html", who=who, now=now, title=f"{name}的登录链接", secret=link, said=said, back=back)


def _facts(model: type[F], form: Form) -> tuple[F | None, Form]:
    said = {n: form.get(n, "").strip() for n in model.model_fields}
    try:
        return model.model_validate({n: v for n, v in said.items() if v or n in ("name", "role")}), {}
    except ValidationError as e:
        return None, {f.pointer[1:]: f"{f.zh}{f.remedy_zh}" for f in faults_of(e.errors(include_url=False))}


def _wrong(e: Invalid) -> Form:
    return {f.pointer[1:]: f"{f.zh}{f.remedy_zh}" for f in e.faults}


async def _listing(house: House, request: Request, words: str, number: int, typed: Form, wrong: Form) -> Response:
    at = Paging(number, {"q": words})
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, least=Role.ADMIN)
        now = await clock(session)
        found, total = await rows.listing(session, words, skip=at.skip, limit=PAGE)
        organs = await rows.organs(session)
    return page(
        "people.html", 422 if wrong else 200, who=who, now=now, rows=found, at=Paging(number, at.asked, total), q=words,
        typed=typed, wrong=wrong, organs=organs,
    )  # fmt: skip


async def _show(house: House, request: Request, id: int, result: str, typed: Form, wrong: Form) -> Response:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, least=Role.ADMIN)
        now = await clock(session)
        person = await rows.person(session, id)
        if person is None:
            raise NotFound("没有这个账号。", "There is no such account.")
        organs = await rows.organs(session)
        sittings = await rows.sittings(session, id)
    return page(
        "person.html", 422 if wrong else 200, who=who, now=now, person=person, result=result, typed=typed, wrong=wrong,
        organs=organs, sittings=sittings,
    )  # fmt: skip
