"""Whether a frame really shows what OBS says is in it."""

import io

from PIL import Image, ImageChops, UnidentifiedImageError

_SMALL = (320, 180)
_TOLERANCE = 48  # of 255: JPEG, and a station's colour correction
_LEAST = 0.015  # of the frame; a band is 0.08 of it, and letters take some


def holds(jpeg: bytes, colour: int) -> bool:
    """True when enough of the frame has this colour (0xAABBGGRR, as OBS counts), wherever in it. False for no picture."""
    wanted = (colour & 0xFF, colour >> 8 & 0xFF, colour >> 16 & 0xFF)
    try:
        image = Image.open(io.BytesIO(jpeg))
        image.draft("RGB", _SMALL)
        channels = image.convert("RGB").resize(_SMALL, Image.Resampling.BOX).split()
    except (UnidentifiedImageError, OSError):
        return False
    alike = Image.new("L", _SMALL, 255)
    for channel, value in zip(channels, wanted, strict=True):
        near = [255 if abs(level - value) < _TOLERANCE else 0 for level in range(256)]
        alike = ImageChops.darker(alike, channel.point(near))
    return alike.histogram()[255] >= _LEAST * _SMALL[0] * _SMALL[1]
