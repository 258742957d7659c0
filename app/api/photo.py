"""Photos: decoded, stripped of everything but pixels (a phone's EXIF holds the position), encoded again."""

import asyncio
import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from app.domain.errors import Fault
from app.flows.submit import Picture

LARGEST_BYTES = 10 * 1024 * 1024
LARGEST_PIXELS = 50_000_000
LONGEST_SIDE = 1600
SMALLEST_SIDE = 64
FORMATS = ("JPEG", "PNG", "WEBP")

_two_at_once = asyncio.Semaphore(2)


async def picture(body: bytes) -> Picture | Fault:
    """The photo fit to publish (JPEG, at most 1600 pixels a side), or what is wrong with it."""
    if not body:
        return _fault("photo_empty", "照片是空文件。", "The photo is empty.", "重新选择照片；没有照片可不传。")
    if len(body) > LARGEST_BYTES:
        return _fault("photo_too_large", "照片超过 10 MB。", "The photo is larger than 10 MB.", "压缩或裁剪后再传。")
    async with _two_at_once:
        return await asyncio.to_thread(_decode, body)


def _decode(body: bytes) -> Picture | Fault:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # bounded below, before any pixel is decoded
            with Image.open(io.BytesIO(body), formats=FORMATS) as opened:
                if opened.width * opened.height > LARGEST_PIXELS:
                    return _too_many_pixels()
                if min(opened.size) < SMALLEST_SIDE:
                    return _fault(
                        "photo_too_small", "照片太小，看不清。", "The photo is too small.", "宽高至少 64 像素。"
                    )
                opened.load()
                return _encode(opened)
    except Image.DecompressionBombError:
        return _too_many_pixels()
    except UnidentifiedImageError:
        return _fault(
            "photo_type",
            "照片不是 JPEG、PNG 或 WebP。",
            "The photo is not a JPEG, PNG or WebP.",
            "另存为 JPEG 后再传。",
        )
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError):
        return _fault(
            "photo_damaged", "照片文件不完整或已损坏。", "The photo is truncated or damaged.", "重新导出照片后再传。"
        )


def _encode(opened: Image.Image) -> Picture:
    upright = ImageOps.exif_transpose(opened)
    if upright.mode in ("RGBA", "LA", "P", "PA"):
        layered = upright.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        upright = Image.alpha_composite(ground, layered)
    plain = upright.convert("RGB")
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    bare = Image.new("RGB", plain.size)
    bare.paste(plain)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=88, optimize=True)
    return Picture(out.getvalue(), "image/jpeg", bare.width, bare.height)


def _too_many_pixels() -> Fault:
    return _fault(
        "photo_too_many_pixels",
        "照片像素过多（超过 5000 万）。",
        "The photo has more than 50 million pixels.",
        "缩小后再传。",
    )


def _fault(code: str, zh: str, en: str, remedy: str) -> Fault:
    return Fault("/photo", code, zh, en, remedy)
