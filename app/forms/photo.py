"""Photos: decoded, stripped of everything but pixels (a phone's EXIF holds the position), encoded again."""

import asyncio
import io
import logging
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, UnidentifiedImageError

from app.domain.errors import Fault
from app.flows.submit import Picture

log = logging.getLogger("huijia.api")

LARGEST_BYTES = 10 * 1024 * 1024
LARGEST_PIXELS = 50_000_000
LONGEST_SIDE = 1600
SMALLEST_SIDE = 64
LONGEST_SHAPE = 8  # times its shorter side: what is longer is a strip, not a portrait
MOST_SCANS = 200  # a progressive JPEG has about ten; each costs a pass over all pixels, and 100 bytes make one
FORMATS = ("JPEG", "PNG", "WEBP")

# What EXIF's orientation calls for (CIPA DC-008 §4.6.4 A).
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip

darkroom = ThreadPoolExecutor(max_workers=2, thread_name_prefix="photo")


async def picture(body: bytes) -> Picture | Fault:
    """The photo fit to publish (JPEG, at most 1600 pixels a side), or what is wrong with it."""
    if not body:
        return _fault(
            "photo_empty", "照片是空文件。", "The photo is empty.", "重新选择照片；没有照片可不传。", "Or omit it."
        )
    if len(body) > LARGEST_BYTES:
        return _fault(
            "photo_too_large",
            "照片超过 10 MB。",
            "The photo is larger than 10 MB.",
            "压缩或裁剪后再传。",
            "Make it smaller.",
        )
    if body.startswith(b"\xff\xd8") and body.count(b"\xff\xda") > MOST_SCANS:
        return _fault(
            "photo_too_many_scans", "照片的编码过于复杂。", "The photo has too many scans.", "另存为普通 JPEG 后再传。",
            "Save it as a baseline JPEG.",
        )  # fmt: skip
    return await asyncio.get_running_loop().run_in_executor(darkroom, _develop, body)


def _develop(body: bytes) -> Picture | Fault:
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as opened:
            return _wrong_size(opened.width, opened.height) or _encode(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _too_many_pixels()
    except UnidentifiedImageError:
        return _fault(
            "photo_type", "照片不是 JPEG、PNG 或 WebP。", "The photo is not a JPEG, PNG or WebP.",
            "另存为 JPEG 后再传。", "Save it as JPEG.",
        )  # fmt: skip
    except Exception as e:  # a decoder given hostile bytes raises nearly anything
        log.info("a photo could not be decoded: %s", type(e).__name__)
        return _fault(
            "photo_damaged", "照片文件不完整或已损坏。", "The photo is truncated or damaged.",
            "重新导出照片后再传。", "Export it again.",
        )  # fmt: skip


def _wrong_size(width: int, height: int) -> Fault | None:
    """By its header, before any pixel is decoded."""
    if width * height > LARGEST_PIXELS:
        return _too_many_pixels()
    if min(width, height) < SMALLEST_SIDE:
        return _fault(
            "photo_too_small", "照片太小，看不清。", "The photo is too small.",
            "宽高至少 64 像素。", "At least 64 pixels a side.",
        )  # fmt: skip
    if max(width, height) > LONGEST_SHAPE * min(width, height):
        return _fault(
            "photo_shape", "照片过于狭长。", "The photo is a strip.", "裁剪成人像后再传。", "Crop it to the person."
        )
    return None


def _encode(opened: Image.Image) -> Picture:
    """Shrunk before anything else is made of it, so that no second full-size copy is held."""
    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    opened.load()
    turn = _TURNS.get(_orientation(opened))
    small = _eight_bits(opened)
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    upright = small if turn is None else small.transpose(turn)
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=88, optimize=True)
    return Picture(out.getvalue(), "image/jpeg", bare.width, bare.height)


def _orientation(opened: Image.Image) -> int:
    try:
        return int(opened.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF around a sound picture: shown as it lies
        return 1


def _eight_bits(opened: Image.Image) -> Image.Image:
    """As RGB, or RGBA where something shows through."""
    if opened.mode.startswith("I"):  # 16 bits of grey, which a plain conversion would clip to white
        return opened.convert("I").point(lambda v: v * (1 / 256)).convert("L").convert("RGB")
    wanted = "RGBA" if opened.has_transparency_data else "RGB"
    return opened if opened.mode == wanted else opened.convert(wanted)


def _too_many_pixels() -> Fault:
    return _fault(
        "photo_too_many_pixels", "照片像素过多（超过 5000 万）。", "The photo has more than 50 million pixels.",
        "缩小后再传。", "Make it smaller.",
    )  # fmt: skip


def _fault(code: str, zh: str, en: str, remedy: str, remedy_en: str) -> Fault:
    return Fault("/photo", code, zh, en, remedy, remedy_en)
