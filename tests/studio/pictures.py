"""What the tests of the studio draw, and how they look at it."""

import io
from dataclasses import replace
from functools import cache

from PIL import Image, ImageChops, ImageDraw

from channels.contract import Made, Notice, Piece, Role, Status
from channels.studio import lower_third, make, poster
from channels.studio.sheet import Sheet
from tests.channels.notices import PUBLISH, RETRACT, UPDATE

# As panels are sold: 16:9, 9:16, squares, 4:3, strips, columns.
LARGE = [
    *((1920, 1080), (1080, 1920), (800, 800), (720, 576), (600, 800)),
    *((1920, 360), (2560, 320), (1000, 200), (960, 360), (384, 1536)),
]
COARSE = [(64, 32), (128, 32), (128, 64), (192, 64), (256, 128), (320, 160), (64, 128), (96, 192), (192, 16)]

LONG = "\n".join(f"第{n}件：上身红色连帽外套，左胸有白色恐龙图案" for n in range(1, 19))
RARE = "韡翯骉䶮𬎆"

PLUM = (200, 0, 200)
"""Nothing that we draw has the colour of this photo."""


@cache
def photo(width: int = 600, height: int = 800, colour: tuple[int, int, int] = PLUM, kind: str = "JPEG") -> bytes:
    image = Image.new("RGB", (width, height), colour)
    ImageDraw.Draw(image).ellipse((width // 4, height // 8, width * 3 // 4, height // 2), fill=(240, 200, 160))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def piece(size: tuple[int, int], role: Role = "poster", mime: str = "image/png", led: bool | None = None) -> Piece:
    """As ``channels.pieces`` asks for it: coarse below 200 pixels."""
    return Piece(role, mime, *size, led=min(size) < 200 if led is None else led)


def made(size: tuple[int, int], notice: Notice = PUBLISH, body: bytes | None = None, **how: object) -> Image.Image:
    return seen(make(piece(size, **how), notice, body))  # type: ignore[arg-type]  # as piece() takes them


def seen(made: Made) -> Image.Image:
    with Image.open(io.BytesIO(made.body)) as image:
        image.load()
        return image


def laid(size: tuple[int, int], notice: Notice = PUBLISH, body: bytes | None = None, **how: object) -> Sheet:
    """The sheet with its record of what lies where."""
    wanted = piece(size, **how)  # type: ignore[arg-type]  # as piece() takes them
    composed = lower_third.composed if wanted.role == "lower_third" else poster.composed
    return composed(wanted, notice, body)


def texts(sheet: Sheet) -> str:
    """All that is written on it."""
    return "".join(thing.text for thing in sheet.drawn)


def share(image: Image.Image, colour: tuple[int, int, int], near: int = 24) -> float:
    """How much of the picture is about this colour."""
    away = ImageChops.difference(image.convert("RGB"), Image.new("RGB", image.size, colour))
    far = ImageChops.lighter(ImageChops.lighter(*away.split()[:2]), away.split()[2])
    return sum(far.histogram()[: near + 1]) / (image.width * image.height)


def named(notice: Notice) -> str:
    return f"{notice.kind}-{notice.status}"


def status(notice: Notice, status: Status) -> Notice:
    return replace(notice, status=status)


ALL = [status(notice, each) for notice in (PUBLISH, UPDATE, RETRACT) for each in Status]
