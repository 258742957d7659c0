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
    full = stage.full
    band, _ = full.from_top(stage.px(1.6))
    stage.sheet.fill(band, stage.scheme.main)
    inner = stage.safe._replace(top=max(stage.safe.top, band.bottom)).inset(stage.px(6), stage.px(5))
    if inner.width > inner.height * 3:
        left, right = inner.from_left(inner.width * 54 // 100, stage.px(8))
        _stack(stage, left, _message(stage, left, 1.0))
        _stack(stage, right, _details(stage, right, 1.0), align="left")
        return
    foot, body = inner.from_bottom(inner.height * 16 // 100, stage.px(2))
    message = _message(stage, body, 0.5)
    room = body.height - sum(setting.height + above for _, setting, _, above in message)
    details = _details(stage, body._replace(top=body.bottom - max(room - stage.px(3), 0)), 0.0)
    _stack(stage, body, [*message, *details])
    _stack(stage, foot, _origin(stage, foot), low=True)


def _message(stage: Stage, box: Box, share: float) -> list[Part]:
    """搜寻已结束，谢谢: on two lines where one would be small."""
    words = stage.words
    parts: list[Part] = []
    room = round(box.height * share) if share < 1 else box.height
    if words.mark:
        mark = fitted(f"{words.mark} · {words.caution}", Style(BOLD, stage.px(6), 9, lines=2), box.width, room // 3)
        parts.append(("mark", mark, stage.scheme.main, 0))
        room -= mark.height + stage.px(2)
    over, thanks = OVER.split("，")
    one = listed((OVER,), Style(BOLD, stage.px(16), 9), box.width, room)
    two = listed((over, thanks), Style(BOLD, stage.px(16), 9, leading=1.3), box.width, room)
    best = one if one.lines and one.size * 10 >= two.size * 7 else two
    parts.append(("over", best, stage.scheme.main, stage.px(2) if parts else 0))
    return parts


def _details(stage: Stage, box: Box, origin: float) -> list[Part]:
    """Whose search it was, what to do now, and a line of the police's own."""
    words = stage.words
    rest, parts = box.height, list[Part]()
    lines: list[tuple[str, str, Style, Colour]] = [
        ("name", f"{words.name}的寻人已经结束", Style(BOLD, stage.px(6.4), 9, lines=3), INK),
        ("stop", STOP, Style(REGULAR, stage.px(4.6), 9, lines=4), INK),
        ("line", words.line, Style(REGULAR, stage.px(4.6), 9, lines=4), INK),
    ]
    if origin:
        lines += _signed(stage)
    for name, text, style, colour in lines:
        above = stage.px(2.2)
        setting = fitted(text, style, box.width, rest - above)
        if setting.lines:
            parts.append((name, setting, colour, above))
            rest -= setting.height + above
    return parts


def _signed(stage: Stage) -> list[tuple[str, str, Style, Colour]]:
    words = stage.words
    return [
        ("unit", words.unit, Style(REGULAR, stage.px(4), 9, lines=2), MUTED),
        ("alert", f"编号 {words.alert}", Style(REGULAR, stage.px(4), 9), MUTED),
    ]


def _origin(stage: Stage, box: Box) -> list[Part]:
    rest, parts = box.height, list[Part]()
    for name, text, style, colour in _signed(stage):
        setting = fitted(text, style, box.width, rest)
        rest -= setting.height
        parts.append((name, setting, colour, 0))
    return parts


def _stack(stage: Stage, box: Box, parts: list[Part], *, align: str = "centre", low: bool = False) -> None:
    """One below the other, in the middle of the box or at its foot."""
    spare = box.height - sum(setting.height + above for _, setting, _, above in parts)
    top = box.top + max(spare if low else spare // 2, 0)
    for name, setting, colour, above in parts:
        top += above
        stage.sheet.write(name, setting, box._replace(top=top), colour, align)
        top += setting.height
