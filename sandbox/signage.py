"""A Xibo CMS and the displays of one of its groups, as API 4 describes them: what huijia needs of library, layouts,
schedule, displays and proof of play.

A display collects the schedule when it is in touch. Out of touch it goes on with what it last collected, to its end.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

TOKEN_SECONDS = 3600
TIME = "%Y-%m-%d %H:%M:%S"
PAGE = 10  # rows of a search that names no length
INTERRUPT = 4

Answer = tuple[int, Any]


class Refusal(ValueError):
    """A parameter that will not do: 422, naming it."""


@dataclass(slots=True)
class Media:
    media: int
    name: str
    mime: str
    body: bytes = field(repr=False)
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class Layout:
    layout: int
    campaign: int
    media: int


@dataclass(slots=True)
class Event:
    event: int
    name: str
    campaign: int
    groups: list[int]
    begins: datetime
    ends: datetime
    priority: int
    share: int
    made: datetime


@dataclass(slots=True)
class Display:
    """``kept``: the events that it collected last, with their pictures' layouts; ``plays`` by campaign."""

    display: int
    online: bool = True
    kept: list[tuple[Event, Layout]] = field(default_factory=list)
    current: int = 1  # layout 1 is the usual programme
    plays: dict[int, int] = field(default_factory=dict)


