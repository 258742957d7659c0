"""Low and wide: everything in a row, and on the widest the facts beside the name."""

from channels.studio import photo as photos
from channels.studio.box import Box
from channels.studio.colours import AMBER, INK, WHITE
from channels.studio.dial import dial
from channels.studio.faces import BOLD, REGULAR
from channels.studio.facts import table
from channels.studio.stage import Stage, ground, named, noted, picture
from channels.studio.typesetting import Style, fitted, listed


def strip(stage: Stage) -> None:
    """Wider than 7:2, without end."""
    full = stage.full
    block, rest = full.from_left(min(stage.px(96), full.width // 5))
    _title(stage, block)
    if stage.photo is not None:
        slot, rest = rest.from_left(min(round(photos.shape(stage.photo) * full.height), full.width // 6))
        picture(stage, slot)
    inner = rest.within(stage.safe).inset(stage.px(7), stage.px(6))
    end, inner = inner.from_right(min(stage.px(190), inner.width * 46 // 100), stage.px(7))
    dial(stage, end)
    if inner.width < stage.px(330):
        child = named(stage, inner, 25, 11)
        facts = table(stage.words.facts, stage.prose(10.5, 6.8), *child.below(inner).size)
        facts.write(stage.sheet, child.write(stage, inner))
        return
    left, right = inner.from_left(inner.width * 38 // 100, stage.px(9))
    child = named(stage, left, 46, 17, lines=3)
    child.write(stage, left._replace(top=left.top + (left.height - child.height) // 2))
    facts = table(stage.words.facts, stage.prose(15, 9.4), *right.size)
    facts.write(stage.sheet, right._replace(top=right.top + (right.height - facts.height) // 2))


def _title(stage: Stage, block: Box) -> None:
    """紧急 over 寻人, and below it who says so or what has changed; on a drill the mark above it."""
    words = stage.words
    ground(stage, block)
    note, rest = block.within(stage.safe).from_bottom(stage.px(22))
    if words.update and not words.mark:
        stage.sheet.fill(note, AMBER)
    setting = fitted(
        noted(words), Style(REGULAR, stage.px(8.4), 9, lines=2), *note.inset(stage.px(4), stage.px(1)).size
    )
    stage.middle("note", setting, note, INK if words.update and not words.mark else WHITE, "centre")
    half = len(words.title) // 2
    lines = tuple(filter(None, (words.mark, words.title[:half], words.title[half:])))
    rest = rest.inset(stage.px(5), stage.px(3))
    style = Style(BOLD, stage.px(36), 9, leading=1.14)
    stage.middle("title", listed(lines, style, *rest.size), rest, WHITE, "centre")
