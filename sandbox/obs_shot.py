"""What the sandbox's OBS would show: colours and pictures as they are, text as one block a character."""

import base64
import binascii
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw, UnidentifiedImageError

LETTER = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Laid:
    """A source on a scene: its kind, settings and size, and the transform of its item."""

    kind: str
    settings: dict[str, Any]
    size: tuple[int, int]
    transform: dict[str, Any]


def picture_size(file: str) -> tuple[int, int]:
    """Pixels of a ``data:`` address; (0, 0) for what cannot be opened."""
    opened = _opened(file)
    return opened.size if opened is not None else (0, 0)


@lru_cache(maxsize=16)
def _opened(file: str) -> Image.Image | None:
    head, comma, body = file.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        return None
    try:
        return Image.open(io.BytesIO(base64.b64decode(body, validate=True))).convert("RGBA")
    except (binascii.Error, UnidentifiedImageError, OSError):
        return None


def screenshot(laid: Iterable[Laid], canvas: tuple[int, int], size: tuple[int, int], form: str) -> str:
    """A ``data:`` address of the picture, scaled to ``size``."""
    whole = Image.new("RGBA", canvas, (0, 0, 0, 255))
    for one in laid:
        drawn = _drawn(one)
        if drawn is not None:
            whole.alpha_composite(drawn, _corner(one, drawn.size))
    out = io.BytesIO()
    jpeg = form in ("jpg", "jpeg")
    whole.resize(size).convert("RGB" if jpeg else "RGBA").save(out, "JPEG" if jpeg else "PNG")
    return f"data:image/{form};base64,{base64.b64encode(out.getvalue()).decode()}"


def _drawn(one: Laid) -> Image.Image | None:
    width, height = one.size
    if not width or not height:
        return None
    if one.kind == "color_source_v3":
        value = int(one.settings.get("color", 0))
        colour = (value & 255, value >> 8 & 255, value >> 16 & 255, value >> 24 & 255)
        return Image.new("RGBA", one.size, colour)
    if one.kind == "image_source":
        picture = _opened(str(one.settings.get("file", "")))
        assert picture is not None
        return picture.resize(_bounded(one))
    letters = int(one.settings.get("font", {}).get("size", 32))
    words = Image.new("RGBA", one.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(words)
    for index, char in enumerate(str(one.settings.get("text", ""))[: width // letters]):
        if not char.isspace():
            draw.rectangle((index * letters + 2, 2, (index + 1) * letters - 3, letters - 2), LETTER)
    return words


def _bounded(one: Laid) -> tuple[int, int]:
    if one.transform.get("boundsType") != "OBS_BOUNDS_SCALE_INNER":
        return one.size
    scale = min(one.transform["boundsWidth"] / one.size[0], one.transform["boundsHeight"] / one.size[1])
    return max(round(one.size[0] * scale), 1), max(round(one.size[1] * scale), 1)


def _corner(one: Laid, size: tuple[int, int]) -> tuple[int, int]:
    """Left and top, for the alignments that OBS has: left 1, right 2, top 4, bottom 8, none of a pair the middle."""
    box = size
    if one.transform.get("boundsType") == "OBS_BOUNDS_SCALE_INNER":
        box = round(one.transform["boundsWidth"]), round(one.transform["boundsHeight"])
    alignment, within = int(one.transform.get("alignment", 5)), int(one.transform.get("boundsAlignment", 0))
    x = (
        float(one.transform.get("positionX", 0))
        - _share(alignment, 1, 2) * box[0]
        + _share(within, 1, 2) * (box[0] - size[0])
    )
    y = (
        float(one.transform.get("positionY", 0))
        - _share(alignment, 4, 8) * box[1]
        + _share(within, 4, 8) * (box[1] - size[1])
    )
    return max(round(x), 0), max(round(y), 0)


def _share(alignment: int, near: int, far: int) -> float:
    return 0.0 if alignment & near else 1.0 if alignment & far else 0.5
