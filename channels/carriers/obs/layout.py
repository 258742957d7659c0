"""What a notice is made of on an OBS picture, and where it lies. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from channels.contract import Notice, Rendition, Status
from channels.fitting import width

PREFIX = "回家"
MARKER = "huijia_alert"  # in the settings of each of our inputs; OBS keeps what it does not know, also under a new name
PART = "huijia_part"
NUMBER = "huijia_number"
AIRED = "huijia_aired"  # in those of the crawl: the notice that was seen on air, and when first


class Part(StrEnum):
    """The inputs of one alert, the lowest in the picture first; named as the station's staff see them."""

    BACKDROP = "底板"
    SLATE = "整屏"
    LOWER_THIRD = "图文条"
    BAND = "底条"
    CRAWL = "字幕"


_NAMED = re.compile(rf"{PREFIX}·(?P<alert>[A-Za-z0-9-]+)·(?P<part>{'|'.join(Part)})")


class Kind(StrEnum):
    """Kinds of input (``GetInputKindList``). Text is another one on Windows."""

    COLOUR = "color_source_v3"
    IMAGE = "image_source"


TEXT_KINDS = ("text_ft2_source_v2", "text_gdiplus_v3", "text_gdiplus_v2")
FACES = {"text_ft2_source_v2": "Noto Sans CJK SC"}
_FACE_ON_WINDOWS = "Microsoft YaHei"

# OBS counts colours as 0xAABBGGRR.
BANDS = {Status.ACTUAL: 0xFF1E10C8, Status.EXERCISE: 0xFF9A4A12, Status.TEST: 0xFF5A5A5A}
_DARK = 0xFF101010

_BAND = 0.08  # of the height of the picture
_LETTERS = 0.045
_LOWER_THIRD = 0.22
_PER_SECOND = 5  # characters that pass

# A text wider than a texture of the graphics card is drawn as nothing at all, and OBS calls it shown.
WIDEST = 15_000

# OBS_ALIGN_*. OBS makes every item with left and top: none of ours has them, so that one that was never put into its place
# (the line broke, OBS died) is told from one that staff have moved.
_LEFT, _TOP, _BOTTOM = 1, 4, 8
AS_MADE = _LEFT | _TOP


@dataclass(frozen=True, slots=True)
class Canvas:
    """The picture in pixels, and which band from below is this alert's: several live alerts lie above each other."""

    width: int
    height: int
    slot: int = 0

    @property
    def band(self) -> int:
        return round(self.height * _BAND)

    @property
    def band_top(self) -> int:
        return max(self.height - self.band * (self.slot + 1), 0)

    def slot_of(self, bottom: float) -> int:
        """The slot of a band whose lower edge lies there."""
        return round((self.height - bottom) / self.band)


@dataclass(frozen=True, slots=True)
class Item:
    """An input and its place. ``settings`` are the input's, ``transform`` the scene item's."""

    part: Part
    kind: str
    settings: Mapping[str, Any]
    transform: Mapping[str, Any]


def input_name(alert: str, part: Part) -> str:
    """回家·HJ-2026-000123·字幕."""
    return f"{PREFIX}·{alert}·{part}"


def part_of(name: str) -> tuple[str, Part] | None:
    """The alert and the part, of a name that we gave; ``None`` for any other."""
    found = _NAMED.fullmatch(name)
    return (found["alert"], Part(found["part"])) if found else None


