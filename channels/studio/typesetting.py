"""Making text fit a box: it shrinks, then it wraps, and then it is cut with an ellipsis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from channels.breaking import broken
from channels.studio.faces import Face, advance

SHRINKS_TO = 0.66
"""How much of its size a text gives up to stay on one line, before it wraps."""

_STEP = 0.94
_BALANCED = 4
_EDGES = " \u2006，、；：。"


@dataclass(frozen=True, slots=True)
class Style:
    """How a text may be set: the face, the sizes (pixels an em) and the most lines; ``leading`` in ems, from baseline to
    baseline."""

    face: Face
    largest: int
    smallest: int
    lines: int = 1
    leading: float = 1.36

    def sizes(self, least: float | None = None) -> Iterator[int]:
        """From the largest size down to ``least`` (default: the smallest)."""
        grid = self.face.grid
        end = max(self.smallest if least is None else max(least, self.smallest), grid, 1)
        size = max(self.largest // grid * grid, grid)
        while size > end:
            yield size
            size = min(size - grid, round(size * _STEP) // grid * grid)
        yield round(end) // grid * grid


@dataclass(frozen=True, slots=True)
class Setting:
    """Lines at a size. Nothing fitted where there are no lines."""

    face: Face
    size: int
    lines: tuple[str, ...]
    leading: float

    @property
    def pitch(self) -> int:
        """Pixels from baseline to baseline."""
        return max(round(self.size * self.leading), self.face.tall(self.size) + (self.face.grid == 1))

    @property
    def height(self) -> int:
        """Pixels from the top of the first line to the bottom of the last."""
        return self.face.tall(self.size) + self.pitch * (len(self.lines) - 1) if self.lines else 0

    @property
    def width(self) -> int:
        """Pixels of the longest line."""
        return max((advance(self.face, self.size, line) for line in self.lines), default=0)


def fitted(text: str, style: Style, width: int, height: int) -> Setting:
    """The text in a box of this size, as large as may be."""
    if not text:
        return _set(style, style.smallest, ())
    for size in style.sizes(style.largest * SHRINKS_TO):
        alone = _set(style, size, (text,))
        if alone.width <= width and alone.height <= height:
            return alone
    for size in style.sizes():
        whole = _set(style, size, wrapped(text, style.face, size, width))
        if len(whole.lines) <= style.lines and whole.height <= height and whole.width <= width:
            return _set(style, size, _balanced(text, style.face, size, width, len(whole.lines)))
    return _cut(text, style, width, height)


def _balanced(text: str, face: Face, size: int, width: int, count: int) -> list[str]:
    """As many lines, but of about the same length: no character stands alone on the last one."""
    least, most = width // 2, width
    while count <= _BALANCED and least < most:
        middle = (least + most) // 2
        lines = wrapped(text, face, size, middle)
        if len(lines) <= count and all(advance(face, size, line) <= middle for line in lines):
            most = middle
        else:
            least = middle + 1
    return wrapped(text, face, size, most)


def listed(lines: Sequence[str], style: Style, width: int, height: int) -> Setting:
    """Given lines, one below the other, as large as may be; nothing where they do not fit."""
    for size in style.sizes():
        whole = _set(style, size, lines)
        if whole.width <= width and whole.height <= height:
            return whole
    return _set(style, style.smallest, ())


def _set(style: Style, size: int, lines: Sequence[str]) -> Setting:
    return Setting(style.face, size, tuple(lines), style.leading)


def wrapped(text: str, face: Face, size: int, width: int) -> list[str]:
    """Lines of at most this width; none where not even one character fits."""
    return broken(text, width, partial(advance, face, size)) if width >= size else []


def _cut(text: str, style: Style, width: int, height: int) -> Setting:
    """As many lines of the smallest size as the box takes, the last one ending in an ellipsis."""
    *_, size = style.sizes()
    whole = _set(style, size, wrapped(text, style.face, size, width))
    lines = whole.lines if whole.width <= width else ()  # a quotation mark may be a pixel wider than its size
    room = rows(style, size, height)
    return _set(style, size, shortened(lines, min(room, style.lines), style.face, size, width))


def rows(style: Style, size: int, height: int) -> int:
    """How many lines of this size fit one below the other."""
    one = _set(style, size, ("",))
    return 0 if height < one.height else 1 + (height - one.height) // one.pitch


def shortened(lines: Sequence[str], count: int, face: Face, size: int, width: int) -> list[str]:
    """The first ``count`` lines; where there were more, the last one ends in an ellipsis."""
    if len(lines) <= count:
        return list(lines)
    if count <= 0:
        return []
    last = _elided(lines[count - 1], face, size, width)
    return [*lines[: count - 1], last] if last else []


def _elided(line: str, face: Face, size: int, width: int) -> str:
    line = line.rstrip(_EDGES)
    while line and advance(face, size, line + "…") > width:
        line = line[:-1].rstrip(_EDGES)
    return line + "…" if advance(face, size, line + "…") <= width else ""
