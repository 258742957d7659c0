"""Posters of sorts, and renditions as the press completes them."""

import hashlib
from dataclasses import replace
from io import BytesIO

from PIL import Image, ImageDraw

from channels.contract import Media, Notice, Profile, Rendition
from channels.registry import channel
from tests.channels.notices import PUBLISH, rendered


def drawn(shade: str = "#b22222", size: tuple[int, int] = (640, 360), kind: str = "JPEG") -> bytes:
    """A poster of sorts: a heading, a photo of this shade, lines."""
    image = Image.new("RGB", size, "white")
    pen, (width, height) = ImageDraw.Draw(image), size
    pen.rectangle((0, 0, width, height // 6), fill="#8b0000")
    pen.rectangle((0, height // 5, width // 2, height), fill=shade)
    pen.ellipse((width // 8, height // 3, width // 3, height - 10), fill="#f0d0b0" if shade != "#113355" else "#000000")
    for row in range(4):
        top = height // 4 + row * height // 6
        pen.rectangle((width // 2 + 20, top, width - 20, top + height // 12), fill="black")
    out = BytesIO()
    image.save(out, kind, quality=90)
    return out.getvalue()


POSTER_BYTES = drawn()


def poster_of(body: bytes, mime: str = "image/jpeg") -> Media:
    digest = hashlib.sha256(body).hexdigest()
    return Media("poster", mime, f"https://huijia.example/media/{digest[:8]}.jpg?sig=abc", digest, len(body), 640, 360)


POSTER = poster_of(POSTER_BYTES)


def completed(rendition: Rendition, poster: Media = POSTER) -> Rendition:
    """With the poster, where the medium shows one. Media are by reference: also a retraction has one, its own."""
    if not any(piece.role == "poster" for piece in channel(rendition.channel).pieces(rendition.notice, Profile())):
        return rendition
    return replace(rendition, media=(*rendition.media, poster))


def with_poster(notice: Notice = PUBLISH, medium: str = "screen", poster: Media = POSTER) -> Rendition:
    """The notice, worded and drawn for this medium."""
    return completed(rendered(notice, medium), poster)
