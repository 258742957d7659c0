"""The bytes that come out: the size that was asked for, the same every time, and nothing in them but pixels."""

import hashlib
import os
import struct
import subprocess
import sys

import pytest
from PIL import Image

from channels.contract import Notice, Piece, Status
from channels.studio import CannotMake, make
from tests.api.pictures import with_gps
from tests.channels.notices import PUBLISH, RETRACT, UPDATE
from tests.conftest import ROOT
from tests.studio.pictures import ALL, LARGE, PLUM, made, named, photo, piece, seen, share, status

ODD = [(64, 32), (97, 251), (333, 201), (1000, 333), (201, 2000), (2560, 1440)]


@pytest.mark.parametrize("mime", ["image/png", "image/jpeg"])
@pytest.mark.parametrize("size", ODD, ids=str)
def test_it_is_as_large_as_the_panel(size: tuple[int, int], mime: str) -> None:
    result = make(piece(size, mime=mime), PUBLISH, photo())
    image = seen(result)
    assert (result.mime, result.width, result.height) == (mime, *size)
    assert image.size == size
    assert image.format == {"image/png": "PNG", "image/jpeg": "JPEG"}[mime]
    assert image.mode == "RGB"


def test_the_largest_panel_there_is() -> None:
    result = make(Piece("poster", "image/jpeg", 7680, 4320), PUBLISH, photo())
    assert seen(result).size == (7680, 4320)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Piece("poster", "image/png"), "needs a width"),
        (Piece("poster", "image/png", 100), "needs a width"),
        (Piece("poster", "image/gif", 640, 360), "image/png or image/jpeg"),
        (Piece("poster", "image/png", 0, 0), "pixels a side"),
        (Piece("poster", "image/png", 100_000, 100), "pixels a side"),
        (Piece("slate", "image/png", 8000, 100), "pixels a side"),
        (Piece("lower_third", "image/jpeg", 1920, 237), "alpha"),
        (Piece("photo", "image/jpeg", 640, 360), "nobody makes a photo"),
    ],
    ids=str,
)
def test_what_cannot_be_made_says_why(wrong: Piece, says: str) -> None:
    with pytest.raises(CannotMake, match=says) as raised:
        make(wrong, PUBLISH, None)
    assert "李" not in str(raised.value)


PIECES = [
    piece((1280, 720), mime="image/jpeg"), piece((1920, 237), "lower_third"), piece((720, 576), "slate"),
    piece((192, 64)), piece((1920, 360)),
]  # fmt: skip
ALONE = """
import hashlib
from tests.studio.test_make import PIECES, make, UPDATE, photo
for piece in PIECES:
    print(hashlib.sha256(make(piece, UPDATE, photo()).body).hexdigest())
"""


def test_the_same_bytes_in_every_process() -> None:
    here = [hashlib.sha256(make(each, UPDATE, photo()).body).hexdigest() for each in PIECES]
    assert [hashlib.sha256(make(each, UPDATE, photo()).body).hexdigest() for each in reversed(PIECES)] == here[::-1]
    there = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "America/Lima"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert there.stdout.split() == here


def chunks(body: bytes) -> set[bytes]:
    found, at = set(), 8
    while at < len(body):
        (length,) = struct.unpack(">I", body[at : at + 4])
        found.add(body[at + 4 : at + 8])
        at += 12 + length
    return found


def markers(body: bytes) -> set[int]:
    """The JPEG segments before the first scan."""
    found, at = set(), 2
    while body[at + 1] != 0xDA:
        found.add(body[at + 1])
        at += 2 + int.from_bytes(body[at + 2 : at + 4])
    return found


@pytest.mark.parametrize("role", ["poster", "slate", "lower_third"])
def test_a_png_holds_pixels_and_nothing_else(role: str) -> None:
    body = make(piece((1280, 240), role), PUBLISH, with_gps(1)).body  # type: ignore[arg-type]  # roles as they are named
    assert chunks(body) == {b"IHDR", b"IDAT", b"IEND"}


def test_a_jpeg_holds_pixels_and_nothing_else() -> None:
    body = make(piece((1280, 720), mime="image/jpeg"), PUBLISH, with_gps(1)).body
    told = {marker for marker in markers(body) if 0xE1 <= marker <= 0xEF or marker == 0xFE}
    assert not told, "EXIF, a profile or a comment"
    assert b"SECRET" not in body
    assert not seen(make(piece((1280, 720), mime="image/jpeg"), PUBLISH, with_gps(1))).getexif()


@pytest.mark.parametrize("notice", ALL, ids=named)
def test_a_lower_third_lets_the_programme_through(notice: Notice) -> None:
    image = made((1920, 237), notice, photo(), role="lower_third")
    assert image.mode == "RGBA"
    alpha = image.getchannel("A")
    assert all(alpha.getpixel(at) == 0 for at in ((0, 0), (1919, 0), (0, 236), (1919, 236), (60, 118), (1860, 118)))
    assert alpha.getpixel((960, 118)) == 255
    counts = alpha.histogram()
    assert counts[0] > 1920 * 237 * 0.08, "nothing is clear"
    assert sum(counts[1:255]) > 1000, "no soft edge"


def test_a_lower_third_looks_the_same_over_any_programme() -> None:
    image = made((1920, 237), PUBLISH, photo(), role="lower_third")
    inside = (110, 30, 1810, 205)
    for colour in ("black", "white", "#00ff00"):
        under = Image.new("RGBA", image.size, colour)
        under.alpha_composite(image)
        assert under.crop(inside).convert("RGB").tobytes() == image.crop(inside).convert("RGB").tobytes()


def test_a_slate_hides_the_programme() -> None:
    assert made((1920, 1080), PUBLISH, photo(), role="slate").mode == "RGB"


@pytest.mark.parametrize("size", [(192, 64), (320, 160), (64, 32)], ids=str)
def test_a_coarse_panel_has_hard_edges(size: tuple[int, int]) -> None:
    for notice in (PUBLISH, UPDATE, RETRACT, status(PUBLISH, Status.EXERCISE)):
        colours = made(size, notice).getcolors(1000)
        assert colours is not None
        assert len(colours) <= 6, "grey between a letter and its ground"


def test_without_grey_means_with_it_elsewhere() -> None:
    colours = made((640, 360), PUBLISH).getcolors(1 << 20)
    assert colours is not None
    assert len(colours) > 100


@pytest.mark.parametrize("size", LARGE, ids=str)
def test_the_photo_is_seen(size: tuple[int, int]) -> None:
    assert share(made(size, PUBLISH, photo()), PLUM) > 0.03
    assert share(made(size, PUBLISH), PLUM) == 0
