"""Fill in a record by hand. What is typed is kept from the first key on; what is wrong is said beside its field, all of it at
once; and nothing goes out from here: the last step puts it before a second officer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console import issue_draft
from app.console.door import ROOT, SIGN_IN, ForeignForm, SignInFirst, Unwelcome, signed_in, whom_to_ask
from app.console.forms import read_upload
from app.console.guard import Guarded, to_sign_in, trouble
from app.console.issue_draft import Draft, mark, marked
from app.console.issue_form import CROPS, FIELDS, Typed, check, crop_of, read, worded
from app.console.pages import page
from app.console.place import pointed, where
from app.db.engine import Session, StoreUnavailable, clock, transaction
from app.domain.errors import Conflict, Fault, Forbidden, NotFound
from app.domain.words import Role
from app.flows.house import House
from app.flows.propose import unclaimed
from app.flows.sign_in import OFFICERS_ONLY, Operator
from app.flows.submit import Picture
from app.forms.crop import cropped
from app.forms.photo import picture

PATH = f"{ROOT}/issue"
NOT_YOURS = "这一页是用另一个账号打开的。填写的内容已存进那个账号的表单，没有提交。"
RESULTS: Mapping[str, str] = {
    "withdrawn": "已收回，没有发出。内容都在下面，改好后可以重新提交。",
    "taken": "已取回，改好后可以重新提交。",
    "cleared": "表单已清空。",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of the form, by the officer whose form it is. ``draft`` is what now lies in it, what was just typed
    included; ``wrong``: what is wrong with the photo that came with it."""

    house: House
    session: Session
    request: Request
    fields: Mapping[str, str]
    who: Operator
    now: datetime
    draft: Draft
    wrong: Fault | None

    @property
    def fragment(self) -> bool:
        return "hx-request" in self.request.headers


Act = Callable[[Sent], Awaitable[Response]]


