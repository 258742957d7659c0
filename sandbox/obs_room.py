"""An OBS without a window: scenes, inputs and filters.

Written from the protocol page of obs-websocket and from what OBS 29 was seen to do: the name of a removed input is free
only a moment later; a picture that cannot be opened has no size; text wider than a texture is drawn as nothing; in studio
mode the programme shows a copy of its scene, so that what is put into that scene is not on air; a nested scene is.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.obs_shot import Laid, picture_size

Data = dict[str, Any]

KINDS = ("image_source", "color_source_v3", "slideshow", "ffmpeg_source", "text_ft2_source_v2")
FILTERS = ("scroll_filter", "crop_filter", "color_filter_v2")
TEXTURE = 16384
NAME_IS_FREE_AFTER = 0.05  # seconds


class Failure(Exception):
    """A RequestStatus other than success."""

    def __init__(self, code: int, comment: str) -> None:
        super().__init__(comment)
        self.code = code
        self.comment = comment


@dataclass
class Input:
    kind: str
    settings: Data
    filters: dict[str, Data] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """As the graphics card draws it; nothing is (0, 0)."""
        if self.kind == "color_source_v3":
            return int(self.settings.get("width", 0)), int(self.settings.get("height", 0))
        if self.kind == "image_source":
            return picture_size(str(self.settings.get("file", "")))
        letters = int(self.settings.get("font", {}).get("size", 32))
        width = len(str(self.settings.get("text", ""))) * letters
        limits = [one["settings"]["cx"] for one in self.filters.values() if one["settings"].get("limit_cx")]
        return (limits[0] if limits else width), (letters * 4 // 3 if width else 0)


@dataclass
class Item:
    id: int
    source: str
    on: bool
    transform: Data = field(default_factory=lambda: {"positionX": 0.0, "positionY": 0.0, "alignment": 5})


@dataclass
class Scene:
    items: list[Item] = field(default_factory=list)
    made: int = 0

    def add(self, source: str, on: bool) -> Item:
        self.made += 1
        self.items.append(Item(self.made, source, on))
        return self.items[-1]


class Room:
    """``width`` × ``height`` pixels; one scene, ``场景``, on air."""

    def __init__(self, width: int = 1280, height: int = 720, clock: Callable[[], float] = time.monotonic) -> None:
        self.width, self.height = width, height
        self.scenes = {"场景": Scene()}
        self.inputs: dict[str, Input] = {}
        self.program = "场景"
        self.kept: dict[tuple[str, str], Any] = {}
        self.copied: frozenset[int] | None = None  # studio mode: the items of the programme's scene when it began
        self._gone: dict[str, float] = {}
        self._clock = clock

    def on_air(self) -> set[str]:
        """The names of all sources that leave OBS at this moment."""
        return set(self._active(self.program, outer=True))

    def crawls(self) -> list[tuple[str, str]]:
        """Name and text of every text input on air that is drawn, lowest first."""
        active = self.on_air()
        found = [(name, one) for name, one in self.inputs.items() if name in active and one.kind.startswith("text_")]
        return [(name, str(one.settings.get("text", ""))) for name, one in found if drawn_width(one) <= TEXTURE]

    def _active(self, scene: str, *, outer: bool) -> Iterator[str]:
        for item in self.scenes[scene].items:
            seen = not (outer and self.copied is not None) or item.id in self.copied
            if item.on and seen:
                yield item.source
                if item.source in self.scenes:
                    yield from self._active(item.source, outer=False)

    def scene(self, name: str) -> Scene:
        """The scene of that name."""
        if name not in self.scenes:
            raise Failure(600, f"No source was found by the name of `{name}`.")
        return self.scenes[name]

    def input(self, name: str) -> Input:
        """The input of that name."""
        if name not in self.inputs:
            raise Failure(600, f"No source was found by the name of `{name}`.")
        return self.inputs[name]

    def laid(self, scene: str) -> list[Laid]:
        """What a screenshot of a scene shows, lowest first, nested scenes included."""
        found: list[Laid] = []
        for item in self.scenes[scene].items:
            if item.on and item.source in self.scenes:
                found += self.laid(item.source)
            elif item.on:
                one = self.inputs[item.source]
                if not one.kind.startswith("text_") or drawn_width(one) <= TEXTURE:
                    found.append(Laid(one.kind, one.settings, one.size, item.transform))
        return found

    def free(self, name: str) -> None:
        """Fails where a source has that name, or had it a moment ago."""
        if (
            name in self.inputs
            or name in self.scenes
            or self._clock() - self._gone.get(name, -1e9) < NAME_IS_FREE_AFTER
        ):
            raise Failure(601, "A source already exists by that input name.")

    def forget(self, name: str) -> None:
        """Remove an input from every scene."""
        del self.inputs[name]
        self._gone[name] = self._clock()
        for scene in self.scenes.values():
            scene.items = [item for item in scene.items if item.source != name]


def drawn_width(one: Input) -> int:
    """How wide a text is before a filter cuts it."""
    return len(str(one.settings.get("text", ""))) * int(one.settings.get("font", {}).get("size", 32))
