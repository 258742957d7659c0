"""Makes what media need beside words: pictures and sounds. Pure: same arguments, same bytes.

Called in a process of its own (``app/dispatch/studio.py``): a picture takes about a tenth of a second of a whole core.
"""

from collections.abc import Callable, Mapping

from channels.contract import Made, Notice, Piece, Role
from channels.studio import faces, lower_third, poster, speech
from channels.studio.errors import CannotMake

__all__ = ["MAKERS", "CannotMake", "make", "warm"]

Maker = Callable[[Piece, Notice, bytes | None], Made]

MAKERS: Mapping[Role, Maker] = {
    "poster": poster.make,
    "slate": poster.make,
    "lower_third": lower_third.make,
    "audio": speech.make,
}
"""Who makes which role. A photo is not made: it goes out as it came in."""


def make(piece: Piece, notice: Notice, photo: bytes | None) -> Made:
    """The piece; ``photo`` is a JPEG, PNG or WebP. Raises :class:`CannotMake` for one that nobody can make."""
    maker = MAKERS.get(piece.role)
    if maker is None:
        raise CannotMake(f"nobody makes a {piece.role}")
    return maker(piece, notice, photo)


def warm() -> None:
    """Load what is drawn with, before the first record comes."""
    for face in (faces.REGULAR, faces.BOLD, faces.PIXEL):
        for file in face.files:
            faces.held(file)
