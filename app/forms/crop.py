"""Cut a photo down to the child. By hundredths of its width and height, so that it can be typed."""

import asyncio
import io
from dataclasses import dataclass

from PIL import Image

from app.domain.errors import Fault
from app.flows.submit import Picture
from app.forms.photo import SMALLEST_SIDE, darkroom

MOST = 90


@dataclass(frozen=True, slots=True)
class Crop:
    """How much is cut off at each side, in hundredths."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    @property
    def cuts(self) -> bool:
        return bool(self.left or self.right or self.top or self.bottom)


async def cropped(picture: Picture, crop: Crop) -> Picture | Fault:
    """The rest of a picture that ``photo.picture`` has made; or that nothing legible is left."""
    if not crop.cuts:
        return picture
    return await asyncio.get_running_loop().run_in_executor(darkroom, _cut, picture, crop)


def _cut(picture: Picture, crop: Crop) -> Picture | Fault:
    across, down = picture.width / 100, picture.height / 100
    left, top = round(crop.left * across), round(crop.top * down)
    right, bottom = picture.width - round(crop.right * across), picture.height - round(crop.bottom * down)
    if min(right - left, bottom - top) < SMALLEST_SIDE:
        return Fault(
            "/photo", "photo_cropped_away", "裁得太多，剩下的部分看不清。", "Too little of the photo is left.",
            f"少裁一些，宽高至少留 {SMALLEST_SIDE} 像素。", f"Leave at least {SMALLEST_SIDE} pixels a side.",
        )  # fmt: skip
    with Image.open(io.BytesIO(picture.body), formats=("JPEG",)) as opened:
        rest = opened.crop((left, top, right, bottom))
    out = io.BytesIO()
    rest.save(out, "JPEG", quality=92, optimize=True)
    return Picture(out.getvalue(), "image/jpeg", rest.width, rest.height)
