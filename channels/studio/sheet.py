"""The sheet that a picture is drawn on. It keeps a record of where each thing lies, so that nothing can lie on another."""

import io
from typing import NamedTuple

from PIL import Image, ImageDraw

from channels.studio.box import Box
from channels.studio.colours import Colour
from channels.studio.faces import THIN, advance, font, runs, thin
from channels.studio.typesetting import Setting

JPEG_QUALITY = 90


class Drawn(NamedTuple):
    """A thing on the sheet: what it is, the pixels that it covers, and its text if it is one."""

    name: str
    box: Box
    text: str = ""


class Sheet:
    """``alpha``: what is not drawn on lets the programme through. ``hard``: no grey between a letter and its ground."""

    def __init__(self, width: int, height: int, ground: Colour, *, alpha: bool = False, hard: bool = False) -> None:
        self.image = Image.new("RGBA", (width, height)) if alpha else Image.new("RGB", (width, height), ground)
        self.draw = ImageDraw.Draw(self.image)
        self.draw.fontmode = "1" if hard else "L"
        self.drawn: list[Drawn] = []

    @property
    def box(self) -> Box:
        """The whole sheet."""
        return Box(0, 0, *self.image.size)

    def fill(self, box: Box, colour: Colour, radius: int = 0) -> None:
        """A ground for other things; not a thing itself."""
        if box.width > 0 and box.height > 0:
            edges = (box.left, box.top, box.right - 1, box.bottom - 1)
            self.draw.rounded_rectangle(edges, min(radius, box.width // 2, box.height // 2), fill=colour)

    def write(self, name: str, setting: Setting, box: Box, colour: Colour, align: str = "left") -> None:
        """The lines of a setting from the top of ``box`` on; ``align``: left, centre or right."""
        baseline = box.top + setting.face.above(setting.size)
        for line in setting.lines:
            spare = box.width - advance(setting.face, setting.size, line)
            left = box.left + {"left": 0, "centre": spare // 2, "right": spare}[align]
            self._line(name, setting, line, (left, baseline), colour)
            baseline += setting.pitch

    def _line(self, name: str, setting: Setting, line: str, at: tuple[int, int], colour: Colour) -> None:
        x, y = at
        ink: list[tuple[float, float, float, float]] = []
        for file, run in runs(setting.face, line):
            if file is None:
                x += thin(setting.size) * len(run)
                continue
            face = font(file, setting.face.size(file, setting.size))
            self.draw.text((x, y), run, font=face, fill=colour, anchor="ls")
            ink.append(self.draw.textbbox((x, y), run, font=face, anchor="ls"))
            x += advance(setting.face, setting.size, run)
        if ink:
            lefts, tops, rights, bottoms = zip(*ink, strict=True)
            edges = int(min(lefts)), int(min(tops)), int(max(rights)), int(max(bottoms))
            self.drawn.append(Drawn(name, Box(*edges), line.replace(THIN, "")))

    def place(self, name: str, picture: Image.Image, at: tuple[int, int], mask: Image.Image | None = None) -> None:
        """A picture with its upper left corner at ``at``."""
        self.image.paste(picture, at, mask)
        self.drawn.append(Drawn(name, Box(*at, at[0] + picture.width, at[1] + picture.height)))

    def encoded(self, mime: str) -> bytes:
        """The bytes of the picture, with nothing in them but pixels."""
        out = io.BytesIO()
        if mime == "image/jpeg":
            # Without subsampling: red letters on white are what it smears first.
            self.image.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        else:
            self.image.save(out, "PNG", compress_level=_effort(self.image.width * self.image.height))
        return out.getvalue()


def _effort(pixels: int) -> int:
    """A large picture is packed quickly, a small one well."""
    return 6 if pixels < 500_000 else 3 if pixels < 4_000_000 else 1
