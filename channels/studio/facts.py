"""The facts as a small table: a label and its words, all of one size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from channels.studio.box import Box
from channels.studio.colours import INK, MUTED
from channels.studio.faces import REGULAR, advance
from channels.studio.sheet import Sheet
from channels.studio.typesetting import Setting, Style, shortened, wrapped
from channels.studio.words import Fact

_LABEL = 2.7

_BETWEEN = 0.34
"""Ems between one fact and the next, more than between two lines of one."""

_SHRINKS_TO = 0.8
_NARROWEST = 4
"""Characters that a line must hold beside its label."""


@dataclass(frozen=True, slots=True)
class Row:
    """A fact and the lines of its words."""

    fact: Fact
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows at a size."""

    style: Style
    size: int
    rows: tuple[Row, ...]

    @property
    def between(self) -> int:
        """Pixels of extra room between two facts."""
        return round(self.size * _BETWEEN)

    @property
    def height(self) -> int:
        """Pixels from the top of the first row to the bottom of the last."""
        tall = sum(self._one(row.lines).height for row in self.rows)
        gaps = max(len(self.rows) - 1, 0)
        return tall + gaps * (self._one(("",)).pitch - self.style.face.tall(self.size) + self.between)

    @property
    def orphaned(self) -> bool:
        """True when a line of one or two characters stands alone below a longer one."""
        return any(len(row.lines) > 1 and len(row.lines[-1]) < 3 for row in self.rows)

    def _one(self, lines: tuple[str, ...]) -> Setting:
        return Setting(self.style.face, self.size, lines, self.style.leading)

    def write(self, sheet: Sheet, box: Box) -> None:
        """From the top of ``box`` on."""
        top = box.top
        for row in self.rows:
            line = box._replace(top=top)
            setting = self._one(row.lines)
            sheet.write("label", replace(setting, face=REGULAR, lines=(row.fact.label,)), line, MUTED)
            sheet.write(row.fact.label, setting, line._replace(left=line.left + _label(self.size)), INK)
            top += len(row.lines) * setting.pitch + self.between


def table(facts: Sequence[Fact], style: Style, width: int, height: int) -> Table:
    """The facts in a box of this size: smaller first, then on more lines, and at last the least important cut."""
    for size in style.sizes(style.largest * _SHRINKS_TO):
        if all(advance(style.face, size, fact.value) <= width - _label(size) for fact in facts):
            whole = _wrapped(facts, style, size, width)
            if whole.height <= height:
                return whole
    fits, whole = None, Table(style, style.smallest, ())
    for size in style.sizes():
        if width < _label(size) + size * _NARROWEST:
            continue
        whole = _wrapped(facts, style, size, width)
        if whole.height <= height:
            if not whole.orphaned:
                return whole
            fits = fits or whole
    return fits or _cut(whole, width, height)


def _wrapped(facts: Sequence[Fact], style: Style, size: int, width: int) -> Table:
    room = width - _label(size)
    return Table(style, size, tuple(Row(fact, tuple(wrapped(fact.value, style.face, size, room))) for fact in facts))


def _label(size: int) -> int:
    """Pixels from the left edge of a label to its words."""
    return round(size * _LABEL)


def _cut(whole: Table, width: int, height: int) -> Table:
    """Without the line that matters least, again and again, until it fits. A further line of a fact matters less than
    the one before it: three lines of clothing are worth less than a vehicle, and more than how it came about."""
    kept = [len(row.lines) for row in whole.rows]
    while any(kept) and (cut := _shown(whole, kept, width)).height > height:
        left = [at for at, count in enumerate(kept) if count]
        kept[min(left, key=lambda at: whole.rows[at].fact.rank - 1.5 * (kept[at] - 1))] -= 1
    return cut if any(kept) else replace(whole, rows=())


def _shown(whole: Table, kept: list[int], width: int) -> Table:
    room = width - _label(whole.size)
    face, size = whole.style.face, whole.size
    rows = (
        Row(row.fact, tuple(shortened(row.lines, count, face, size, room)))
        for row, count in zip(whole.rows, kept, strict=True)
    )
    return replace(whole, rows=tuple(row for row in rows if row.lines))
