"""The correction: that the search has ended, and thanks. Quiet colours, no photo, no fact about the child."""

from channels.studio.box import Box
from channels.studio.colours import INK, MUTED, Colour
from channels.studio.faces import BOLD, REGULAR
from channels.studio.stage import Stage
from channels.studio.typesetting import Setting, Style, fitted, listed
from channels.studio.words import OVER, STOP

Part = tuple[str, Setting, Colour, int]
"""Its name, how it is set, its colour and the room above it."""


def ended(stage: Stage) -> None:
    """Any shape: the message beside the details on a strip, above them elsewhere."""
    band, _ = stage.full.from_top(stage.px(1.6))
    stage.sheet.fill(band, stage.scheme.main)
    inner = stage.safe._replace(top=max(stage.safe.top, band.bottom)).inset(stage.px(6), stage.px(5))
    if inner.width > inner.height * 3:
        left, right = inner.from_left(inner.width * 52 // 100, stage.px(8))
        _stack(stage, left, _message(stage, left, 30), "centre")
        _stack(stage, right, _details(stage, right, signed=True), "left")
        return
    foot, body = inner.from_bottom(inner.height * 15 // 100, stage.px(2))
    signed = _laid(stage, foot, _signature(stage))
    _stack(stage, foot._replace(top=foot.bottom - _tall(signed)), signed, "centre")
    message = _message(stage, body._replace(bottom=body.top + body.height * 6 // 10), 17)
    details = _details(stage, body._replace(top=body.top + _tall(message)), signed=False)
    _stack(stage, body, [*message, *details], "centre")


def _message(stage: Stage, box: Box, largest: float) -> list[Part]:
    """搜寻已结束，谢谢: on two lines where one would be small. On a drill, first of all that it is one."""
    words, parts, room = stage.words, list[Part](), box.height
    if words.mark:
        mark = fitted(words.mark, Style(BOLD, stage.px(largest * 0.6), 9), box.width, room // 3)
        parts.append(("mark", mark, stage.scheme.second, 0))
        room -= mark.height
    over, thanks = OVER.split("，")
    one = listed((OVER,), Style(BOLD, stage.px(largest), 9), box.width, room)
    two = listed((over, thanks), Style(BOLD, stage.px(largest), 9, leading=1.3), box.width, room)
    best = one if one.lines and one.size * 10 >= two.size * 7 else two
    return [*parts, ("over", best, stage.scheme.main, 0)]


def _details(stage: Stage, box: Box, *, signed: bool) -> list[Part]:
    """Whose search it was, what to do now, and a line of the police's own."""
    words = stage.words
    plain = Style(REGULAR, stage.px(4.8), 9, lines=4)
    lines = [
        ("caution", words.caution, Style(BOLD, stage.px(4.8), 9, lines=2), stage.scheme.main, 2.4),
        ("name", f"{words.name}的寻人已经结束", Style(BOLD, stage.px(6.6), 9, lines=3), INK, 4.4),
        ("stop", STOP, plain, INK, 2.4),
        ("line", words.line, plain, INK, 2.4),
    ]
    return _laid(stage, box, lines + (_signature(stage) if signed else []))


Line = tuple[str, str, Style, Colour, float]


def _signature(stage: Stage) -> list[Line]:
    small = Style(REGULAR, stage.px(4), 9, lines=2)
    return [("unit", stage.words.unit, small, MUTED, 2.4), ("alert", f"编号 {stage.words.alert}", small, MUTED, 0.6)]


def _laid(stage: Stage, box: Box, lines: list[Line]) -> list[Part]:
    """The lines that fit below each other."""
    rest, parts = box.height, list[Part]()
    for name, text, style, colour, units in lines:
        above = stage.px(units)
        setting = fitted(text, style, box.width, rest - above)
        if setting.lines:
            parts.append((name, setting, colour, above))
            rest -= setting.height + above
    return parts


def _tall(parts: list[Part]) -> int:
    return sum(setting.height + above for _, setting, _, above in parts)


def _stack(stage: Stage, box: Box, parts: list[Part], align: str) -> None:
    """One below the other, in the middle of the box."""
    top = box.top + max(box.height - _tall(parts), 0) // 2
    for name, setting, colour, above in parts:
        top += above
        stage.sheet.write(name, setting, box._replace(top=top), colour, align)
        top += setting.height
