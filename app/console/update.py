"""Tell the public anew: edit what it was told, look at what it will see, and press the child's name."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console import revision
from app.console.alert import alert_path
from app.console.correction import Worded, words_of
from app.console.door import SignInFirst, signed_in
from app.console.draft import forget_typed, keep_typed, kept_typed
from app.console.forms import read_form, read_upload
from app.console.guard import Guarded, away, to_sign_in
from app.console.naming import live_alerts, offered
from app.console.pages import page
from app.console.plates import Ticket, ticket
from app.console.revision import FIELDS, Checked, Revision
from app.console.shown import CODE, Shown, find
from app.db import deliveries, drafts, media, outlets, renditions
from app.db.engine import Session, StoreUnavailable, clock, transaction
from app.domain.errors import Conflict, Fault, NotFound
from app.domain.notice import PublicNotice, publication
from app.domain.words import Kind, Role
from app.flows.amend import revise
from app.flows.drawn import Drawn, after_drawing
from app.flows.foresee import Foresight
from app.flows.house import House
from app.flows.sign_in import Operator
from app.flows.submit import Picture, publishable
from app.forms.photo import picture

NOTHING = "没有改动任何内容。请修改后再继续。"
RENEWED = "登录已更新，更新尚未执行。请再核对一次。"
NOT_CONFIRMED = "请看清照片和姓名，再按下这个孩子的姓名。"
OTHER = "您按下的是另一条寻人，不是本页这一条。没有执行任何操作，请看清照片和姓名再按。"
BACK = "登录期间填写的文字已恢复。如选过新照片，请重新选择。"


def updating(house: House) -> APIRouter:
    """/alerts/{code}/update, its preview and its pictures."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/alerts/{code}/update")
    async def ask(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request, least=Role.OFFICER)
            return await _form(session, house, request, who, code)

    @router.post("/alerts/{code}/update")
    async def fill(request: Request, code: str) -> Response:
        fields, files = await read_upload(request, "photo")
        typed = {name: fields.get(name, "").strip() for name in FIELDS}
        try:
            return await _filled(house, request, code, fields, typed, files.get("photo"))
        except SignInFirst as e:
            response = to_sign_in(request, e, why="update")
        except StoreUnavailable:
            response = away(back=f"{alert_path(code)}/update")
        keep_typed(response, house, code, typed)
        return response

    @router.get("/alerts/{code}/update/preview")
    async def preview(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request, least=Role.OFFICER)
            return await _preview(session, house, who, code)

    @router.post("/alerts/{code}/update/preview")
    async def confirm(request: Request, code: str) -> Response:
        form = await read_form(request)

        async def act(session: Session, drawn: Drawn) -> Response:
            who = await signed_in(session, request, back=f"{alert_path(code)}/update/preview", least=Role.OFFICER)
            return await _confirmed(session, house, who, code, form, drawn)

        return await after_drawing(house.engine, house.press, act)

    @router.get("/alerts/{code}/update/photo")
    async def photo(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request, least=Role.OFFICER)
            held = await revision.kept(session, house, who.name, code)
        if held is None or held.picture is None:
            raise NotFound("没有新照片。", "There is no new photo.")
        return Response(held.picture.body, media_type=held.picture.mime)

    return router


async def _live(session: Session, house: House, code: str, now: datetime) -> tuple[Shown, PublicNotice]:
    alert, last = await find(session, code, house.media_secret, now)
    if not alert.live:
        raise Conflict("这条紧急寻人已经结束，不能再更新。", "The alert has ended.")
    return alert, last


async def _form(
    session: Session,
    house: House,
    request: Request,
    who: Operator,
    code: str,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    said: str = "",
) -> Response:
    """With what was typed just now, else what was typed before a session ended, else the draft, else what stands."""
    now = await clock(session)
    alert, _ = await _live(session, house, code, now)
    assert alert.facts is not None
    held = await revision.kept(session, house, who.name, code)
    back = kept_typed(request, house, code) if typed is None else None
    shown = typed or back or (held.typed if held and held.seen == alert.head else None) or revision.told(alert.facts)
    response = page(
        "update.html", status, who=who, now=now, alert=alert, typed=shown, faults=faults or {},
        said=said or (BACK if back else ""), new_photo=bool(held and held.picture and held.seen == alert.head),
    )  # fmt: skip
    if back:
        forget_typed(response, code)
    return response


