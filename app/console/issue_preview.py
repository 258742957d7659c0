"""What the public would see of a record that was filled in: shown whole, and then put before a second officer."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console import issue_draft, update
from app.console.door import ROOT, acting, signed_in
from app.console.forms import read_form
from app.console.guard import Guarded
from app.console.issue import PATH, writing, wrong_with
from app.console.issue_draft import Draft
from app.console.issue_form import at_the_middle, check, crop_of
from app.console.pages import page
from app.console.plates import Shelf, Ticket, admitted, made, media, ticket
from app.console.proposal import proposal_path
from app.console.sealed import parts
from app.console.shown import unsent
from app.db.engine import Session, clock, transaction
from app.domain.errors import Conflict, Fault, NotFound
from app.domain.record import Record
from app.domain.words import Role
from app.flows.foresee import Foresight, foresee
from app.flows.house import House
from app.flows.propose import looked_at, propose
from app.flows.sign_in import Operator
from app.flows.submit import Picture
from app.forms.crop import cropped

PREVIEW = f"{PATH}/preview"
CHANGED = "表单在这期间又改过了。请重新核对下面的内容，再提交一次。"


def previewing(house: House) -> APIRouter:
    """/issue/preview."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/issue/preview")
    async def show(request: Request) -> Response:
        async with transaction(house.engine) as session:
            return await _page(session, house, await writing(session, request))

    @router.post("/issue/preview")
    async def put(request: Request) -> Response:
        form = await read_form(request)
        async with transaction(house.engine) as session:
            who = await acting(session, request, form.get("csrf", ""), back=PREVIEW, least=Role.OFFICER)
            draft = await issue_draft.kept(session, house, who)
            if draft.at is None or form.get("seen") != draft.at.isoformat():
                return await _page(session, house, who, CHANGED)
            if await wrong_with(session, who, draft, await clock(session)):
                return RedirectResponse(PATH, 303)
            record, picture = await _filled_in(session, who, draft)
            id = await propose(session, who, record, picture, seal=house.seal)
        return RedirectResponse(f"{proposal_path(id)}?result=proposed", 303)

    return router


async def _filled_in(session: Session, who: Operator, draft: Draft) -> tuple[Record, Picture | None]:
    """Raises Conflict when something is wrong with it."""
    record = check(who, draft.typed, await clock(session)).record
    shown = await cropped(draft.picture, crop_of(draft.typed)) if draft.picture else None
    if record is None or isinstance(shown, Fault):
        raise Conflict("表单里还有需要更正的内容，请回到表单。", "The form has faults.")
    return record, shown


async def _page(session: Session, house: House, who: Operator, said: str = "") -> Response:
    now = await clock(session)
    draft = await issue_draft.kept(session, house, who)
    if draft.at is None or await wrong_with(session, who, draft, now):
        return RedirectResponse(PATH, 303)
    record, picture = await _filled_in(session, who, draft)
    seen = await foresee(session, record, picture.described() if picture else None, now)
    pass_ = ticket(house, Ticket(who.name), now)
    child = unsent(seen, "尚未提交", f"{ROOT}/plates/{pass_}/photo" if picture else None)
    return page(
        "issue_preview.html", 409 if said else 200, who=who, now=now, said=said, seen=seen, alert=child, ticket=pass_,
        parts=parts(record), middle=at_the_middle(draft.typed), at=draft.at.isoformat(), media=media(house, seen),
        hours=record.duration_hours,
    )  # fmt: skip


def plates(house: House, shelf: Shelf) -> APIRouter:
    """/plates: what was made of a draft or a proposal, for whom a page about it was shown to."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/plates/{said}")
    async def all_of(request: Request, said: str) -> Response:
        seen, picture = await _seen(house, request, said)
        drawn = await made(house, seen, picture)
        shelf.put(said, drawn)
        return page("issue_media.html", media=media(house, seen, said, drawn), pending="", missing=not drawn)

    @router.get("/plates/{said}/photo")
    async def photo(request: Request, said: str) -> Response:
        _, picture = await _seen(house, request, said)
        if picture is None:
            raise NotFound("没有照片。", "There is no photo.")
        return Response(picture.body, media_type=picture.mime)

    @router.get("/plates/{said}/{profile}/{n}")
    async def one(request: Request, said: str, profile: str, n: str) -> Response:
        at = int(n) if n.isascii() and n.isdigit() and len(n) < 4 else -1
        async with transaction(house.engine) as session:
            who = await signed_in(session, request, least=Role.OFFICER)
            admitted(house, said, who.name, await clock(session))
        plate = shelf.get(said, profile, at)
        if plate is None:
            seen, picture = await _seen(house, request, said)
            drawn = await made(house, seen, picture, profile)
            shelf.put(said, drawn)
            plate = shelf.get(said, profile, at)
        if plate is None:
            raise NotFound("没有这张图片。", "There is no such picture.")
        return Response(plate.body, media_type=plate.mime)

    return router


async def _seen(house: House, request: Request, said: str) -> tuple[Foresight, Picture | None]:
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, back=f"{ROOT}/", least=Role.OFFICER)
        now = await clock(session)
        of = admitted(house, said, who.name, now)
        if of.update:
            return await update.foreseen(session, house, who, of.update, now)
        if of.proposal is None:
            record, picture = await _filled_in(session, who, await issue_draft.kept(session, house, who))
        else:
            record, picture = await looked_at(session, of.proposal, seal=house.seal)
        return await foresee(session, record, picture.described() if picture else None, now), picture