def issuing(house: House) -> APIRouter:
    """/issue and its parts."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/issue")
    async def show(request: Request, result: str = "") -> Response:
        async with transaction(house.engine) as session:
            who = await writing(session, request)
            now, draft = await clock(session), await issue_draft.kept(session, house, who)
        return _form(house, who, now, draft, said=RESULTS.get(result, ""))

    for path, act in (
        ("/issue", _checked),
        ("/issue/draft", _saved),
        ("/issue/photo", _portrait),
        ("/issue/place", _place),
    ):
        router.add_api_route(path, _sending(house, act), methods=["POST"])

    @router.post("/issue/clear")
    async def clear(request: Request) -> Response:
        fields, _ = await read_upload(request)
        async with transaction(house.engine) as session:
            who = await writing(session, request)
            if not who.owns(fields.get("csrf", "")):
                raise ForeignForm(PATH)
            await issue_draft.clear(session, who.name)
        return RedirectResponse(f"{PATH}?result=cleared", 303)

    @router.get("/issue/photo")
    async def photo(request: Request, crop: str = "") -> Response:
        async with transaction(house.engine) as session:
            who = await writing(session, request)
            held = await issue_draft.photo(session, house, who.name)
        if held is None:
            raise NotFound("没有照片。", "There is no photo.")
        shown = await cropped(held, crop_of(dict(zip(CROPS, crop.split("-"), strict=False))))
        if isinstance(shown, Fault):
            raise NotFound(shown.zh, shown.en)
        return Response(shown.body, media_type=shown.mime)

    return router


async def writing(session: Session, request: Request) -> Operator:
    """The officer, whose account can act for an organ. Raises SignInFirst or Forbidden."""
    who = await signed_in(session, request, back=PATH, least=Role.OFFICER)
    try:
        assert who.officer.organ_area
    except Forbidden as e:
        refused = Forbidden(OFFICERS_ONLY, e.en)
        if not who.role.reaches(Role.ADMIN):
            raise Unwelcome(refused, await whom_to_ask(session)) from e
        raise Unwelcome(refused, "你是管理员，可以自己登记。", (f"{ROOT}/people/{who.id}", "去登记")) from e
    return who


def _sending(house: House, act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def send(request: Request) -> Response:
        fields, files = await read_upload(request, "photo")
        made = await picture(files["photo"]) if files.get("photo") else None
        try:
            return await _kept(house, request, fields, made, act)
        except SignInFirst as e:
            return await _kept_for_later(house, request, e, fields, made)
        except StoreUnavailable:
            return page(
                "issue_held.html", 503, fields={n: v for n, v in fields.items() if n in (*FIELDS, *CROPS, "mark")}
            )

    return send


async def _kept(
    house: House, request: Request, fields: Mapping[str, str], made: Picture | Fault | None, act: Act
) -> Response:
    """Keep what was typed, in the form that it was typed into, and act on it."""
    async with transaction(house.engine) as session:
        who = await writing(session, request)
        now = await clock(session)
        whose = who.name if who.owns(fields.get("csrf", "")) else marked(house, fields.get("mark", ""), now)
        if whose is None:
            raise ForeignForm(PATH)
        await _keep(session, house, whose, fields, made)
        if whose != who.name:
            return trouble(403, NOT_YOURS, back=PATH)
        draft = await issue_draft.kept(session, house, who)
        wrong = made if isinstance(made, Fault) else None
        return await act(Sent(house, session, request, fields, who, now, draft, wrong))


async def _keep(
    session: Session, house: House, account: str, fields: Mapping[str, str], made: Picture | Fault | None
) -> None:
    typed = read(fields, await issue_draft.kept_of(session, house, account))
    if isinstance(made, Picture):
        typed |= dict.fromkeys(CROPS, "0")
        await issue_draft.keep_photo(session, house, account, made)
    elif fields.get("remove"):
        await issue_draft.keep_photo(session, house, account, None)
    await issue_draft.keep(session, house, account, typed)


async def _kept_for_later(
    house: House, request: Request, e: SignInFirst, fields: Mapping[str, str], made: Picture | Fault | None
) -> Response:
    """Nobody is signed in any more: what was typed waits in the form of the account that it was opened by."""
    async with transaction(house.engine) as session:
        now = await clock(session)
        whose = marked(house, fields.get("mark", ""), now)
        if whose is not None:
            await _keep(session, house, whose, fields, made)
    if whose is not None and request.url.path.endswith("/draft"):
        return page("issue_saved.html", now=now, at=now, sign_in=f"{SIGN_IN}?next={quote(PATH)}&why=issue")
    return to_sign_in(request, e, why="issue" if whose is not None else "")


async def _checked(sent: Sent) -> Response:
    faults = await wrong_with(sent.session, sent.who, sent.draft, sent.now)
    if sent.wrong is not None:
        faults |= {"photo": worded(sent.wrong)}
    if faults:
        return _form(sent.house, sent.who, sent.now, sent.draft, faults=faults)
    return RedirectResponse(f"{PATH}/preview", 303)


async def wrong_with(session: Session, who: Operator, draft: Draft, now: datetime) -> dict[str, str]:
    """Everything that keeps this draft from being proposed, by field."""
    checked = check(who, draft.typed, now)
    found = dict(checked.faults)
    if checked.record is not None:
        try:
            await unclaimed(session, checked.record)
        except Conflict as e:
            found["case_number"] = e.zh
    if draft.picture is not None and isinstance(cut := await cropped(draft.picture, crop_of(draft.typed)), Fault):
        found["photo"] = worded(cut)
    return found


async def _saved(sent: Sent) -> Response:
    return page("issue_saved.html", now=sent.now, at=sent.now, sign_in="")


async def _portrait(sent: Sent) -> Response:
    fault = worded(sent.wrong) if sent.wrong is not None else ""
    if not sent.fragment and not fault:
        return RedirectResponse(f"{PATH}#portrait", 303)
    if not sent.fragment:
        return _form(sent.house, sent.who, sent.now, sent.draft, faults={"photo": fault})
    if (
        not fault
        and sent.draft.picture
        and isinstance(cut := await cropped(sent.draft.picture, crop_of(sent.draft.typed)), Fault)
    ):
        fault = worded(cut)
    return page(
        "issue_portrait.html", draft=sent.draft, typed=sent.draft.typed, faults={"photo": fault} if fault else {}
    )


async def _place(sent: Sent) -> Response:
    assert sent.who.organ_area
    typed = pointed(sent.who.organ_area, sent.fields, sent.draft.typed)
    await issue_draft.keep(sent.session, sent.house, sent.who.name, typed)
    return page("issue_where.html", typed=typed, where=where(sent.who.organ_area, typed), faults={})


def _form(
    house: House, who: Operator, now: datetime, draft: Draft, *, faults: Mapping[str, str] | None = None, said: str = ""
) -> Response:
    assert who.organ_area
    wrong: Typed = faults or {}
    return page(
        "issue.html", 422 if wrong else 200, who=who, now=now, draft=draft, typed=draft.typed, faults=wrong, said=said,
        fields=FIELDS, mark=mark(house, who, now), where=where(who.organ_area, draft.typed),
    )  # fmt: skip
