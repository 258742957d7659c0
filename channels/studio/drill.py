"""What makes an exercise or a test unmistakable from across the street: a striped frame and a watermark."""

from PIL import Image, ImageDraw

from channels.studio.box import Box
from channels.studio.colours import Colour, Scheme
from channels.studio.faces import BOLD, advance, font
from channels.studio.sheet import Sheet


def frame(sheet: Sheet, colours: tuple[Colour, Colour], thickness: int) -> Box:
    """Diagonal stripes round the whole sheet; what remains inside."""
    whole = sheet.box
    for edge in (whole.from_left, whole.from_right, whole.from_top, whole.from_bottom):
        striped(sheet, edge(thickness)[0], colours, max(thickness * 2, 4))
    return whole.inset(thickness)


def striped(sheet: Sheet, box: Box, colours: tuple[Colour, Colour], pitch: int) -> None:
    """Stripes at 45 degrees, each ``pitch`` pixels across."""
    if box.width <= 0 or box.height <= 0:
        return
    tile = Image.new("RGB", box.size, colours[0])
    draw = ImageDraw.Draw(tile)
    # Started at a multiple of the pitch, so that the four edges of a frame meet as one pattern.
    first = (box.left + box.top) % (pitch * 2)
    lean = box.height
    for x in range(-first, box.width + lean + pitch * 2, pitch * 2):
        draw.polygon([(x, 0), (x + pitch, 0), (x + pitch - lean, lean), (x - lean, lean)], colours[1])
    sheet.image.paste(tile, (box.left, box.top))


def watermark(sheet: Sheet, mark: str, scheme: Scheme, box: Box) -> None:
    """The mark all over the ground, aslant, below everything that is written there."""
    size = max(min(box.size) // 6, 12)
    wide = advance(BOLD, size, mark)
    stamp = Image.new("L", (wide + size, size * 2))
    ImageDraw.Draw(stamp).text((size // 2, size // 2), mark, font=font(BOLD.files[0], size), fill=255)
    stamp = stamp.rotate(24, resample=Image.Resampling.BICUBIC, expand=True)
    mask = Image.new("L", box.size)
    across, down = stamp.width * 9 // 10, stamp.height * 2 // 3
    for row, top in enumerate(range(-down // 2, box.height, down)):
        for left in range(-across // 2 * (1 + row % 2), box.width, across):
            mask.paste(stamp, (left, top), stamp)
    sheet.image.paste(scheme.faint, box, mask)
