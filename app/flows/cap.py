"""CAP messages: put together from frozen notices, signed, and the same whenever they are asked for."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.db import media, views
from app.db.engine import Session
from app.domain.cap import Resource, Telling, identifier, message
from app.domain.english import Words
from app.domain.notice import PublicNotice, from_json
from app.domain.words import Kind, Status
from app.flows.house import House

_EVENT = {Status.ACTUAL: "紧急寻人", Status.EXERCISE: "【演练】紧急寻人", Status.TEST: "【测试】紧急寻人"}
LEGIBLE = 600  # pixels; a poster for a coarse face is of no use to a player
_NAMES = {"photo": ("失踪未成年人照片", "Photo of the missing child"), "poster": ("寻人海报", "Poster")}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is not signed yet, and what an index says of it."""

    notice: PublicNotice
    identifier: str
    words: Words
    unsigned: bytes


async def draft(session: Session, house: House, alert_id: int, number: int) -> Draft:
    """The message of one notice. It refers to every earlier notice of its alert."""
    told = [from_json(dict(row["body"])) for row in await views.notices(session, alert_id)]
    notice = next(n for n in told if n.number == number)
    rendered = dict(house.press.render(notice, "partner", {}, {}))
    rendered["media"] = [*rendered["media"], *await media.listing(session, alert_id, number)]
    texts = rendered["texts"]
    said = house.press.payload(notice, rendered)["data"]
    words = Words(_EVENT[notice.status], texts["headline"], texts["description"], texts["instruction"])
    telling = Telling(
        sender=house.cap_sender,
        page_url=said["page_url"],
        earlier=[n for n in told if n.number < number],
        zh=words,
        resources=[] if notice.kind is Kind.RETRACT else await _resources(session, said["rendition"]["media"]),
    )
    return Draft(notice, identifier(notice), words, message(notice, telling))


async def _resources(session: Session, shown: Sequence[Any]) -> Sequence[Resource]:
    found = []
    for one in shown:
        if one["role"] not in _NAMES or (one["role"] == "poster" and (one["width"] or 0) < LEGIBLE):
            continue
        body = await media.content(session, one["sha256"])
        digest = hashlib.sha1(body, usedforsecurity=False).hexdigest() if body else ""
        found.append(Resource(*_NAMES[one["role"]], one["mime"], one["size"], one["url"], digest))
    return found
