"""A band that lies over a running programme: a card with round corners and a soft shadow; all round it is clear."""

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from channels.contract import Made, Notice, Piece
from channels.studio.box import Box
from channels.studio.colours import WHITE, scheme
from channels.studio.errors import CannotMake
from channels.studio.poster import drawn, size_of
from channels.studio.sheet import Drawn, Sheet


def make(piece: Piece, notice: Notice, photo: bytes | None) -> Made:
    """PNG with alpha; graphics keep to the middle 90 % of the picture's width (EBU R 95)."""
    sheet = composed(piece, notice, photo)
    return Made(piece.mime, sheet.encoded(piece.mime), *sheet.image.size)


def composed(piece: Piece, notice: Notice, photo: bytes | None) -> Sheet:
    """The sheet before it is packed."""
    if piece.mime != "image/png":
        raise CannotMake("a lower_third lies over a programme: only image/png has the alpha for it")
    width, height = size_of(piece)
    sheet = Sheet(width, height, WHITE, alpha=True)
    card = sheet.box.inset(width // 20, max(height // 16, 1))
    inner = Sheet(*card.size, scheme(notice).ground)
    drawn(inner, notice, photo, inner.box)
    shape = _rounded(card, sheet.image.size)
    sheet.image.paste((0, 0, 0, 255), (0, 0, width, height), _shadow(shape, height))
    over = Image.new("RGBA", (width, height))
    over.paste(inner.image, (card.left, card.top))
    over.putalpha(ImageChops.multiply(over.getchannel("A"), shape))
    sheet.image.alpha_composite(over)
    sheet.drawn = [Drawn(name, _moved(box, card), text) for name, box, text in inner.drawn]
    return sheet


def _rounded(card: Box, size: tuple[int, int]) -> Image.Image:
    """White where the card is; drawn four times as large, for smooth corners."""
    radius = max(card.height // 12, 1)
    corner = Image.new("L", (card.width, card.height), 255)
    quarter = Image.new("L", (radius * 4, radius * 4))
    ImageDraw.Draw(quarter).ellipse((0, 0, radius * 8, radius * 8), fill=255)
    quarter = quarter.resize((radius, radius), Image.Resampling.LANCZOS)
    turned = Image.Transpose
    for turn, at in (
        (None, (0, 0)),
        (turned.FLIP_LEFT_RIGHT, (card.width - radius, 0)),
        (turned.FLIP_TOP_BOTTOM, (0, card.height - radius)),
        (turned.ROTATE_180, (card.width - radius, card.height - radius)),
    ):
        corner.paste(quarter if turn is None else quarter.transpose(turn), at)
    shape = Image.new("L", size)
    shape.paste(corner, (card.left, card.top))
    return shape


def _shadow(shape: Image.Image, height: int) -> Image.Image:
    return shape.filter(ImageFilter.BoxBlur(max(height // 40, 1))).point(lambda value: value * 0.45)


def _moved(box: Box, card: Box) -> Box:
    return Box(box.left + card.left, box.top + card.top, box.right + card.left, box.bottom + card.top)
