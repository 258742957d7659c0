"""A page of VNNOX's emergency insertion, read as strictly as its table of fields says."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

DAY = 24 * 60 * 60 * 1000
PERCENT = re.compile(r"(?:100|\d{1,2})%")


class Refusal(ValueError):
    """Parameter verification failed; the text names the parameter."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a player is sent. Either a picture by address, size and MD5, or lines of text."""

    name: str
    duration: timedelta
    url: str | None
    md5: str
    size: int
    lines: tuple[str, ...]


def read(body: dict[str, Any]) -> Page:
    """Raises :class:`Refusal`."""
    attribute, page = _member(body, "attribute", dict), _member(body, "page", dict)
    spots = attribute.get("spotsType")
    if spots not in ("IMMEDIATELY", "TIMING") or (spots == "TIMING" and not attribute.get("timingTime")):
        raise Refusal("attribute.spotsType")
    if attribute.get("normalProgramStatus") not in ("NORMAL", "PAUSE"):
        raise Refusal("attribute.normalProgramStatus")
    duration = _milliseconds(attribute, "duration")
    name = _member(page, "name", str)
    widgets = _member(page, "widgets", list)
    if not widgets:
        raise Refusal("page.widgets")
    pictures, lines = [], []
    for widget in widgets:
        if not isinstance(widget, dict):
            raise Refusal("page.widgets")
        _milliseconds(widget, "duration")
        _layout(widget)
        if widget.get("type") in ("PICTURE", "VIDEO"):
            pictures.append(_picture(widget))
        elif widget.get("type") == "ARCH_TEXT":
            lines.extend(_lines(widget))
        else:
            raise Refusal("widget.type")
    url, md5, size = pictures[0] if pictures else (None, "", 0)
    return Page(name, timedelta(milliseconds=duration), url, md5, size, tuple(lines))


def strings(value: Any, name: str, most: int) -> list[str]:
    """At least one and at most so many, each once."""
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise Refusal(name)
    if not 1 <= len(value) <= most or len(set(value)) != len(value):
        raise Refusal(f"{name}: 1 to {most}, each once")
    return value


def _member(of: dict[str, Any], name: str, kind: type) -> Any:
    value = of.get(name)
    if not isinstance(value, kind) or (kind is str and not value):
        raise Refusal(name)
    return value


def _milliseconds(of: dict[str, Any], name: str) -> int:
    value = of.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= DAY:
        raise Refusal(f"{name}: milliseconds, at most 24 hours")
    return value


def _layout(widget: dict[str, Any]) -> None:
    layout = _member(widget, "layout", dict)
    if not all(
        isinstance(layout.get(side), str) and PERCENT.fullmatch(layout[side]) for side in ("x", "y", "width", "height")
    ):
        raise Refusal("widget.layout")


def _picture(widget: dict[str, Any]) -> tuple[str, str, int]:
    url, md5, size = widget.get("url"), widget.get("md5"), widget.get("size")
    if not isinstance(url, str) or not re.match(r"https?://", url):
        raise Refusal("widget.url")
    if not isinstance(md5, str) or not re.fullmatch(r"[0-9a-f]{32}", md5):
        raise Refusal("widget.md5")
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise Refusal("widget.size")
    return url, md5, size


def _lines(widget: dict[str, Any]) -> list[str]:
    found = []
    for line in _member(widget, "lines", list):
        parts = line.get("textAttributes") if isinstance(line, dict) else None
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise Refusal("widget.lines")
        if not all(isinstance(part.get("content"), str) and isinstance(part.get("fontSize"), int) for part in parts):
            raise Refusal("widget.lines.textAttributes")
        found.append("".join(part["content"] for part in parts))
    return found
