"""The QR code that leads to the alert's public page."""

from typing import NamedTuple

import segno
from PIL import Image
from segno.encoder import DataOverflowError

QUIET = 4
"""Modules of white round a code (ISO/IEC 18004)."""


class Code(NamedTuple):
    """Black on white; ``quiet``: how many pixels of its edge are white."""

    picture: Image.Image
    quiet: int


def qr(url: str, largest: int, least: int = 2) -> Code | None:
    """With its quiet zone at most ``largest`` pixels a side, in whole pixels a module; ``None`` where a module would be
    smaller than ``least`` pixels: nobody could read it."""
    if not url:
        return None
    try:
        code = segno.make_qr(url, error="m", boost_error=False)
    except DataOverflowError:
        return None
    rows = list(code.matrix_iter(border=QUIET))
    module = largest // len(rows)
    if module < least:
        return None
    small = Image.new("L", (len(rows), len(rows)))
    small.putdata([0 if dark else 255 for row in rows for dark in row])
    side = len(rows) * module
    return Code(small.resize((side, side), Image.Resampling.NEAREST).convert("RGB"), QUIET * module)
