"""Coarse LED displays: rows of the pixel face on a dark ground, in whole multiples of 12 pixels."""

from collections.abc import Sequence

from channels.contract import Kind, Notice
from channels.studio import photo as photos
from channels.studio.board import EM, Board
from channels.studio.box import Box
from channels.studio.colours import WHITE, scheme
from channels.studio.drill import frame
from channels.studio.faces import PIXEL
from channels.studio.qr import qr
from channels.studio.sheet import Sheet
from channels.studio.typesetting import Style, fitted, shortened, wrapped
from channels.studio.words import Words, words


def pixel(sheet: Sheet, notice: Notice, photo: bytes | None) -> None:
    """The notice all over the sheet."""
    said, colours, box = words(notice, PIXEL), scheme(notice), sheet.box
    if said.mark:
        box = frame(sheet, (colours.lamp, colours.night), 1 if min(box.size) < 96 else 2)
    board = Board(sheet, said, colours, EM * max((min(box.size) + 58) // 90, 1))
    box = box.inset(board.gap, 0)
    if notice.kind is Kind.RETRACT:
        _over(board, box)
        return
    box = _code(board, _photo(board, box, photo), notice.page_url)
    match board.rows(box.height):
        case 0 | 1:
            _line(board, box)
        case 2 | 3:
            _pair(board, box)
        case _:
            _page(board, box)


def _photo(board: Board, box: Box, body: bytes | None) -> Box:
    """The photo where it leaves eight characters beside it, or six rows below it; what is left."""
    if board.rows(box.height) < 4 or (photo := photos.opened(body, max(box.size))) is None:
        return box
    shape = min(photos.shape(photo), 0.8)
    wide, tall = round(box.height * shape), round(box.width / shape)
    if box.width - wide >= 8 * board.em:
        slot, rest = box.from_left(wide, board.gap * 3)
    elif box.width >= 4 * board.em and board.rows(box.height - tall) >= 6:
        slot, rest = box.from_top(tall, board.gap * 2)
    else:
        return box
    board.sheet.place("photo", photos.filled(photo, *slot.size), (slot.left, slot.top))
    return rest


def _code(board: Board, box: Box, url: str) -> Box:
    """The code where it leaves ten characters beside it, or seven rows above it; what is left."""
    beside, below = qr(url, min(box.height, box.width // 3)), qr(url, min(box.width, box.height // 3))
    if beside is not None and box.width - beside.picture.width >= 10 * board.em:
        slot, rest = box.from_right(beside.picture.width, board.gap * 3)
        picture = beside.picture
    elif below is not None and board.rows(box.height - below.picture.height) >= 7:
        slot, rest = box.from_bottom(below.picture.height, board.gap * 2)
        picture = below.picture
    else:
        return box
    place = slot.centred(*picture.size)
    board.sheet.place("qr", picture, (place.left, place.top))
    return rest


def _whos(words: Words) -> list[str]:
    """Sex, age and height, and then less and less of it."""
    return [*(" ".join(words.who[:count]) for count in (3, 2)), words.who[1]]


def _titles(board: Board) -> list[str]:
    """From the fullest to the one that is always said: a drill always says that it is one."""
    words = board.words
    change = "更新" if words.update else ""
    full, short = words.mark + words.title, words.mark + "寻人"
    wanted = [f"{full} {change}", f"{words.mark}{change}寻人", full] if change else [full]
    return [*wanted, short, words.mark or "寻人"]


def _bar(board: Board, box: Box, text: str) -> None:
    board.sheet.fill(box, board.scheme.lamp)
    board.row("title", text, box, WHITE, align="centre")


def _line(board: Board, box: Box) -> None:
    """One row: what it is, the name, and 110 at its end."""
    words = board.words
    box = box.from_top(board.em)[0]._replace(top=box.top + (box.height - board.em) // 2)
    box = box._replace(bottom=box.top + board.em)
    title = board.first(_titles(board)[-2:], box.width // 3) or _titles(board)[-1]
    bar, box = box.from_left(board.wide(title) + 2 * board.gap, board.gap * 3)
    _bar(board, bar, title)
    dial, box = box.from_right(board.wide("110"), board.gap * 3)
    board.row("110", "110", dial, board.dial)
    whole = board.first([f"{words.name} {who}" for who in _whos(words)], box.width)
    board.row("name", whole or words.name, box, board.scheme.lamp_text)


def _pair(board: Board, box: Box) -> None:
    """Two or three rows: the title with 110 behind it, then the child."""
    words, text = board.words, board.scheme.lamp_text
    top, rest = box.from_top(board.em, board.gap)
    title, call = _headed(board, top.width)
    bar, top = top.from_left(board.wide(title) + 4 * board.gap, board.gap * 2)
    _bar(board, bar, title)
    board.row("110", call, top, board.dial, align="right")
    spare = rest.height - board.em * board.rows(rest.height)
    rest = rest._replace(top=rest.top + spare // 2)
    if not call:
        dial, rest = rest.from_right(board.wide("110"), board.gap * 3)
        board.row("110", "110", dial, board.dial)
    whole = board.first([f"{words.name} {who}" for who in _whos(words)], rest.width)
    rest = board.row("name", whole or words.name, rest, text)
    board.row("seen", board.first(words.seen, rest.width) or words.seen[-1], rest, text)


def _headed(board: Board, width: int) -> tuple[str, str]:
    """The fullest title and call that fit side by side; an update says so even where its call has to go elsewhere."""
    phone = board.words.phone
    calls = [f"请拨打110或{phone}"] if phone else []
    calls += ["请拨打110", "拨110", "110"]
    titles = _titles(board)
    if board.words.update:
        titles = titles[:-2]
        calls.append("")
    for call in calls:
        if title := board.first(titles, width - board.wide(call) - 6 * board.gap):
            return title, call
    return _titles(board)[-1], "110"


def _page(board: Board, box: Box) -> None:
    """Four rows and more: title, name, 110 at the foot, and between them what there is room for."""
    words = board.words
    bar, rest = box.from_top(board.em, board.gap)
    _bar(board, bar, board.first([f"{_titles(board)[0]} {words.caution}", *_titles(board)], bar.width))
    child, beside = _sides(board, rest)
    foot, child = child.from_bottom(board.em, 0)
    calls = (f"发现请拨打110或{words.phone}", f"110或{words.phone}", "发现请拨打110", "请拨打110", "110")
    board.row("110", board.first(calls if words.phone else calls[2:], foot.width), foot, board.dial)
    below = _child(board, child)
    below = _rows(board, _seen(board, below), below)
    facts = beside or below
    _rows(board, _facts(board, facts), facts)


def _sides(board: Board, box: Box) -> tuple[Box, Box | None]:
    """On the widest faces the facts stand beside the child."""
    if box.width < 34 * board.em:
        return box, None
    return box.from_left(18 * board.em, board.gap * 4)


def _rows(board: Board, lines: Sequence[str], box: Box) -> Box:
    for line in lines:
        box = board.row("told", line, box, board.scheme.lamp_text)
    return box


def _child(board: Board, box: Box) -> Box:
    """The name, twice as tall where it fits, and sex, age and height beside or below it."""
    words, text, stacked = board.words, board.scheme.lamp_text, _beside(board, box)
    large = board.em * 2
    if not _is_large(board, box, 0 if stacked else 1):
        lines = fitted(words.name, Style(PIXEL, board.em, board.em, lines=3, leading=13 / 12), *box.size)
        board.sheet.write("name", lines, box, text)
        box = box._replace(top=min(box.top + lines.height + board.gap, box.bottom))
        return _who(board, box)
    rest = board.row("name", words.name, box, text, em=large)
    beside = box._replace(left=box.right - _spare(board, box), bottom=box.top + large)
    for line in stacked:
        beside = board.row("who", line, beside._replace(bottom=beside.bottom + board.gap), text)
    return rest if stacked else _who(board, rest)


def _is_large(board: Board, box: Box, more: int) -> bool:
    """Whether the name may be twice as tall: sex and age (``more`` rows below it) and the place come before that."""
    room = board.rows(box.height)
    if board.wide(board.words.name, board.em * 2) > box.width or room < 2:
        return False
    place = len(wrapped(board.words.seen[-1], PIXEL, board.em, box.width))
    return room - 2 - more >= min(place, room - 2)


def _spare(board: Board, box: Box) -> int:
    """Pixels beside the name where it is twice as tall."""
    return max(box.width - board.wide(board.words.name, board.em * 2) - board.gap * 4, 0)


def _beside(board: Board, box: Box) -> Sequence[str]:
    """Sex, age and height in two rows beside the tall name; nothing where they do not fit."""
    who = board.words.who
    for stacked in ((" ".join(who[:2]), *who[2:]), who[:2]):
        if max(map(board.wide, stacked)) <= _spare(board, box):
            return stacked
    return ()


def _who(board: Board, box: Box) -> Box:
    """Sex, age and height in a row of their own, where it is not the last one."""
    if board.rows(box.height) < 2:
        return box
    return board.row("who", board.first(_whos(board.words), box.width), box, board.scheme.lamp_text)


def _seen(board: Board, box: Box) -> Sequence[str]:
    """When and where, in the fullest words of which nothing has to be cut."""
    room, lines = board.rows(box.height), list[str]()
    for text in board.words.seen:
        lines = wrapped(text, PIXEL, board.em, box.width)
        parts = [line for part in text.split(" ", 1) for line in wrapped(part, PIXEL, board.em, box.width)]
        lines = parts if len(parts) <= len(lines) else lines  # the time in a row of its own, where that costs none
        if len(lines) <= room:
            return lines
    return shortened(lines, room, PIXEL, board.em, box.width)


def _facts(board: Board, box: Box) -> Sequence[str]:
    """The facts that matter most, on as many rows as there are."""
    told: list[str] = []
    for fact in sorted((fact for fact in board.words.facts if fact.rank < 9), key=lambda fact: -fact.rank):
        room = board.rows(box.height) - len(told)
        whole = wrapped(f"{fact.label}:{fact.value}", PIXEL, board.em, box.width)
        told += shortened(whole, room, PIXEL, board.em, box.width)
    return told


def _over(board: Board, box: Box) -> None:
    """The correction, in the middle."""
    words, text = board.words, board.scheme.lamp_text
    ends: tuple[str, ...] = ("搜寻已结束", "寻人已结束", "已结束")
    wide = box.width
    if words.mark:
        ends = tuple(words.mark + end for end in ends)
    rows = board.rows(box.height)
    lines = [board.first(ends, wide) or words.mark or "结束"]
    if rows == 1:
        lines = [board.first((f"{lines[0]}，谢谢", lines[0]), wide)]
    else:
        lines.append(board.first((f"{words.name} 谢谢", "谢谢"), wide) if rows == 2 else "谢谢")
    number = board.first((f"编号{words.alert}",), wide) or words.alert
    more = (f"{words.name}的寻人已经结束", "请停止转发", words.line, words.unit, number)
    style = Style(PIXEL, board.em, board.em, lines=1000)
    for line in filter(None, more):
        whole = fitted(line, style, wide, 1_000_000).lines
        if len(lines) + len(whole) <= rows:
            lines += whole
    tall = len(lines) * (board.em + board.gap) - board.gap
    box = box._replace(top=box.top + max(box.height - tall, 0) // 2)
    for at, line in enumerate(lines):
        box = board.row("over", line, box, WHITE if at == 0 else text, align="centre")
