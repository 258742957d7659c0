"""About as wide as tall: the photo on the left below the title, 110 across the foot."""

from channels.studio import photo as photos
from channels.studio.box import Box
from channels.studio.dial import ruled, tall
from channels.studio.facts import table
from channels.studio.stage import Stage, header, named, picture


def square(stage: Stage) -> None:
    """From 4:5 to 3:2."""
    full, safe = stage.full, stage.safe
    band, rest = full.from_top(safe.top - full.top + stage.px(12))
    inner = safe.inset(stage.px(4), 0)
    header(stage, band, Box(inner.left, safe.top, inner.right, band.bottom))
    inner = Box(inner.left, rest.top, inner.right, inner.bottom - stage.px(3))
    foot, inner = inner.from_bottom(tall(stage, 22), stage.px(3.4))
    ruled(stage, foot, 1.7)
    body = inner
    if stage.photo is not None:
        wide = min(round(photos.shape(stage.photo) * inner.height), full.width * 45 // 100)
        slot = Box(full.left, rest.top, full.left + wide, inner.bottom)
        picture(stage, slot)
        body = body._replace(left=max(slot.right + stage.px(3.4), inner.left))
    body = body._replace(top=body.top + stage.px(3))
    large = stage.photo is None
    child = named(stage, body, 17 if large else 12, 6 if large else 5, lines=2)
    facts = table(stage.words.facts, stage.prose(5 if large else 4.2, 2.5), *child.below(body).size)
    facts.write(stage.sheet, child.write(stage, body))
