"""The calls that Xibo's CMS is given (API 4.1 and later): library, full-screen layout, schedule, displays, statistics.

What huijia puts there is found again by its name, so that it can be taken away even when no answer ever came back.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from channels.carriers.answer import json_object
from channels.carriers.http import failure
from channels.carriers.redact import plain
from channels.carriers.session import Session, Stopped
from channels.contract import Reason, Refused, Reply, Retry

INTERRUPT = 4  # eventTypeId: plays beside the schedule for its share of each hour
PAGE = 20  # rows of a search: the wire reads 64 KiB of an answer
DISPLAYS = 10  # a display is told in some four of them
MOST_PAGES = 25

_FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Event:
    """One of ours in the schedule. Its name says which notice it shows and what was made for it."""

    event: int
    campaign: int
    alert: str
    number: int
    layout: int
    media: int


@dataclass(frozen=True, slots=True)
class Screen:
    """One display: whether it is in touch with the CMS, and the layout that it says it shows."""

    online: bool
    layout: int | None


def event_name(title: str, alert: str, number: int, layout: int, media: int) -> str:
    return f"{title} {alert}/{number} L{layout} M{media}"


def media_name(title: str, alert: str, number: int, group: int) -> str:
    """The group is named because two groups of one CMS must not take away each other's pictures."""
    return f"{title} {alert}/{number} G{group}"


_EVENT = re.compile(r"\S+ (?P<alert>\S+)/(?P<number>\d+) L(?P<layout>\d+) M(?P<media>\d+)")
_MEDIA = re.compile(
    r"\S+ (?P<alert>\S+)/(?P<number>\d+) G(?P<group>\d+)(?!\d).*"
)  # the CMS puts (1) behind a name it has already


