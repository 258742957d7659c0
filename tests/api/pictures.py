"""Pictures, honest and hostile, made from nothing."""

import io
import struct
import zlib
from functools import cache

from PIL import Image

from tests.making import photo_bytes

GPS_IFD, ORIENTATION = 0x8825, 0x0112


def picture(kind: str, width: int = 120, height: int = 160, mode: str = "RGB", **how: object) -> bytes:
    out = io.BytesIO()
    Image.effect_mandelbrot((width, height), (-2, -1.5, 1, 1.5), 40).convert(mode).save(out, kind, **how)
    return out.getvalue()


def with_gps(orientation: int) -> bytes:
    """A phone's JPEG, 200 × 100 as it lies in the file, red on its left half; EXIF with a position, a maker and a
    thumbnail's worth of comment."""
    image = Image.new("RGB", (200, 100), "blue")
    image.paste("red", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F] = "SECRET-MAKER"
    exif[GPS_IFD] = {1: "N", 2: (34.0, 13.0, 26.4), 3: "E", 4: (108.0, 56.0, 49.2), 29: "2026:11:23"}
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, quality=95, comment=b"SECRET-COMMENT", icc_profile=b"SECRET-PROFILE")
    return out.getvalue()


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that says it is this large, whatever is in it."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


@cache
def bomb() -> bytes:
    """50,000 × 50,000 pixels in less than 2 MB: every row is there."""
    packer = zlib.compressobj(1)
    row = b"\x00" * (1 + 50_000 // 8)
    packed = b"".join(packer.compress(row * 500) for _ in range(100)) + packer.flush()
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


@cache
def many_scans() -> bytes:
    """A progressive JPEG of which one scan is there a thousand times: each costs a pass over all pixels."""
    honest = picture("JPEG", 600, 800, progressive=True)
    first, second = honest.index(b"\xff\xda"), honest.index(b"\xff\xda", honest.index(b"\xff\xda") + 2)
    del first
    third = honest.index(b"\xff\xda", second + 2)
    return honest[:third] + honest[second:third] * 1000 + honest[third:]


def spoilt_png() -> bytes:
    """Its pixels do not unpack."""
    honest = bytearray(photo_bytes(kind="PNG"))
    honest[honest.index(b"IDAT") + 8] ^= 0xFF
    return bytes(honest)


@cache
def text_bomb() -> bytes:
    """A PNG whose comment unpacks to 70 MB."""
    honest = photo_bytes(kind="PNG")
    note = _chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"\x00" * 70_000_000, 1))
    return honest[:33] + note + honest[33:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
