"""110, the duty phone behind it, and the code that leads to the page."""

from channels.studio.box import Box
from channels.studio.colours import INK, MUTED, RULE, WHITE, Colour
from channels.studio.faces import BOLD, REGULAR
from channels.studio.qr import Code, qr
from channels.studio.stage import Stage
from channels.studio.typesetting import Setting, Style, fitted
from channels.studio.words import CALL, SCAN

Line = tuple[str, str, Style, Colour]


def dial(stage: Stage, box: Box) -> None:
    """110 with the duty phone beside it, or above it where the box is narrow; the code at the right."""
    box = code(stage, box, min(box.height, box.width * 38 // 100))
    if box.width < box.height * 2:
        stacked(stage, box)
    else:
        _abreast(stage, box)


def tall(stage: Stage, units: float) -> int:
    """Pixels for a row of these: on a small picture up to two fifths more, so that its code can be read."""
    return max(stage.px(units), min(stage.px(units * 1.4), 92))


def ruled(stage: Stage, box: Box, above: float) -> None:
    """The same under a hairline, ``above`` units above it."""
    line = box._replace(top=box.top - stage.px(above))
    stage.sheet.fill(line.from_top(stage.px(0.25))[0], RULE)
    dial(stage, box)


def stacked(stage: Stage, box: Box) -> None:
    """Everything one below the other."""
    part = min(box.height, box.width) / 100
    number = ("110", "110", Style(BOLD, round(part * 44), 9), stage.scheme.main)
    lead = ("call", CALL, Style(BOLD, round(part * 11.5), 9), INK)
    _column(stage, box, (lead, number, *_duty(stage, round(part * 12.5), round(part * 8.2))))


def _abreast(stage: Stage, box: Box) -> None:
    lead = fitted(CALL, Style(BOLD, box.height * 19 // 100, 9), box.width, box.height // 3)
    stage.sheet.write("call", lead, box, INK)
    rest = box._replace(top=box.top + lead.height)
    number = fitted("110", Style(BOLD, min(rest.height * 94 // 100, box.width * 2 // 7), 9), *rest.size)
    stage.middle("110", number, rest, stage.scheme.main)
    rest = rest._replace(left=min(rest.left + number.width + number.size // 5, rest.right))
    _column(stage, rest, _duty(stage, number.size * 34 // 100, number.size * 22 // 100))


def _duty(stage: Stage, phone: int, small: int) -> tuple[Line, ...]:
    """The duty phone over the unit that answers it and the number of the alert."""
    words = stage.words
    return (
        ("phone", words.phone and f"或 {words.phone}", Style(BOLD, phone, 9), INK),
        ("unit", words.unit, Style(REGULAR, small, 9, lines=2), INK),
        ("alert", f"编号 {words.alert}", Style(REGULAR, small, 9), MUTED),
    )


def _column(stage: Stage, box: Box, lines: tuple[Line, ...]) -> None:
    """The lines one below the other, in the middle of the box; from the last on they are left out until they fit."""
    wanted = [line for line in lines if line[1]]
    while wanted:
        rest = box.height
        column: list[tuple[str, Setting, Colour]] = []
        for name, text, style, colour in wanted:
            setting = fitted(text, style, box.width, rest)
            rest -= setting.height
            column.append((name, setting, colour))
        if all(setting.lines for _, setting, _ in column):
            break
        wanted.pop()
    else:
        return
    top = box.top + rest // 2
    for name, setting, colour in column:
        stage.sheet.write(name, setting, box._replace(top=top), colour)
        top += setting.height


def code(stage: Stage, box: Box, largest: int) -> Box:
    """The code at the right, with what it is for below it where there is room; the rest of the box."""
    note = max(min(box.height // 10, largest // 6), 9)
    made = qr(stage.url, min(box.height - _below(note), largest))
    if made is None:
        note = 0
        made = qr(stage.url, min(box.height, largest))
    if made is None:
        return box
    # Its quiet zone is margin too: what is seen of the code ends where the words end.
    column = box._replace(right=min(box.right + made.quiet, stage.full.right)).from_right(made.picture.width)[0]
    _place(stage, made, column.centred(made.picture.width, made.picture.height + _below(note)), note)
    return box._replace(right=max(column.left - stage.px(0.5) - 1, box.left))


def code_below(stage: Stage, box: Box) -> Box:
    """The code at the foot; the rest of the box."""
    note = max(box.width // 14, 9)
    made = qr(stage.url, min(box.width, box.height // 2 - _below(note)))
    if made is None:
        return box
    foot, rest = box.from_bottom(made.picture.height + _below(note))
    _place(stage, made, foot.centred(made.picture.width, foot.height), note)
    return rest


def _below(note: int) -> int:
    return round(note * 1.15)


def _place(stage: Stage, made: Code, box: Box, note: int) -> None:
    tile, under = box.from_top(made.picture.height)
    stage.sheet.fill(tile, WHITE)
    stage.sheet.place("qr", made.picture, (tile.left, tile.top))
    if note:
        stage.put("scan", SCAN, Style(REGULAR, note, 9), under, MUTED, "centre")
