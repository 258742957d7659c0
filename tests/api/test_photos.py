"""Photos that must work, and what is left of them: pixels, the right way up."""

import io
import zipfile

import pytest
from PIL import Image

from app.flows.submit import Picture
from app.forms.photo import LONGEST_SIDE, picture
from tests.api import pictures
from tests.api.records import feed_outlet, fresh
from tests.api.stage import Stage
from tests.making import photo_bytes


def halves(mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (200, 100), "blue")
    image.paste("red", (0, 0, 100, 100))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


async def developed(body: bytes) -> Image.Image:
    made = await picture(body)
    assert isinstance(made, Picture), made
    image = Image.open(io.BytesIO(made.body))
    assert (image.format, made.mime, image.mode) == ("JPEG", "image/jpeg", "RGB")
    assert (made.width, made.height) == image.size
    assert not {"exif", "icc_profile", "comment", "xmp", "photoshop"} & set(image.info)
    return image


def is_near(image: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    seen = image.getpixel(at)
    assert isinstance(seen, tuple)
    return all(abs(a - b) < 60 for a, b in zip(seen, colour, strict=True))


RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(saved(halves(), "JPEG"), id="JPEG"),
        pytest.param(saved(halves(), "JPEG", progressive=True), id="progressive JPEG"),
        pytest.param(saved(halves("CMYK"), "JPEG"), id="CMYK JPEG"),
        pytest.param(saved(halves(), "PNG"), id="PNG"),
        pytest.param(saved(halves("P"), "PNG"), id="palette PNG"),
        pytest.param(saved(halves("RGBA"), "PNG"), id="PNG with an alpha channel"),
        pytest.param(saved(halves(), "PNG", transparency=(0, 255, 0)), id="PNG with one clear colour"),
        pytest.param(saved(halves(), "WEBP"), id="WebP"),
        pytest.param(saved(halves("RGBA"), "WEBP", lossless=True), id="lossless WebP"),
        pytest.param(
            saved(halves(), "WEBP", save_all=True, append_images=[Image.new("RGB", (200, 100), "white")] * 3),
            id="animated WebP",
        ),
        pytest.param(
            saved(halves(), "PNG", save_all=True, append_images=[Image.new("RGB", (200, 100), "white")]),
            id="animated PNG",
        ),
        pytest.param(
            saved(halves(), "MPO", save_all=True, append_images=[halves()]), id="two pictures in one, as phones make"
        ),
    ],
)
async def test_each_kind_keeps_its_colours(body: bytes) -> None:
    image = await developed(body)
    assert is_near(image, (50, 50), RED)
    assert is_near(image, (150, 50), BLUE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16"])
async def test_grey_keeps_its_shades(mode: str) -> None:
    ramp = Image.linear_gradient("L")
    if mode == "I;16":
        source = Image.frombytes("I;16", ramp.size, b"".join(bytes((0, v)) for v in ramp.tobytes()))
    else:
        source = ramp.convert(mode)
    image = await developed(saved(source, "PNG"))
    top, bottom = image.resize((1, 2), Image.Resampling.BOX).convert("L").tobytes()
    assert top < 90
    assert 160 < bottom < 220


async def test_what_is_clear_becomes_white() -> None:
    image = await developed(saved(Image.new("RGBA", (100, 100), (255, 0, 0, 0)), "PNG"))
    assert is_near(image, (50, 50), WHITE)


@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [
        (1, (200, 100), (50, 50)), (2, (200, 100), (150, 50)), (3, (200, 100), (150, 50)), (4, (200, 100), (50, 50)),
        (5, (100, 200), (50, 50)), (6, (100, 200), (50, 50)), (7, (100, 200), (50, 150)), (8, (100, 200), (50, 150)),
        (99, (200, 100), (50, 50)),
    ],
)  # fmt: skip
async def test_orientation_is_applied_and_gone(orientation: int, size: tuple[int, int], red: tuple[int, int]) -> None:
    image = await developed(pictures.with_gps(orientation))
    assert image.size == size
    assert is_near(image, red, RED)
    assert is_near(
        image, (size[0] - red[0] if size[0] == 200 else 50, size[1] - red[1] if size[1] == 200 else 50), BLUE
    )


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
async def test_broken_exif_does_not_spoil_a_sound_picture() -> None:
    body = pictures.with_gps(6)
    place = body.index(b"Exif\0\0")
    image = await developed(body[: place + 10] + b"\xff\xff\xff\xff" + body[place + 14 :])
    assert max(image.size) == 200


async def test_what_is_glued_behind_a_picture_is_gone() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("evil.sh", "SECRET")
    for tail in (packed.getvalue(), b"<script>SECRET</script>", photo_bytes()):
        made = await picture(photo_bytes() + tail)
        assert isinstance(made, Picture)
        assert b"SECRET" not in made.body
        assert made.body.count(b"\xff\xd9") == 1


async def test_a_large_picture_is_made_smaller_and_a_small_one_left() -> None:
    large = await developed(photo_bytes(6000, 4500))
    assert large.size == (LONGEST_SIDE, LONGEST_SIDE * 3 // 4)
    assert (await developed(photo_bytes(64, 64))).size == (64, 64)


async def test_the_position_in_a_phone_photo_is_never_stored(stage: Stage) -> None:
    await feed_outlet(stage.house)
    sent = pictures.with_gps(6)
    assert b"SECRET" in sent
    assert (await stage.post_parts("/v1/alerts", fresh(), sent)).status_code == 201
    item = (await stage.get("/v1/feed", "partner")).json()["items"][0]
    (media,) = [m for m in item["payload"]["data"]["rendition"]["media"] if m["role"] == "photo"]
    got = await stage.client.get(media["url"])
    assert got.status_code == 200
    assert len(got.content) == media["size"]
    image = Image.open(io.BytesIO(got.content))
    assert dict(image.getexif()) == {}
    assert b"SECRET" not in got.content
    assert b"Exif" not in got.content
    assert image.size == (100, 200) == (media["width"], media["height"])
    assert is_near(image, (50, 50), RED)
    kept = await stage.stored()
    assert b"SECRET" not in kept
