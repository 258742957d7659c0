"""Whether a screenshot shows a certain poster, told from 144 shades of grey that fit into a reference and an address."""

from io import BytesIO

from PIL import Image

CELLS = 12
LARGEST = 40_000_000  # pixels; a screenshot comes from outside
SHADES_APART = 2  # of 16: more than compression and scaling do
SAME = 0.9  # of the cells; two posters of one design differ at least where the photo is


class NoPictureError(ValueError):
    """Not a picture, or one too large to be looked at."""


def likeness(picture: bytes) -> str:
    """144 hexadecimal digits, row by row, 0 black. Raises :class:`NoPictureError`. Takes milliseconds: call it in a thread."""
    try:
        with Image.open(BytesIO(picture)) as image:
            if image.width * image.height > LARGEST:
                raise NoPictureError("too large")
            image.draft("L", (CELLS * 16, CELLS * 16))
            small = image.convert("L").resize((CELLS, CELLS), Image.Resampling.BOX)
    except NoPictureError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # all that Pillow raises
        raise NoPictureError("not a picture") from error
    return "".join(f"{shade >> 4:x}" for shade in small.tobytes())


def is_likeness(text: str) -> bool:
    """True for what :func:`likeness` gives."""
    return len(text) == CELLS * CELLS and all(digit in "0123456789abcdef" for digit in text)


def alike(one: str, other: str) -> bool:
    """True when both are of the same picture, whatever its size and compression."""
    near = sum(abs(int(a, 16) - int(b, 16)) < SHADES_APART for a, b in zip(one, other, strict=True))
    return near >= SAME * CELLS * CELLS
