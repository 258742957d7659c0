"""What outlets were given: every text, picture and sound of the newest notice, in every size."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.console.door import signed_in
from app.console.guard import Guarded
from app.console.labels import CHANNELS, KINDS
from app.console.pages import page
from app.console.shown import find
from app.console.texts import in_order
from app.db import alerts, renditions
from app.db.engine import clock, transaction
from app.domain.media_url import media_path
from app.domain.notice import from_json
from app.flows.house import House
from app.flows.ports import Catalogue

ROLES: Mapping[str, str] = {
    "poster": "海报", "slate": "电视整屏", "lower_third": "电视下方字幕条", "audio": "播音", "photo": "照片",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plate:
    """A picture or sound of ours. ``size``: 1080×1920, or how long it lasts."""

    role: str
    mime: str
    path: str
    size: str


@dataclass(frozen=True, slots=True)
class Face:
    """What one profile of a medium is given. ``kind`` tells it from the medium's others: the size of its panel, what it
    agreed to do on air; ``outlets``: how many have this profile, three ``names`` of them at most; ``carriers``: how it gets
    there."""

    kind: str
    outlets: int
    names: Sequence[str]
    carriers: Sequence[str]
    texts: Sequence[tuple[str, str]]
    plates: Sequence[Plate]


@dataclass(frozen=True, slots=True)
class Medium:
    """A channel's profiles, the most frequent first."""

    channel: str
    faces: Sequence[Face]


def content(house: House) -> APIRouter:
    """/alerts/{code}/content."""
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/alerts/{code}/content")
    async def show(request: Request, code: str) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            alert, _ = await find(session, code, house.media_secret, now)
            head = from_json(dict(await alerts.notice_body(session, alert.id, alert.head)))
            # an alert whose time is up and that no sweep has ended yet: its newest notice still tells of the child
            rows = [] if not alert.live and head.facts else await renditions.with_panels(session, alert.id, alert.head)
        until = max(head.expires_at, now)
        media = group(rows, house.catalogue, lambda sha: media_path(house.media_secret, alert.code, sha, until))
        return page("content.html", who=who, now=now, alert=alert, media=media, kind=KINDS[head.kind], roles=ROLES)

    return router


def group(rows: Sequence[Mapping[str, Any]], catalogue: Catalogue, path: Callable[[str], str]) -> Sequence[Medium]:
    """``rows`` from ``renditions.with_panels``; ``path`` makes the address of a picture of its digest."""
    found: dict[str, list[Face]] = {}
    for row in sorted(rows, key=lambda r: -r["outlets"]):
        body = row["body"]
        plates = [
            Plate(ROLES.get(m["role"], m["role"]), m["mime"], path(m["sha256"]), _size(m))
            for m in body["media"]
            if m["role"] != "photo"
        ]
        kind = "，".join(filter(None, (_panel(row["channel"], row["panel"]), duty_words(row["duty"])))) or "标准版式"
        carriers = [c.title if (c := catalogue.carriers.get(name)) else name for name in row["carriers"]]
        face = Face(kind, row["outlets"], row["names"], carriers, in_order(body["texts"]), plates)
        found.setdefault(row["channel"], []).append(face)
    order = [*CHANNELS, *sorted(set(found) - set(CHANNELS))]
    return [Medium(CHANNELS.get(name, name), found[name]) for name in order if name in found]


def _size(m: Mapping[str, Any]) -> str:
    if m.get("seconds"):
        return f"{m['seconds']:.0f} 秒"
    return f"{m['width']}×{m['height']}" if m.get("width") else ""


def _panel(channel: str, panel: Mapping[str, Any]) -> str:
    pixels = f"{panel['width']}×{panel.get('height') or '?'} 像素" if panel.get("width") else ""
    columns, lines = panel.get("columns"), panel.get("rows")
    letters = f"每屏 {columns}×{lines} 字" if columns and lines else f"每行 {columns} 字" if columns else ""
    unknown = "没有登记屏幕大小" if channel in ("screen", "billboard") else ""
    return "，".join(filter(None, (pixels, letters))) or unknown


def duty_words(duty: Mapping[str, Any]) -> str:
    """What an outlet agreed to do on air."""
    words = (
        ("exclusive_minutes", "先独占 {} 分钟"), ("repeat_every_minutes", "每 {} 分钟重播"), ("until_minutes", "共 {} 分钟"),
    )  # fmt: skip
    return "，".join(said.format(duty[name]) for name, said in words if duty.get(name))
