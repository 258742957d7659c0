"""A coarse display as rows of the pixel face."""

from collections.abc import Sequence
from dataclasses import dataclass

from channels.studio.box import Box
from channels.studio.colours import AMBER, Colour, Scheme
from channels.studio.faces import PIXEL, advance
from channels.studio.sheet import Sheet
from channels.studio.typesetting import Setting, shortened
from channels.studio.words import Words

EM = 12
_GAP = 12
"""An em holds so many gaps: one pixel between rows of 12, two between rows of 24."""


@dataclass(frozen=True, slots=True)
class Board:
    """What the rows are written on. ``em``: the height of an ordinary row, in pixels."""

    sheet: Sheet
    words: Words
    scheme: Scheme
    em: int

    @property
    def gap(self) -> int:
        """Pixels between two rows."""
        return self.em // _GAP

    @property
    def dial(self) -> Colour:
        """The colour of 110; on a drill nothing has a colour of its own."""
        return self.scheme.lamp_text if self.words.mark else AMBER

    def rows(self, height: int) -> int:
        """How many rows fit one below the other."""
        return (height + self.gap) // (self.em + self.gap)

    def wide(self, text: str, em: int = 0) -> int:
        """Pixels that the text takes on one line."""
        return advance(PIXEL, em or self.em, text)

    def first(self, options: Sequence[str], width: int) -> str:
        """The first that fits, or nothing."""
        return next((text for text in options if self.wide(text) <= width), "")

    def row(self, name: str, text: str, box: Box, colour: Colour, *, em: int = 0, align: str = "left") -> Box:
        """One line at the top of ``box``, cut with an ellipsis where it is too long; what is left below it."""
        em = em or self.em
        if not text or em > box.height:
            return box
        cut = [text] if self.wide(text, em) <= box.width else shortened([text, ""], 1, PIXEL, em, box.width)
        self.sheet.write(name, Setting(PIXEL, em, tuple(cut), 1.0), box, colour, align)
        return box._replace(top=min(box.top + em + self.gap, box.bottom))
