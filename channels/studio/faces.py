"""The faces that pictures are written in, and which characters each of them holds."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from math import ceil
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import ImageFont

FOLDER = Path(__file__).parent / "fonts"

_IDEOGRAPHS = re.compile("[㐀-䶵一-鿋]+")

THIN = "\u2006"
"""Stands between Chinese and Latin; no face draws it, it is only room."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Files in the order in which they are asked for a character. ``ascent`` and ``descent`` are what a line needs above
    and below its baseline, in ems; ``grid``: sizes are multiples of it, and edges are hard; ``second``: how large the other
    files are drawn beside the first."""

    files: tuple[str, ...]
    ascent: float = 0.9
    descent: float = 0.22
    grid: int = 1
    second: float = 1.0

    def size(self, file: str, size: int) -> int:
        """The size at which this file keeps to the lines of the face."""
        return size if file == self.files[0] else round(size * self.second)

    def above(self, size: int) -> int:
        """Pixels above the baseline."""
        return self._up(size * self.ascent)

    def tall(self, size: int) -> int:
        """Pixels from the top of a line to its bottom."""
        return self.above(size) + self._up(size * self.descent)

    def _up(self, pixels: float) -> int:
        """An outline comes to lie up to a pixel outside its place; pixel letters do not."""
        return round(pixels) if self.grid > 1 else ceil(pixels) + 1


REGULAR = Face(("NotoSansSC-Regular.ttf", "HuijiaRare-Regular.otf"))
BOLD = Face(("NotoSansSC-Bold.ttf", "HuijiaRare-Bold.otf"))
# At 12 pixels what the pixel face lacks is still told apart when the outline face is drawn without grey.
PIXEL = Face(("HuijiaPixel.ttf", *REGULAR.files), ascent=10 / 12, descent=2 / 12, grid=12, second=11 / 12)


@lru_cache(maxsize=8)
def held(file: str) -> frozenset[int]:
    """The code points that a file has glyphs for. What a face keeps in the private area is its own affair, and not the
    character that an older police system meant."""
    with TTFont(FOLDER / file, lazy=True) as opened:
        opened.setGlyphOrder([""] * opened["maxp"].numGlyphs)  # nobody asks for names, and reading them takes 0.2 s
        return frozenset(code for code in opened.getBestCmap() if not 0xE000 <= code <= 0xF8FF)


@lru_cache(maxsize=8192)
def file_for(face: Face, char: str) -> str | None:
    """The file that draws this character, or ``None``: it would come out as an empty box."""
    return next((file for file in face.files if ord(char) in held(file)), None)


@lru_cache(maxsize=96)
def font(file: str, size: int) -> ImageFont.FreeTypeFont:
    """The basic engine: the same pixels whatever shaping library a machine has."""
    return ImageFont.truetype(str(FOLDER / file), size, layout_engine=ImageFont.Layout.BASIC)


def runs(face: Face, text: str) -> list[tuple[str | None, str]]:
    """The text in pieces of one file each; ``None`` for thin spaces."""
    return [(file, "".join(chars)) for file, chars in groupby(text, lambda char: _drawn_by(face, char))]


def _drawn_by(face: Face, char: str) -> str | None:
    return None if char == THIN else file_for(face, char) or face.files[0]


def thin(size: int) -> int:
    """How wide the room between Chinese and Latin is."""
    return round(size * 0.1)


@lru_cache(maxsize=16384)
def advance(face: Face, size: int, text: str) -> int:
    """How far the text takes the pen, in pixels."""
    if face.grid > 1:
        return sum(_length(face, file, size, run) for file, run in runs(face, text))
    # Ideographs are as wide as they are tall; asking the font takes fifty times as long.
    others = _IDEOGRAPHS.sub("", text)
    wide = (len(text) - len(others)) * size
    return wide + sum(_length(face, file, size, run) for file, run in runs(face, others)) if others else wide


def _length(face: Face, file: str | None, size: int, run: str) -> int:
    return thin(size) * len(run) if file is None else round(font(file, face.size(file, size)).getlength(run))
