"""The child's photo: read with care, and fitted into a slot without losing the face."""

import io
import logging
import warnings

from PIL import Image, ImageFilter

log = logging.getLogger("huijia.studio")

FORMATS = ("JPEG", "PNG", "WEBP")
LARGEST_PIXELS = 50_000_000
MOST_SCANS = 200  # each costs a pass over all pixels, and a hundred bytes make one
CROP = 0.36
"""How much of a photo's longer side may be cut off to fill a slot. Where that is not enough, less is cut, and what is kept
is shown whole over its own blur."""

_TRIM_SIDES, _TRIM_FOOT = 0.15, 0.3

NARROWEST, WIDEST = 0.62, 1.0
"""Shapes (width to height) that a slot takes on to suit a photo."""


def opened(body: bytes | None, longest: int) -> Image.Image | None:
    """The photo as RGB, its longer side at most about twice ``longest``; ``None`` where there is none that can be read: a
    poster without a photo is better than no poster."""
    if not body or (body.count(b"\xff\xda") > MOST_SCANS and body.startswith(b"\xff\xd8")):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body), formats=FORMATS) as image:
                if image.width * image.height > LARGEST_PIXELS:
                    return None
                image.draft("RGB", (longest, longest))
                return _rgb(image)
    except Exception as error:  # a decoder given hostile bytes raises nearly anything
        log.warning("a photo could not be read: %s", type(error).__name__)
        return None


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return image.convert("RGB")


def shape(photo: Image.Image) -> float:
    """Width to height of the slot that suits the photo."""
    return min(max(photo.width / photo.height, NARROWEST), WIDEST)


def filled(photo: Image.Image, width: int, height: int) -> Image.Image:
    """Exactly this size: cut where little is lost, else whole, over a blur of itself."""
    kept = _cropped(photo, width / height)
    scale = min(width / kept.width, height / kept.height)
    inner = kept.resize(
        (min(max(round(kept.width * scale), 1), width), min(max(round(kept.height * scale), 1), height)),
        Image.Resampling.LANCZOS,
        reducing_gap=2.0,
    )
    if width - inner.width <= 2 and height - inner.height <= 2:
        return inner if inner.size == (width, height) else inner.resize((width, height))
    whole = _blurred(photo, width, height)
    whole.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
    return whole


def _cropped(photo: Image.Image, wanted: float) -> Image.Image:
    """Cut towards the wanted shape. A tall photo loses its foot rather than its head."""
    width, height = photo.size
    if width / height > wanted:
        keep = _kept(width, height * wanted, _TRIM_SIDES)
        left = (width - keep) // 2
        return photo.crop((left, 0, left + keep, height))
    keep = _kept(height, width / wanted, _TRIM_FOOT)
    top = (height - keep) // 6
    return photo.crop((0, top, width, top + keep))


def _kept(have: int, want: float, trim: float) -> int:
    return max(round(want if want >= have * (1 - CROP) else have * (1 - trim)), 1)


def _blurred(photo: Image.Image, width: int, height: int) -> Image.Image:
    """The photo as a soft ground, darkened so that the whole photo on it stands out. Blurred small, which is fast."""
    small = photo.resize(
        (max(width * 48 // max(width, height), 1), max(height * 48 // max(width, height), 1)), reducing_gap=2.0
    )
    soft = small.filter(ImageFilter.GaussianBlur(4)).point(lambda value: value * 0.55)
    return soft.resize((width, height), Image.Resampling.BICUBIC)
