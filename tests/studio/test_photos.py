"""Photos as they come: very tall, very wide, tiny, damaged, hostile."""

import io

import pytest
from PIL import Image, ImageDraw

from channels.studio import make
from channels.studio.photo import filled, opened, shape
from tests.api import pictures as hostile
from tests.channels.notices import PUBLISH
from tests.studio.pictures import LARGE, laid, photo, piece, share

HEAD, FOOT = (10, 200, 10), (10, 10, 200)


def standing(width: int, height: int) -> Image.Image:
    """Green where the head is, blue where the feet are."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, height // 6), fill=HEAD)
    draw.rectangle((0, height - height // 20, width, height), fill=FOOT)
    return image


BAD = {
    "empty": b"",
    "no picture": b"\x00" * 5000,
    "text": b"<svg onload=alert(1)>",
    "cut short": photo()[:600],
    "cut in its pixels": photo(kind="PNG")[:-400],
    "only a header": photo()[:20],
    "spoilt": hostile.spoilt_png(),
    "bomb": hostile.bomb(),
    "many scans": hostile.many_scans(),
    "a film": hostile.picture("GIF", mode="P"),
    "another format": hostile.picture("TIFF"),
    "says that it is huge": hostile.png(60_000, 60_000),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("size", [(1920, 1080), (192, 64)], ids=str)
def test_no_photo_rather_than_no_poster(size: tuple[int, int], body: bytes) -> None:
    assert make(piece(size), PUBLISH, body).body == make(piece(size), PUBLISH, None).body


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_kind_that_intake_takes(kind: str) -> None:
    assert "photo" in {thing.name for thing in laid((1280, 720), PUBLISH, photo(kind=kind)).drawn}


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1"])
def test_every_mode(mode: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (90, 120), "red").convert(mode).save(out, "JPEG" if mode == "CMYK" else "PNG")
    image = opened(out.getvalue(), 1000)
    assert image is not None
    assert image.mode == "RGB"


def test_what_shows_through_shows_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (90, 120), (255, 0, 0, 0)).save(out, "PNG")
    image = opened(out.getvalue(), 1000)
    assert image is not None
    assert image.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    "size", [(400, 3000), (600, 1500), (600, 800), (800, 800), (1600, 900), (3000, 400), (64, 64)], ids=str
)
@pytest.mark.parametrize("slot", [(500, 700), (700, 700), (300, 900), (44, 64)], ids=str)
def test_the_head_is_never_cut_off(size: tuple[int, int], slot: tuple[int, int]) -> None:
    fitted = filled(standing(*size), *slot)
    assert fitted.size == slot
    column = [fitted.getpixel((slot[0] // 2, y)) for y in range(slot[1])]
    greens = [at for at, seen in enumerate(column) if all(abs(a - b) < 60 for a, b in zip(seen, HEAD, strict=True))]  # type: ignore[arg-type]  # RGB
    assert greens, "no head"
    assert share(fitted, HEAD, near=60) > 0.0015


def test_a_photo_of_about_the_right_shape_fills_its_slot() -> None:
    for size in ((600, 800), (700, 800), (500, 800)):
        whole = filled(Image.new("RGB", size, "red"), 500, 700)
        assert share(whole, (255, 0, 0), near=3) == 1, "no bars beside an ordinary portrait"


def test_a_photo_of_the_wrong_shape_is_shown_whole_over_its_blur() -> None:
    whole = filled(Image.new("RGB", (2000, 400), "red"), 500, 700)
    assert 0.1 < share(whole, (255, 0, 0), near=3) < 0.3
    assert share(whole, (140, 0, 0), near=8) > 0.6, "a dark blur of itself"


def test_a_slot_suits_its_photo() -> None:
    assert [shape(Image.new("RGB", size)) for size in ((100, 1000), (750, 1000), (1000, 100))] == [0.62, 0.75, 1.0]


@pytest.mark.parametrize("size", LARGE, ids=str)
def test_the_photo_is_the_largest_thing_after_the_name(size: tuple[int, int]) -> None:
    """What the eye must find first."""
    things = {thing.name: thing.box for thing in laid(size, PUBLISH, photo()).drawn}
    slot = things["photo"]
    assert slot.width * slot.height > 0.05 * size[0] * size[1]
    assert slot.height * slot.width > things["qr"].width * things["qr"].height
