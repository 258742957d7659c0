"""The square code on a printed poster (ISO/IEC 18004): it leads to the child's public page."""

from dataclasses import dataclass

import segno

QUIET = 2  # modules of margin; the paper around is white as well


@dataclass(frozen=True, slots=True)
class Square:
    """``path``: the dark modules in SVG, each one unit; ``side``: how many a side, with the margin."""

    side: int
    path: str


def square(address: str) -> Square:
    """An address as a QR code."""
    rows = list(segno.make_qr(address, error="m").matrix_iter(border=QUIET))
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return Square(len(rows), path)
