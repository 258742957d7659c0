"""A picture of a notice at the size that a piece states: which layout it takes, and its bytes."""

from dataclasses import replace

from channels.contract import Kind, Made, Notice, Piece
from channels.studio import photo as photos
from channels.studio.box import Box
from channels.studio.colours import scheme
from channels.studio.drill import frame, watermark
from channels.studio.ended import ended
from channels.studio.errors import CannotMake
from channels.studio.faces import REGULAR
from channels.studio.landscape import landscape
from channels.studio.pixel import pixel
from channels.studio.portrait import column, portrait
from channels.studio.sheet import Sheet
from channels.studio.square import square
from channels.studio.stage import Stage
from channels.studio.strip import strip
from channels.studio.words import words

SMALLEST, LARGEST = 16, 7680
MIMES = ("image/png", "image/jpeg")


def make(piece: Piece, notice: Notice, photo: bytes | None) -> Made:
    """A poster or a slate."""
    sheet = composed(piece, notice, photo)
    return Made(piece.mime, sheet.encoded(piece.mime), *sheet.image.size)


def composed(piece: Piece, notice: Notice, photo: bytes | None) -> Sheet:
    """The sheet before it is packed, with the record of what lies where."""
    width, height = size_of(piece)
    if piece.led:
        sheet = Sheet(width, height, scheme(notice).night, hard=True)
        pixel(sheet, notice, photo)
        return sheet
    sheet = Sheet(width, height, scheme(notice).ground)
    # A television picture loses its edge on some sets: what is to be read keeps to the middle 90 % (EBU R 95).
    safe = sheet.box.inset(width // 20, height // 20) if piece.role == "slate" else sheet.box
    drawn(sheet, notice, photo, safe)
    return sheet


def drawn(sheet: Sheet, notice: Notice, photo: bytes | None, safe: Box) -> None:
    """The notice all over the sheet."""
    colours, said, full = scheme(notice), words(notice, REGULAR), sheet.box
    if said.mark:
        watermark(sheet, said.mark, colours, full)
        full = frame(sheet, colours.stripes, max(min(full.size) * 24 // 1000, 2))
        safe = safe.within(full)
    over = notice.kind is Kind.RETRACT
    picture = None if over else photos.opened(photo, max(full.size))
    stage = Stage(sheet, said, colours, picture, notice.page_url, full, safe)
    if over:
        _over(stage, *full.size)
    else:
        _searching(stage, *full.size)


def _over(stage: Stage, width: int, height: int) -> None:
    unit = height / 52 if width > height * 3 else min(height / 100, width / (150 if width > height else 100))
    ended(replace(stage, unit=unit))


def _searching(stage: Stage, width: int, height: int) -> None:
    match width / height:
        case shape if shape >= 3.4:
            strip(replace(stage, unit=height / 100))
        case shape if shape >= 1.45:
            landscape(replace(stage, unit=min(height / 100, width / 150)))
        case shape if shape >= 0.8:
            square(replace(stage, unit=min(width, height) / 100))
        case shape if shape >= 0.4:
            portrait(replace(stage, unit=min(height / 100, width / 50)))
        case _:
            column(replace(stage, unit=width / 50))


def size_of(piece: Piece) -> tuple[int, int]:
    """Width and height that can be drawn, or :class:`CannotMake`."""
    if piece.mime not in MIMES:
        raise CannotMake(f"a {piece.role} is made as {' or '.join(MIMES)}, not as {piece.mime}")
    if piece.width is None or piece.height is None:
        raise CannotMake(f"a {piece.role} needs a width and a height")
    if not (SMALLEST <= piece.width <= LARGEST and SMALLEST <= piece.height <= LARGEST):
        raise CannotMake(f"a {piece.role} is {SMALLEST} to {LARGEST} pixels a side, not {piece.width} × {piece.height}")
    return piece.width, piece.height
