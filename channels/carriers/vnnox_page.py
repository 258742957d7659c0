"""The page that VNNOX inserts over a screen's programme (emergency insertion, API v2)."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any

from channels.carriers.likeness import NoPictureError, likeness
from channels.contract import Media, Notice, Rendition, Wire
from channels.wording import title

LAPSES = timedelta(hours=1)
"""How long a page stays up by itself: a screen that nobody can reach falls back to its programme after so long."""

UNKNOWN = "-"  # a page of words, or a picture that cannot be read: no screenshot can be compared with it

_WHOLE = {"x": "0%", "y": "0%", "width": "100%", "height": "100%"}


async def page(rendition: Rendition, font_size: int, now: datetime, wire: Wire) -> tuple[dict[str, Any], str] | None:
    """``attribute`` and ``page`` of the call, and the likeness of what will be seen; ``None`` when there is nothing to
    show. The poster, or the lines where there is none."""
    notice = rendition.notice
    shown = max(min(LAPSES, notice.expires_at - now), timedelta(seconds=1)) // timedelta(milliseconds=1)
    found = await _picture(rendition, shown, wire) or _words(rendition, font_size, shown)
    if found is None:
        return None
    widget, like = found
    widget |= {"name": name(notice), "zIndex": 1, "duration": shown, "layout": _WHOLE}
    attribute = {"spotsType": "IMMEDIATELY", "normalProgramStatus": "PAUSE", "duration": shown}
    return {"attribute": attribute, "page": {"name": name(notice), "widgets": [widget]}}, like


def name(notice: Notice) -> str:
    """What the play logs of the screen call it."""
    return f"{title(notice)} {notice.alert}/{notice.number}"


async def _picture(rendition: Rendition, shown: int, wire: Wire) -> tuple[dict[str, Any], str] | None:
    poster = next((one for one in rendition.media if one.role == "poster" and one.mime.startswith("image/")), None)
    if poster is None:
        return None
    try:
        body = await wire.content(poster)
    except LookupError:  # no longer kept: the words still are
        return None
    widget = {
        "type": "PICTURE",
        "url": poster.url,
        "md5": hashlib.md5(body, usedforsecurity=False).hexdigest(),
        "size": len(body),
        "inAnimation": {"type": "NONE", "duration": 0},
    }
    return widget, await _likeness(body, poster)


async def _likeness(body: bytes, poster: Media) -> str:
    try:
        return await asyncio.to_thread(likeness, body)
    except NoPictureError:
        return UNKNOWN


def _words(rendition: Rendition, font_size: int, shown: int) -> tuple[dict[str, Any], str] | None:
    lines = rendition.texts.get("lines")
    if not isinstance(lines, tuple) or not lines:
        return None
    look = {"fontSize": font_size, "textColor": "#FFFFFF", "isBold": True}
    widget = {
        "type": "ARCH_TEXT",
        "displayType": "STATIC",
        "backgroundColor": "#000000",
        "lines": [{"textAttributes": [{"content": line, **look}]} for line in lines],
    }
    return widget, UNKNOWN