class Cms:
    """The CMS seen from one display group. Every verb raises Stopped or WireError when it was not done."""

    def __init__(self, session: Session, base: str, group: int, now: datetime, hide: Sequence[str]) -> None:
        self._session, self._base, self._group, self._now, self._hide = session, f"{base}/api", group, now, hide

    async def events(self, alert: str) -> list[Event]:
        """All of this alert on this group, of whatever number."""
        query = {"displayGroupIds[]": self._group, "eventTypeId": INTERRUPT, "name": alert, "length": PAGE}
        found = []
        for row in _rows(await self._ask("GET", "/schedule", query)):
            name = _EVENT.fullmatch(str(row.get("name") or ""))
            event, campaign = row.get("eventId"), row.get("campaignId")
            if name and name["alert"] == alert and isinstance(event, int):
                numbers = (int(name[part]) for part in ("number", "layout", "media"))
                found.append(Event(event, campaign if isinstance(campaign, int) else 0, alert, *numbers))
        return found

    async def pictures(self, alert: str) -> dict[int, int]:
        """The media of this alert for this group and the number of the notice, also of those that no event was made for."""
        found = {}
        for row in _rows(await self._ask("GET", "/library", {"media": alert, "name": alert, "length": PAGE})):
            name, media = _MEDIA.fullmatch(str(row.get("name") or "")), row.get("mediaId")
            if name and name["alert"] == alert and int(name["group"]) == self._group and isinstance(media, int):
                found[media] = int(name["number"])
        return found

    async def upload(self, name: str, picture: bytes, mime: str, until: str) -> int:
        """The picture into the library; the CMS drops it by itself at ``until``. Its id."""
        boundary = hashlib.sha256(picture).hexdigest()[:32]
        filename = f"{boundary}.{'png' if mime == 'image/png' else 'jpg'}"
        body = _multipart(
            boundary, {"name": name, "expires": until, "forceDuplicateCheck": "0"}, filename, mime, picture
        )
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        said = self._judged(await self._session.call("POST", f"{self._base}/library", headers, body))
        files = said.get("files") if isinstance(said, dict) else None
        file = files[0] if isinstance(files, list) and files and isinstance(files[0], dict) else {}
        if file.get("error"):  # a full library is told with HTTP 200
            raise Stopped(Refused(Reason.REJECTED, plain(f"素材库：{file['error']}", self._hide)))
        return _number(file, "mediaId")

    async def layout(self, media: int) -> tuple[int, int]:
        """A published layout that is this picture and nothing else, the same one if asked twice: layout, campaign."""
        form = {"id": media, "type": "media", "backgroundColor": "#000000"}
        said = await self._ask("POST", "/layout/fullscreen", form)
        return _number(said, "layoutId"), _number(said, "campaignId")

    async def schedule(self, form: Mapping[str, object]) -> int:
        return _number(await self._ask("POST", "/schedule", {**form, "displayGroupIds[]": self._group}), "eventId")

    async def prolong(self, event: int, form: Mapping[str, object]) -> bool:
        """False when the event is no longer there."""
        try:
            await self._ask("PUT", f"/schedule/{event}", {**form, "displayGroupIds[]": self._group})
        except Stopped as stopped:
            if stopped.outcome.reason is not Reason.GONE:
                raise
            return False
        return True

    async def remove(self, what: str) -> None:
        """Deletes ``schedule/7`` or ``library/12``; what is gone already is gone."""
        try:
            # forceDelete: although a layout uses it, which goes too. purge: players throw their copy away.
            await self._ask("DELETE", f"/{what}", {"forceDelete": 1, "purge": 1} if what.startswith("library") else {})
        except Stopped as stopped:
            if stopped.outcome.reason is not Reason.GONE:
                raise

    async def played(self, campaign: int, since: str, until: str) -> int:
        """How often displays say that they have played it (proof of play)."""
        query = {"type": "layout", "campaignId": campaign, "fromDt": since, "toDt": until, "length": PAGE}
        rows = _rows(await self._ask("GET", "/stats", query))
        return sum(count for row in rows if isinstance(count := row.get("numberPlays"), int))

    async def screens(self) -> list[Screen]:
        """All displays of the group. Raises Stopped where there are more than can be asked for."""
        found: list[Screen] = []
        for page in range(MOST_PAGES):
            query = {"displayGroupId": self._group, "start": page * DISPLAYS, "length": DISPLAYS}
            rows = _rows(await self._ask("GET", "/display", query))
            found += [
                Screen(row.get("loggedIn") in (1, "1", True), _layout(row.get("currentLayoutId"))) for row in rows
            ]
            if len(rows) < DISPLAYS:
                return found
        raise Stopped(Retry(Reason.UNINTELLIGIBLE, f"显示组超过 {MOST_PAGES * DISPLAYS} 块屏，无法逐一核对"))

    async def _ask(self, method: str, path: str, fields: Mapping[str, object]) -> Any:
        text = urlencode(fields, quote_via=quote)
        if method in ("GET", "DELETE"):
            url = f"{self._base}{path}" + (f"?{text}" if text else "")
            return self._judged(await self._session.call(method, url, {}))
        return self._judged(await self._session.call(method, self._base + path, _FORM, text.encode()))

    def _judged(self, reply: Reply) -> Any:
        """What the body says. An error in it outranks the status: an answer may come in an envelope that is always 200."""
        said = json_object(reply.body)
        error = said.get("error") if said is not None else None
        words = plain(str(error.get("message") if isinstance(error, dict) else error or ""), self._hide)
        no = failure(reply, self._now)
        if no is None and error:
            code = error.get("code") if isinstance(error, dict) else None
            told = code if isinstance(code, int) and 300 <= code < 600 else 400
            no = failure(Reply(told, {}, b""), self._now)
        if no is not None:
            detail = plain(f"{no.detail} {words}", self._hide)
            raise Stopped(Refused(no.reason, detail) if isinstance(no, Refused) else Retry(no.reason, detail, no.after))
        return said if said is not None else _array(reply.body)


def _layout(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _array(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError as error:
        raise Stopped(Retry(Reason.UNINTELLIGIBLE, "答复不是 JSON")) from error


def _rows(said: Any) -> list[dict[str, Any]]:
    """A search answers an array, or in an envelope ``data``."""
    rows = said.get("data") if isinstance(said, dict) else said
    if not isinstance(rows, list):
        raise Stopped(Retry(Reason.UNINTELLIGIBLE, "答复不是列表"))
    return [row for row in rows if isinstance(row, dict)]


def _number(said: Any, name: str) -> int:
    value = said.get(name) if isinstance(said, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise Stopped(Retry(Reason.UNINTELLIGIBLE, f"答复中没有 {name}"))
    return value


def _multipart(boundary: str, fields: Mapping[str, str], filename: str, mime: str, body: bytes) -> bytes:
    """RFC 7578. The field is ``files[]``, as the CMS's uploader reads it."""
    said = "Content-Disposition: form-data; name="
    parts = [f'--{boundary}\r\n{said}"{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()]
    head = f'--{boundary}\r\n{said}"files[]"; filename="{filename}"\r\nContent-Type: {mime}\r\n\r\n'
    return "".join([*parts, head]).encode() + body + f"\r\n--{boundary}--\r\n".encode()