def items(
    rendition: Rendition, pictures: Mapping[Part, str], canvas: Canvas, text_kind: str, face: str
) -> tuple[Item, ...]:
    """Lowest first. ``pictures`` are addresses that OBS can open; a part without one is left out."""
    notice = rendition.notice
    laid = [
        Item(
            Part.BAND,
            Kind.COLOUR,
            _colour(BANDS[notice.status], canvas.width, canvas.band),
            _resting(canvas.band_top + canvas.band),
        ),
        Item(Part.CRAWL, text_kind, crawl(rendition, canvas, text_kind, face), _centred(canvas)),
    ]
    if Part.LOWER_THIRD in pictures:
        laid.insert(0, Item(Part.LOWER_THIRD, Kind.IMAGE, {"file": pictures[Part.LOWER_THIRD]}, _above(canvas)))
    if Part.SLATE in pictures:
        behind = _colour(_DARK, canvas.width, canvas.height)
        laid.insert(0, Item(Part.SLATE, Kind.IMAGE, {"file": pictures[Part.SLATE]}, _whole(canvas)))
        laid.insert(0, Item(Part.BACKDROP, Kind.COLOUR, behind, _resting(canvas.height)))
    return tuple(_marked(item, notice) for item in laid)


def crawl(rendition: Rendition, canvas: Canvas, text_kind: str, face: str) -> dict[str, Any]:
    """The text with a pause behind it, at least one picture long, in letters that let it be drawn."""
    text = str(rendition.texts["crawl"])
    size = round(canvas.height * _LETTERS)
    gap = max(canvas.width / 2, canvas.width - width(text) * size / 2)
    text += "　" * round(gap / size)
    size = min(size, WIDEST * 2 // width(text))
    return {
        "text": text,
        "font": {"face": face or FACES.get(text_kind, _FACE_ON_WINDOWS), "style": "Bold", "size": size, "flags": 1},
    }


def scroll(settings: Mapping[str, Any], canvas: Canvas) -> dict[str, Any]:
    """The filter that makes a crawl of a text. Pixels, and pixels a second."""
    speed = float(settings["font"]["size"] * _PER_SECOND)
    return {"speed_x": speed, "speed_y": 0.0, "loop": True, "limit_cx": True, "cx": canvas.width, "limit_cy": False}


def is_on(part: Part, *, slate: bool, alone: bool) -> bool:
    """Slate and lower third say the same: only one of them is seen. Where several alerts are live their crawls lie above
    each other, and there is no room for lower thirds."""
    match part:
        case Part.SLATE | Part.BACKDROP:
            return slate
        case Part.LOWER_THIRD:
            return alone and not slate
    return True


def depth(part: Part) -> int:
    """What covers what, over all alerts: no slate covers another alert's crawl."""
    return {Part.BACKDROP: 0, Part.SLATE: 0, Part.LOWER_THIRD: 1}.get(part, 2)


def _marked(item: Item, notice: Notice) -> Item:
    marks = {MARKER: notice.alert, NUMBER: notice.number, PART: item.part.value}
    return Item(item.part, item.kind, {**item.settings, **marks}, item.transform)


def _colour(colour: int, width: int, height: int) -> dict[str, int]:
    return {"color": colour, "width": width, "height": height}


def _at(x: float, y: float, alignment: int) -> dict[str, Any]:
    return {"positionX": float(x), "positionY": float(y), "alignment": alignment, "boundsType": "OBS_BOUNDS_NONE"}


def _resting(bottom: float) -> dict[str, Any]:
    return _at(0, bottom, _LEFT | _BOTTOM)


def _centred(canvas: Canvas) -> dict[str, Any]:
    return _at(0, canvas.band_top + canvas.band / 2, _LEFT)


def _whole(canvas: Canvas) -> dict[str, Any]:
    return {**_at(canvas.width / 2, 0, _TOP), **_within(canvas.width, canvas.band_top, 0)}


def _above(canvas: Canvas) -> dict[str, Any]:
    height = min(round(canvas.height * _LOWER_THIRD), canvas.band_top)
    return {**_resting(canvas.band_top), **_within(canvas.width, height, _BOTTOM)}


def _within(width: int, height: int, alignment: int) -> dict[str, Any]:
    return {
        "boundsType": "OBS_BOUNDS_SCALE_INNER",
        "boundsWidth": float(max(width, 1)),
        "boundsHeight": float(max(height, 1)),
        "boundsAlignment": alignment,
    }
