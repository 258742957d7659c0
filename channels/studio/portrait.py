"""Taller than wide: the photo on the left with the name down its side; on a column the photo alone across the top."""

from channels.studio import photo as photos
from channels.studio.box import Box
from channels.studio.colours import INK
from channels.studio.dial import code_below, ruled, stacked, tall
from channels.studio.faces import BOLD, THIN
from channels.studio.facts import table
from channels.studio.stage import Stage, headline, named, picture
from channels.studio.typesetting import Style, fitted, listed

_UPRIGHT = 4
"""A name of no more characters than this is written from top to bottom."""


def portrait(stage: Stage) -> None:
    """From 2:5 to 4:5."""
    inner, rest = _top(stage)
    foot, inner = inner.from_bottom(tall(stage, 15.5), stage.px(2.4))
    if stage.photo is None:
        body = inner._replace(top=inner.top + stage.px(2))
        child = named(stage, body, 14, 5.6, lines=3)
        body = child.write(stage, body)
    else:
        down = min(round(stage.full.width * 0.6 / photos.shape(stage.photo)), stage.full.height * 46 // 100)
        slot = rest.from_top(down)[0].from_left(round(down * photos.shape(stage.photo)))[0]
        picture(stage, slot)
        _beside(stage, Box(slot.right, slot.top, inner.right, slot.bottom))
        body = inner._replace(top=slot.bottom + stage.px(2))
    largest = 4.6 if stage.photo is None else 3.8
    table(stage.words.facts, stage.prose(largest, 1.9), *body.size).write(stage.sheet, body)
    ruled(stage, foot, 1.2)


def column(stage: Stage) -> None:
    """Narrower than 2:5, without end: one thing below the other."""
    inner, rest = _top(stage)
    if stage.photo is not None:
        slot, _ = rest.from_top(min(round(stage.full.width / photos.shape(stage.photo)), rest.height * 40 // 100))
        picture(stage, slot)
        inner = inner._replace(top=slot.bottom)
    foot, body = inner.from_bottom(min(stage.px(62), inner.height // 2), stage.px(2))
    body = body._replace(top=body.top + stage.px(2))
    child = named(stage, body, 13, 5.4, lines=4)
    table(stage.words.facts, stage.prose(4.6, 2), *child.below(body).size).write(stage.sheet, child.write(stage, body))
    stacked(stage, code_below(stage, foot))


def _top(stage: Stage) -> tuple[Box, Box]:
    """The title; what is left inside the margins, and in all."""
    full, safe = stage.full, stage.safe
    band, rest = full.from_top(safe.top - full.top + stage.px(12))
    inner = safe.inset(stage.px(3.5), 0)
    headline(stage, band, Box(inner.left, safe.top, inner.right, band.bottom))
    return Box(inner.left, rest.top, inner.right, inner.bottom - stage.px(2.6)), rest


def _beside(stage: Stage, box: Box) -> None:
    """The name down the side of the photo, and at its foot sex, age and height."""
    words = stage.words
    box = Box(box.left + stage.px(2.6), box.top + stage.px(2), box.right, box.bottom)
    who = ("  ".join(words.who[:2]), *words.who[2:])
    below = listed(who, stage.style(5.2, 2), box.width, box.height // 3)
    foot, top = box.from_bottom(below.height, stage.px(2))
    upright = len(words.name) <= _UPRIGHT and THIN not in words.name
    if upright:
        tall = Style(BOLD, min(box.width * 4 // 5, stage.px(15)), stage.px(3), leading=1.12)
        name = listed(tuple(words.name), tall, *top.size)
    else:
        name = fitted(words.name, stage.style(9, 2.4, lines=8), *top.size)
    stage.sheet.write("name", name, top, INK)
    stage.sheet.write("who", below, foot, INK)