class Signage:
    """One CMS, one application, one display group."""

    def __init__(self, client: str, secret: str, group: int, displays: int, clock: Callable[[], datetime]) -> None:
        self._client, self._secret, self._group, self._clock = client, secret, group, clock
        self.displays = [Display(index + 1) for index in range(displays)]
        self.zone = timezone(timedelta(hours=8))
        self.library: dict[int, Media] = {}
        self.layouts: dict[int, Layout] = {}
        self.schedule: dict[int, Event] = {}
        self._tokens: dict[str, datetime] = {}
        self._last = 10

    def token(self, form: dict[str, str]) -> Answer:
        """``POST /authorize/access_token``: client credentials."""
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "message": "The grant type is not supported."}
        if (form.get("client_id"), form.get("client_secret")) != (self._client, self._secret):
            return 401, {"error": "invalid_client", "message": "Client authentication failed"}
        value = secrets.token_hex(40)
        self._tokens[value] = self._clock() + timedelta(seconds=TOKEN_SECONDS)
        return 200, {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "access_token": value}

    def knows(self, authorization: str) -> bool:
        """Whether the caller's token is one of ours and still good."""
        now = self._clock()
        return now < self._tokens.get(authorization.removeprefix("Bearer "), now)

    def revoke(self) -> None:
        """Every token is taken back before its time."""
        self._tokens.clear()

    def upload(self, name: str, mime: str, body: bytes, expires: str) -> Answer:
        """``POST /library``: HTTP 200 whatever became of the file."""
        at = self._time(expires) if expires else None
        if at is not None and at <= self._clock():
            raise Refusal("expires")
        file: dict[str, Any] = {"name": name, "size": len(body), "type": mime}
        if mime not in ("image/jpeg", "image/png") or not body:
            return 200, {"files": [file | {"error": "Invalid File Type"}]}
        if any(one.name == name for one in self.library.values()):
            return 200, {"files": [file | {"error": "You already own media with this name. Please choose another."}]}
        media = self._next()
        self.library[media] = Media(media, name, mime, body, at)
        return 200, {"files": [file | {"mediaId": media, "fileSize": len(body), "mediaType": "image", "error": ""}]}

    def full_screen(self, form: dict[str, str]) -> Answer:
        """``POST /layout/fullscreen``: the same layout for the same picture."""
        media = self._media(int(form.get("id") or 0))
        if form.get("type") != "media":
            raise Refusal("type")
        there = next((one for one in self.layouts.values() if one.media == media.media), None)
        layout = there or Layout(self._next(), self._next(), media.media)
        self.layouts[layout.campaign] = layout
        named = f"media_{media.name}_{media.media}"
        return 200, {"layoutId": layout.layout, "campaignId": layout.campaign, "layout": named, "publishedStatusId": 1}

    def plan(self, form: dict[str, str], groups: list[str], event: int | None = None) -> Answer:
        """``POST /schedule`` and, with an event, ``PUT``."""
        if event is not None and event not in self.schedule:
            return 404, _error(404, "Not Found")
        made = self._event(form, groups, event or self._next())
        self.schedule[made.event] = made
        self.collect()
        return (200 if event else 201), _shown(made)

    def events(self, query: dict[str, str], groups: list[str]) -> Answer:
        """``GET /schedule``."""
        wanted = [one for one in self.schedule.values() if not groups or set(map(int, groups)) & set(one.groups)]
        found = [one for one in wanted if query.get("name", "") in one.name]
        return 200, [_shown(one) for one in found[: int(query.get("length") or PAGE)]]

    def media(self, query: dict[str, str]) -> Answer:
        """``GET /library``."""
        found = [one for one in self.library.values() if query.get("media", "") in one.name]
        return 200, [{"mediaId": one.media, "name": one.name} for one in found[: int(query.get("length") or PAGE)]]

    def unplan(self, event: int) -> Answer:
        """``DELETE /schedule/{eventId}``."""
        if self.schedule.pop(event, None) is None:
            return 404, _error(404, "Not Found")
        self.collect()
        return 204, None

    def delete(self, media: int, query: dict[str, str]) -> Answer:
        """``DELETE /library/{mediaId}``: a picture that is used goes only when it is forced."""
        if media not in self.library:
            return 404, _error(404, "Not Found")
        used = [one for one in self.layouts.values() if one.media == media]
        if used and query.get("forceDelete") != "1":
            return 422, _error(422, "This library item is in use.")
        del self.library[media]
        for layout in used:
            del self.layouts[layout.campaign]
        self.collect()
        return 204, None

    def stats(self, query: dict[str, str]) -> Answer:
        """``GET /stats``: what the displays have sent in."""
        campaign = int(query.get("campaignId") or 0)
        if query.get("type", "").lower() != "layout":
            raise Refusal("type")
        self._time(query.get("fromDt", ""))
        self._time(query.get("toDt", ""))
        rows = [
            {"type": "layout", "displayId": one.display, "campaignId": campaign, "numberPlays": one.plays[campaign]}
            for one in self.displays
            if one.plays.get(campaign)
        ]
        return 200, rows

    def screens(self, query: dict[str, str]) -> Answer:
        """``GET /display``."""
        self.collect()
        here = self.displays if int(query.get("displayGroupId") or 0) == self._group else []
        start = int(query.get("start") or 0)
        return 200, [_told(one) for one in here[start : start + int(query.get("length") or PAGE)]]

    def collect(self) -> None:
        """Every display that is in touch takes the schedule and plays what is due; the others play what they kept."""
        now = self._clock()
        self.library = {key: one for key, one in self.library.items() if one.expires is None or now < one.expires}
        for display in self.displays:
            if display.online:
                due = [
                    one for one in self.schedule.values() if self._group in one.groups and one.campaign in self.layouts
                ]
                display.kept = [(one, self.layouts[one.campaign]) for one in due]
            live = [(one, layout) for one, layout in display.kept if one.begins <= now < one.ends]
            live.sort(key=lambda each: (each[0].priority, each[0].event))
            display.current = live[-1][1].layout if live else 1
            if live and display.online:
                display.plays[live[-1][0].campaign] = display.plays.get(live[-1][0].campaign, 0) + 1

    def showing(self) -> list[dict[str, Any]]:
        """What the public sees beside the usual programme, on any display, out of touch or not."""
        self.collect()
        shown = {}
        for display in self.displays:
            for event, layout in display.kept:
                if layout.layout == display.current:
                    shown[event.event] = {
                        "name": event.name,
                        "since": max(event.begins, event.made),
                        "until": event.ends,
                        "media": layout.media,
                    }
        return list(shown.values())

    def forget(self) -> None:
        """As on the first day."""
        self.library.clear()
        self.layouts.clear()
        self.schedule.clear()
        self.displays = [Display(one.display) for one in self.displays]

    def _event(self, form: dict[str, str], groups: list[str], event: int) -> Event:
        if int(form.get("eventTypeId") or 0) != INTERRUPT:
            raise Refusal("eventTypeId")
        campaign, share = int(form.get("campaignId") or 0), int(form.get("shareOfVoice") or 0)
        if campaign not in self.layouts:
            raise Refusal("campaignId")
        if not 1 <= share <= 3600:
            raise Refusal("shareOfVoice")
        if not groups or any(int(one) != self._group for one in groups):
            raise Refusal("displayGroupIds")
        begins, ends = self._time(form.get("fromDt", "")), self._time(form.get("toDt", ""))
        if ends <= begins:
            raise Refusal("start/end")
        there, priority = self.schedule.get(event), int(form.get("isPriority") or 0)
        made = there.made if there else self._clock()
        name, on = form.get("name", ""), [int(one) for one in groups]
        return Event(event, name, campaign, on, begins, ends, priority, share, made)

    def _media(self, media: int) -> Media:
        if media not in self.library:
            raise Refusal("id")
        return self.library[media]

    def _time(self, text: str) -> datetime:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
            raise Refusal("date")
        return datetime.strptime(text, TIME).replace(tzinfo=self.zone)

    def _next(self) -> int:
        self._last += 1
        return self._last


def _error(code: int, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "data": {}}}


def refused(refusal: ValueError) -> Answer:
    """How the CMS says that a parameter will not do."""
    return 422, {"error": {"message": "Invalid argument", "code": 422, "data": {"property": str(refusal)}}}


def unknown_token() -> Answer:
    return 401, _error(401, "The resource owner or authorization server denied the request.")


def _told(display: Display) -> dict[str, Any]:
    """A display is told at length: what is of no use here stands for some four kilobytes of it."""
    known = {"displayId": display.display, "loggedIn": int(display.online), "currentLayoutId": display.current}
    return known | {"display": f"沙盒屏{display.display}", "overrideConfig": "x" * 4000}


def _shown(event: Event) -> dict[str, Any]:
    return {
        "eventId": event.event,
        "eventTypeId": INTERRUPT,
        "name": event.name,
        "campaignId": event.campaign,
        "displayGroups": [{"displayGroupId": group} for group in event.groups],
        "fromDt": int(event.begins.timestamp()),
        "toDt": int(event.ends.timestamp()),
        "isPriority": event.priority,
        "shareOfVoice": event.share,
    }
