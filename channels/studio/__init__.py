"""Makes what media need beside words: pictures and sounds. Pure: same arguments, same bytes."""

from channels.contract import Made, Notice, Piece


class CannotMake(Exception):
    """This piece cannot be made."""


def make(piece: Piece, notice: Notice, photo: bytes | None) -> Made:
    """The piece."""
    raise CannotMake(piece.role)


def warm() -> None:
    """Load fonts and voices."""
