"""A notice as the lines of a face of so many columns and rows, to be read in passing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from channels.breaking import broken
from channels.contract import Kind, Notice, Panel, Status
from channels.fitting import shorten, width
from channels.wording import CAUTIONS, Facts, beijing, facts_of, mark, numbers, place, title

COLUMNS, ROWS = 16, 8
NARROWEST = 8  # a face with fewer columns has to scroll: the mark alone takes four

# A passer-by has five to eight seconds and reads about nine characters in one.
READABLE = 72


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to say: ``options`` from the fullest to the one that is always said (empty: may be left out). Items
    with a low ``rank`` get their room first."""

    options: tuple[str, ...]
    rank: int = 0


def lines(notice: Notice, panel: Panel) -> tuple[str, ...]:
    """Lines of at most ``columns`` full-width characters, the first one beginning with the title.

    What must be said is said even where it is more than ``rows`` lines: the rest are further pages of ``rows`` lines,
    and each page of an exercise or test begins with the mark.
    """
    columns, rows = max(panel.columns or COLUMNS, NARROWEST), max(panel.rows or ROWS, 1)
    facts = facts_of(notice)
    items = _ended(notice, facts) if notice.kind is Kind.RETRACT else _searched(notice, facts)
    said = _choose(items, columns, rows)
    laid = _laid(said, columns, rows)
    return tuple(laid) if len(laid) <= rows else tuple(_paged(said, columns, rows, mark(notice)))


def _ended(notice: Notice, facts: Facts) -> list[Item]:
    must = (title(notice), CAUTIONS[notice.status], f"{facts.masked}的寻人已经结束", "请停止转发，感谢关注")
    items = [Item((text,)) for text in (*must, facts.unit, f"编号{facts.alert}") if text]
    return [*items, Item((facts.line, ""), rank=1)]


def _searched(notice: Notice, facts: Facts) -> list[Item]:
    assert notice.loss is not None
    who = " ".join((facts.name, facts.sex, facts.age))
    lost = beijing(notice.loss.at)
    spot = replace(notice.loss, area_name="")
    wheres = (f"{place(notice.loss, province=False)}失踪", f"{place(spot)}失踪") if place(spot) else (facts.place,)
    items = [
        Item((title(notice),)),
        Item((f"{who} 约{facts.height}", who) if facts.height else (who,), rank=3),
        Item(tuple(_shortened("衣着：", facts.clothing)), rank=2),
        Item(tuple(_shortened("特征：", facts.features)), rank=6),
        Item((f"{lost.month}月{lost.day}日{lost.hour}:{lost.minute:02}",)),
        Item(wheres, rank=4),
        Item(tuple(_shortened("车辆：", facts.vehicle)), rank=1),
        Item(tuple(_shortened("人员：", facts.suspect)), rank=7),
        Item((f"线索请拨{numbers(facts)}", "线索请拨110"), rank=5),
        Item((facts.unit, ""), rank=8),
    ]
    caution = [] if notice.status is Status.ACTUAL else [Item((CAUTIONS[notice.status],))]
    return items[:1] + caution + items[1:]


def _shortened(label: str, fact: str) -> Iterator[str]:
    """Ever fewer whole clauses of the fact, and at last nothing."""
    text = shorten(fact, READABLE, fragments=False)
    while text:
        yield label + text
        text = shorten(text, len(text) - 1, fragments=False)
    yield ""


def _choose(items: list[Item], columns: int, rows: int) -> list[str]:
    chosen = [item.options[-1] for item in items]
    for at in sorted(range(len(items)), key=lambda i: items[i].rank):
        for option in items[at].options[:-1]:
            trial = [*chosen[:at], option, *chosen[at + 1 :]]
            if sum(map(width, trial)) <= READABLE * 2 and len(_laid(trial, columns, rows)) <= rows:
                chosen = trial
                break
    return [text for text in chosen if text]


def _laid(texts: list[str], columns: int, rows: int) -> list[str]:
    """A line for each text; on a low, wide face several short texts share one."""
    laid = _wrapped(texts, columns)
    return laid if len(laid) <= rows else _wrapped(_packed(texts, columns), columns)


def _packed(texts: list[str], columns: int) -> list[str]:
    packed: list[str] = []
    for text in filter(None, texts):
        if packed and width(f"{packed[-1]}　{text}") <= columns * 2:
            packed[-1] += f"　{text}"
        else:
            packed.append(text)
    return packed


def _wrapped(texts: list[str], columns: int) -> list[str]:
    return [line for text in texts if text for line in wrap(text, columns)]


def _paged(texts: list[str], columns: int, rows: int, marked: str) -> Iterator[str]:
    """The lines, with the mark on every page: on a line of its own, or before the only line there is."""
    texts = _packed(texts, columns)
    if not marked:
        yield from _wrapped(texts, columns)
    elif rows == 1:
        texts = [texts[0].removeprefix(marked), *texts[1:]]
        yield from (marked + line for line in _wrapped(texts, columns - width(marked) // 2))
    else:
        for at, line in enumerate(_wrapped(texts, columns)):
            if at >= rows and (at - rows) % (rows - 1) == 0:
                yield marked
            yield line


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most ``columns`` full-width characters, broken as GB/T 15834 allows."""
    return broken(text, columns * 2, width)
