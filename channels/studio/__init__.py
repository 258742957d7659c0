"""Where pictures and sounds are made. Pure: the same piece, notice and photo give the same bytes.

Called in a worker process: drawing takes a few hundredths of a second of a whole core.
"""

from collections.abc import Callable, Mapping

from channels.contract import Made, Notice, Piece, Role
from channels.studio import lower_third, poster
from channels.studio.errors import CannotMake

__all__ = ["MAKERS", "CannotMake", "make"]

Maker = Callable[[Piece, Notice, bytes | None], Made]

MAKERS: Mapping[Role, Maker] = {
    "poster": poster.make,
    "slate": poster.make,
    "lower_third": lower_third.make,
}
"""Who makes which role. A photo is not made: it is sent as it came."""


def make(piece: Piece, notice: Notice, photo: bytes | None) -> Made:
    """The piece as bytes; ``photo`` is a JPEG, PNG or WebP, or nothing. Raises :class:`CannotMake`."""
    maker = MAKERS.get(piece.role)
    if maker is None:
        raise CannotMake(f"nobody makes a {piece.role}")
    return maker(piece, notice, photo)
