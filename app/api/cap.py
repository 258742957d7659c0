"""``/v1/feed.atom`` and the CAP messages behind it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from app.api.access import Reader, TheDesk, TheHouse
from app.api.alerts import AlertId
from app.api.feed_desk import FeedDesk
from app.api.openapi import answers
from app.api.papers import Paper
from app.api.parameters import Bare
from app.api.problems import Problem
from app.db import postings
from app.db.engine import transaction
from app.domain.atom import Entry, feed
from app.domain.board import Ask, Posting
from app.domain.errors import NotFound
from app.domain.words import AlertState
from app.flows.house import House
from app.flows.principal import Principal

router = APIRouter(prefix="/v1", tags=["cap"])

PAGE = 500
BEGINNING = datetime(2021, 7, 26, tzinfo=UTC)  # the day of the rule that the service stands on

_TAGGED = {"cache-control": "no-store"}
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing has changed since that ETag."}}
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]


def _xml(mime: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {mime: {"schema": {"type": "string"}}}}, **_UNCHANGED}


@router.get(
    "/feed.atom", response_class=Response, responses={**_xml("application/atom+xml"), **answers(401, 403, 422, 503)}
)
async def read_atom(
    who: Reader, house: TheHouse, desk: TheDesk, _: Bare, if_none_match: IfNoneMatch = None
) -> Response:
    """Every notice that stands for your outlets, newest first, each with a link to its CAP message. Reading it counts as
    fetching, as in the feed."""
    assert who.partner_id is not None
    ask = Ask(who.partner_id, who.live, all=True, limit=PAGE)
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in (if_none_match or "").split(",")]
    told: dict[str, Posting] = {}
    while True:
        sheet = await desk.read(ask, tags if not told else ())
        if sheet.unchanged:
            return Response(status_code=304, headers={**_TAGGED, "etag": f'W/"{sheet.tag}"'})
        told.update((p.notice, p) for p in sheet.postings)
        if not sheet.more:
            break
        ask = replace(ask, cursor=sheet.cursor)
    headers = _TAGGED | ({"etag": f'W/"{sheet.tag}"'} if sheet.tag else {}) | _staleness(desk)
    body = await _atom(who, house, desk, told)
    return Response(body, headers=headers, media_type="application/atom+xml; charset=utf-8")


async def _atom(who: Principal, house: House, desk: FeedDesk, told: Mapping[str, Posting]) -> bytes:
    newest = sorted(told.values(), key=lambda p: (p.issued_at, p.code), reverse=True)
    entries = [_entry(await desk.papers.of(p), p, house.base_url) for p in newest]
    updated = entries[0].issued_at if entries else BEGINNING
    return feed(f"urn:huijia:feed:{who.partner_id}", f"{house.base_url}/v1/feed.atom", updated, entries)


def _entry(paper: Paper, p: Posting, base: str) -> Entry:
    n = paper.notice
    return Entry(
        paper.identifier, _href(base, p.code, p.number), n.kind, n.status, n.issued_at, n.expires_at, n.unit,
        paper.words.headline, paper.words.description,
    )  # fmt: skip


def _href(base: str, code: str, number: int) -> str:
    return f"{base}/v1/alerts/{code}/cap/{number}.xml"


@router.get(
    "/alerts/{id}/cap/{number}.xml",
    response_class=Response,
    responses={**_xml("application/cap+xml"), **answers(401, 403, 404, 410, 422, 503)},
)
async def read_cap(
    who: Reader, id: AlertId, number: int, house: TheHouse, desk: TheDesk, _: Bare, if_none_match: IfNoneMatch = None
) -> Response:
    """The newest notice of an alert as a signed CAP 1.2 message. An older one is gone: 410."""
    assert who.partner_id is not None
    sheet = await desk.read(Ask(who.partner_id, who.live, all=True, limit=PAGE, alert=id))
    posting = next((p for p in sheet.postings if p.number == number), None)
    if posting is None:
        raise await _gone(house, who, id, number)
    document = (await desk.papers.of(posting)).document
    headers = _TAGGED | {"etag": f'"{sha256(document).hexdigest()[:24]}"'} | _staleness(desk)
    if headers["etag"] in (if_none_match or ""):
        return Response(status_code=304, headers=headers)
    return Response(document, headers=headers, media_type="application/cap+xml; charset=utf-8")


async def _gone(house: House, who: Principal, code: str, number: int) -> Problem | NotFound:
    """Why there is no such message for this partner."""
    assert who.partner_id is not None
    async with transaction(house.engine) as session:
        fate = await postings.fate(session, who.partner_id, code, live=who.live)
    if fate is None or number > fate[1] or number < 1:
        return NotFound(f"没有 {code} 的第 {number} 号通告。", f"There is no notice {number} of {code}.")
    if fate[0] is not AlertState.ACTIVE:
        end = ("停止展示，并删除留存的副本。", "Stop showing it and delete any copy.")
        return Problem(
            "search-ended", "搜寻已结束，此通告已撤下。", "The search has ended; the notice is gone.", remedy=end
        )
    newest = _href(house.base_url, code, fate[1])
    return Problem(
        "replaced", f"此通告已被第 {fate[1]} 号取代。", f"Notice {fate[1]} has replaced it.",
        remedy=(f"读取 {newest}。", f"Read {newest}."),
    )  # fmt: skip


def _staleness(desk: FeedDesk) -> dict[str, str]:
    return {"huijia-stale": "true"} if desk.stale() else {}
