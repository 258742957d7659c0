"""Wider than tall: the photo fills the left from top to bottom, the words stand beside it."""

from channels.studio import photo as photos
from channels.studio.box import Box
from channels.studio.colours import WHITE
from channels.studio.dial import ruled, tall
from channels.studio.facts import table
from channels.studio.stage import Stage, ground, header, named, noted, picture, titled
from channels.studio.typesetting import fitted


def landscape(stage: Stage) -> None:
    """From 3:2 to 7:2."""
    if stage.photo is None:
        _unseen(stage)
    else:
        _seen(stage, photos.shape(stage.photo))


def _seen(stage: Stage, shape: float) -> None:
    wide = min(max(shape * stage.full.height, stage.full.width * 0.26), stage.full.width * 0.42)
    slot, full = stage.full.from_left(round(wide))
    picture(stage, slot)
    inner = stage.safe._replace(left=full.left).inset(stage.px(4), 0)
    band, _ = full.from_top(stage.safe.top - full.top + stage.px(13))
    header(stage, band, Box(inner.left, stage.safe.top, inner.right, band.bottom))
    inner = Box(inner.left, band.bottom + stage.px(2.4), inner.right, inner.bottom - stage.px(3))
    # A long text takes room from the name and from 110 before anything of it is cut.
    for name, who, dial in ((14.5, 6.2, 24), (11.5, 5.4, 21)):
        foot, body = inner.from_bottom(tall(stage, dial), stage.px(3))
        child = named(stage, body, name, who)
        facts = table(stage.words.facts, stage.prose(5, 2.7), *child.below(body).size)
        if facts.size >= stage.px(3.6):
            break
    facts.write(stage.sheet, child.write(stage, body))
    ruled(stage, foot, 1.6)


def _unseen(stage: Stage) -> None:
    """Without a photo the name stands in its place."""
    slot, full = stage.full.from_left(stage.full.width * 42 // 100)
    ground(stage, slot)
    panel = Box(stage.safe.left, stage.safe.top, slot.right, stage.safe.bottom).inset(stage.px(4.5), stage.px(3))
    top, rest = panel.from_top(stage.px(14), stage.px(2))
    titled(stage, top)
    foot, rest = rest.from_bottom(stage.px(9), stage.px(2))
    note = fitted(noted(stage.words), stage.style(3.8, 2.4, bold=False, lines=2), *foot.size)
    stage.sheet.write("note", note, foot._replace(top=foot.bottom - note.height), WHITE)
    child = named(stage, rest, 25, 6.4, lines=3)
    child.write(stage, rest._replace(top=rest.top + (rest.height - child.height) // 2), WHITE)
    inner = stage.safe._replace(left=full.left).inset(stage.px(5), 0)
    inner = Box(inner.left, inner.top + stage.px(5), inner.right, inner.bottom - stage.px(3))
    foot, body = inner.from_bottom(tall(stage, 24), stage.px(3))
    table(stage.words.facts, stage.prose(7, 2.7), *body.size).write(stage.sheet, body)
    ruled(stage, foot, 1.6)