async def _filled(
    house: House, request: Request, code: str, fields: Mapping[str, str], typed: Mapping[str, str], photo: bytes | None
) -> Response:
    made = await picture(photo) if photo else None
    async with transaction(house.engine) as session:
        who = await signed_in(session, request, back=f"{alert_path(code)}/update", least=Role.OFFICER)
        if not who.owns(fields.get("csrf", "")):
            return await _form(session, house, request, who, code, 403, typed, said=RENEWED)
        now = await clock(session)
        alert, _ = await _live(session, house, code, now)
        assert alert.facts is not None
        checked = await revision.check(session, house, alert, typed, now)
        faults = dict(checked.faults)
        if isinstance(made, Fault):
            faults["photo"] = f"{made.zh}{made.remedy_zh}"
        if faults:
            return await _form(session, house, request, who, code, 422, typed, faults)
        held = await revision.kept(session, house, who.name, code)
        keeps = held.picture if held and held.seen == alert.head and fields.get("keep_photo") else None
        new = Revision(typed, alert.head, made if made and not isinstance(made, Fault) else keeps)
        if not revision.changed(alert.facts, typed) and new.picture is None:
            return await _form(session, house, request, who, code, 422, typed, said=NOTHING)
        await revision.keep(session, house, who.name, code, new)
    return RedirectResponse(f"{alert_path(code)}/update/preview", 303)


async def _preview(
    session: Session,
    house: House,
    who: Operator,
    code: str,
    status: int = 200,
    *,
    said: str = "",
    unconfirmed: str = "",
) -> Response:
    """``said``: what is wrong with the page as a whole; ``unconfirmed``: with the name that was pressed."""
    now = await clock(session)
    alert, last = await _live(session, house, code, now)
    held = await revision.kept(session, house, who.name, code)
    if held is None:
        return RedirectResponse(f"{alert_path(code)}/update", 303)
    checked = await revision.check(session, house, alert, held.typed, now)
    if checked.record is None or alert.facts is None:
        return RedirectResponse(f"{alert_path(code)}/update", 303)
    notice = await _notice(session, alert, last, held, checked, now)
    told = await deliveries.outlets_of_notice(session, alert.id, alert.head)
    pass_ = ticket(house, Ticket(who.name, update=code), now)
    worded = _worded(house, notice, await outlets.profiles(session, list(told)))
    return page(
        "update_preview.html", status, who=who, now=now, alert=alert, facts=notice.facts, new_photo=held.picture is not None,
        changes=revision.changed(alert.facts, held.typed), worded=worded, told=len(told), said=said, ticket=pass_,
        unconfirmed=unconfirmed, stale=held.seen != alert.head,
        names=offered(alert, await live_alerts(session, house.media_secret)),
    )  # fmt: skip


async def foreseen(
    session: Session, house: House, who: Operator, code: str, now: datetime
) -> tuple[Foresight, Picture | None]:
    """The update that ``who`` has in hand as it would go out, and its photo. Raises Conflict or NotFound."""
    alert, last = await _live(session, house, code, now)
    held = await revision.kept(session, house, who.name, code)
    checked = await revision.check(session, house, alert, held.typed, now) if held else None
    if held is None or checked is None or checked.record is None:
        raise NotFound("没有待确认的更新。", "There is no update in hand.")
    notice = await _notice(session, alert, last, held, checked, now)
    told = await deliveries.outlets_of_notice(session, alert.id, alert.head)
    seen = Foresight(notice, await renditions.faces(session, list(told)), len(told), alert.reach_km)
    return seen, held.picture or await _standing(session, alert, last)


async def _standing(session: Session, alert: Shown, last: PublicNotice) -> Picture | None:
    """The photo that the public was last shown."""
    if last.photo is None or (body := await media.photo(session, alert.id, last.photo.sha256)) is None:
        return None
    return Picture(body, last.photo.mime, last.photo.width, last.photo.height)


async def _notice(
    session: Session, alert: Shown, last: PublicNotice, held: Revision, checked: Checked, now: datetime
) -> PublicNotice:
    """As it will go out."""
    assert checked.record is not None
    return publication(
        Kind.UPDATE, await publishable(session, checked.record), alert=alert.code, number=alert.head + 1, status=alert.status,
        photo=held.picture.described() if held.picture else last.photo, issued_at=now, expires_at=alert.expires_at,
    )  # fmt: skip


def _worded(house: House, notice: PublicNotice, profiles: outlets.Profiles) -> Sequence[Worded]:
    return words_of(profiles, lambda _, channel, panel, duty: house.press.render(notice, channel, panel, duty))


async def _confirmed(
    session: Session, house: House, who: Operator, code: str, form: Mapping[str, str], drawn: Drawn
) -> Response:
    if not who.owns(form.get("csrf", "")):
        return await _preview(session, house, who, code, 403, said=RENEWED)
    if (pressed := form.get("confirm", "")) != code:
        wrong = OTHER if CODE.fullmatch(pressed) else NOT_CONFIRMED
        return await _preview(session, house, who, code, 422, unconfirmed=wrong)
    now = await clock(session)
    alert, _ = await _live(session, house, code, now)
    held = await revision.kept(session, house, who.name, code)
    checked = await revision.check(session, house, alert, held.typed, now) if held else None
    if held is None or checked is None or checked.record is None:
        return RedirectResponse(f"{alert_path(code)}/update", 303)
    await revise(
        session,
        who.principal,
        alert.code,
        checked.record,
        held.picture,
        seen=held.seen,
        seal=house.seal,
        press=drawn,
    )
    await drafts.drop(session, who.name, revision.subject(code))
    return RedirectResponse(f"{alert_path(code)}?result=updated", 303)
