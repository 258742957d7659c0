"""A screenshot is compared with the poster, and not believed."""

from io import BytesIO

import pytest
from PIL import Image

from channels.carriers.likeness import NoPictureError, alike, is_likeness, likeness
from tests.channels.posters import POSTER_BYTES, drawn


def shown(poster: bytes, size: tuple[int, int], quality: int) -> bytes:
    """The poster as a player's screenshot has it: stretched to the panel, compressed again."""
    out = BytesIO()
    with Image.open(BytesIO(poster)) as image:
        image.convert("RGB").resize(size).save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.mark.parametrize("size", [(1920, 1080), (640, 360), (192, 64), (320, 320)])
@pytest.mark.parametrize("quality", [20, 50, 95])
def test_the_same_poster_at_another_size_and_quality(size: tuple[int, int], quality: int) -> None:
    assert alike(likeness(POSTER_BYTES), likeness(shown(POSTER_BYTES, size, quality)))


@pytest.mark.parametrize("shade", ["#113355", "#202020", "#f5f5dc", "#00aa00"])
def test_another_child_on_a_poster_of_the_same_design(shade: str) -> None:
    assert not alike(likeness(POSTER_BYTES), likeness(shown(drawn(shade), (1920, 1080), 80)))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_screen(grey: int) -> None:
    out = BytesIO()
    Image.new("L", (1920, 1080), grey).save(out, "JPEG")
    assert not alike(likeness(POSTER_BYTES), likeness(out.getvalue()))


def test_a_png_with_alpha_of_few_pixels() -> None:
    out = BytesIO()
    Image.new("RGBA", (48, 16), (200, 0, 0, 90)).save(out, "PNG")
    assert is_likeness(likeness(out.getvalue()))


@pytest.mark.parametrize("body", [b"", b"<html>", POSTER_BYTES[:300], b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_picture(body: bytes) -> None:
    with pytest.raises(NoPictureError):
        likeness(body)


def test_a_bomb_is_not_unpacked() -> None:
    out = BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    with pytest.raises(NoPictureError):
        likeness(out.getvalue())


@pytest.mark.parametrize("text", ["", "-", "a" * 143, "A" * 144, "g" * 144])
def test_what_is_no_likeness(text: str) -> None:
    assert not is_likeness(text)
