"""The object that every JSON wire of huijia carries, read the way docs/channels/payload.md tells a partner to."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

Text = str | list[str]


class MalformedError(ValueError):
    """Not a payload. The text says which member, in a word that is safe to send back and to log."""


class Kind(StrEnum):
    PUBLISH = "publish"
    UPDATE = "update"
    RETRACT = "retract"


class Status(StrEnum):
    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"


MARKS = {Status.EXERCISE: "【演练】", Status.TEST: "【测试】"}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a station needs of a notice. ``complaints`` are promises of the payload that were not kept."""

    alert: str
    number: int
    kind: Kind
    status: Status
    expires_at: datetime
    texts: dict[str, Text]
    media: list[dict[str, Any]]
    complaints: tuple[str, ...]

    @property
    def unmarked(self) -> bool:
        """Airing it would pass an exercise off as the real thing, or the real thing as an exercise."""
        return "wrong_mark" in self.complaints


def read(body: bytes) -> Notice:
    """Parse a whole payload. Raises :class:`MalformedError`."""
    try:
        return notice(json.loads(body))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise MalformedError("not_json") from error


def notice(payload: Any) -> Notice:
    """Check a decoded payload. Unknown members are ignored. Raises :class:`MalformedError`."""
    data = _member(payload, "data", dict)
    rendition = _member(data, "rendition", dict)
    number = _member(data, "number", int)
    if isinstance(number, bool) or number < 1:
        raise MalformedError("number")
    alert = _member(data, "alert", str)
    if not alert:
        raise MalformedError("alert")
    try:
        kind, status = Kind(data.get("kind")), Status(data.get("status"))
    except ValueError as error:
        raise MalformedError("kind_or_status") from error
    texts = _texts(_member(rendition, "texts", dict))
    media = [one for one in rendition.get("media") or [] if isinstance(one, dict)]
    return Notice(
        alert=alert,
        number=number,
        kind=kind,
        status=status,
        expires_at=_moment(data, "expires_at"),
        texts=texts,
        media=media,
        complaints=tuple(_complaints(payload, data, kind, status, texts, media)),
    )


def peek(body: bytes) -> dict[str, Any]:
    """What the log may say of a call that nobody verified: whatever of the four names can be read, else nothing."""
    try:
        data = json.loads(body)["data"]
        return {name: data[name] for name in ("alert", "number", "kind", "status") if isinstance(data[name], str | int)}
    except (ValueError, KeyError, TypeError):
        return {}


def _member(of: Any, name: str, kind: type) -> Any:
    value = of.get(name) if isinstance(of, dict) else None
    if not isinstance(value, kind):
        raise MalformedError(name)
    return value


def _moment(data: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_member(data, name, str))
    except ValueError as error:
        raise MalformedError(name) from error
    if moment.tzinfo is None:
        raise MalformedError(name)
    return moment


def _texts(texts: dict[str, Any]) -> dict[str, Text]:
    for text in texts.values():
        lines = text if isinstance(text, list) else [text]
        if not all(isinstance(line, str) for line in lines):
            raise MalformedError("texts")
    return texts


def _complaints(
    payload: dict[str, Any],
    data: dict[str, Any],
    kind: Kind,
    status: Status,
    texts: dict[str, Text],
    media: list[dict[str, Any]],
) -> list[str]:
    found = []
    if payload.get("type") != f"alert.{kind}":
        found.append("type_is_not_kind")
    if not _rightly_marked(status, texts):
        found.append("wrong_mark")
    if kind is Kind.RETRACT:
        if data.get("person") or data.get("loss") or data.get("suspect") or data.get("vehicle"):
            found.append("facts_after_the_end")
        if any(one.get("role") == "photo" for one in media):
            found.append("photo_after_the_end")
    elif not (data.get("person") and data.get("loss")):
        found.append("no_facts")
    return found


def _rightly_marked(status: Status, texts: dict[str, Text]) -> bool:
    """Every text of an exercise or test begins with its mark; no text of the real thing carries one."""
    openings = [text if isinstance(text, str) else next(iter(text), "") for text in texts.values()]
    wanted = MARKS.get(status)
    if wanted is None:
        return not any(opening.startswith(tuple(MARKS.values())) for opening in openings)
    return all(opening.startswith(wanted) for opening in openings if opening)
