"""Where a line may end: GB/T 15834's rules for Chinese punctuation, whatever the unit of measure."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from channels.fitting import joins

_NEVER_FIRST = "，。、；：！？…·）)》”’]］〉」』】〕%％"
_NEVER_LAST = "（(《“‘[［〈「『【〔"
_UNIT = re.compile(r"[!-~]+|.", re.DOTALL)
_PART = re.compile(r"[^-]*-|[^-]+")


def broken(text: str, room: int, measure: Callable[[str], int]) -> list[str]:
    """Lines of at most ``room``. A figure or Latin word stays whole where it can; no line begins with a closing mark or
    ends with an opening one."""
    done: list[str] = []
    line: list[str] = []
    used = 0
    for unit in _whole(text, room, measure):
        if line and used + measure(unit) > room:
            carried = _carried(line, unit, room, measure)
            done.append("".join(line).rstrip())
            line, used = carried, measured(carried, measure)
        if line or not unit.isspace():
            line.append(unit)
            used += measure(unit)
    return [*done, "".join(line).rstrip()] if line else done


def measured(units: list[str], measure: Callable[[str], int]) -> int:
    """How much room they take side by side."""
    return sum(map(measure, units))


def _carried(line: list[str], unit: str, room: int, measure: Callable[[str], int]) -> list[str]:
    """Takes off the end of ``line`` what has to go down together with ``unit``."""
    carried: list[str] = []
    while len(line) > 1 and _inseparable(line[-1], [*carried, unit][0]):
        if measured([line[-1], *carried, unit], measure) > room:
            break
        carried.insert(0, line.pop())
    return carried


def _inseparable(before: str, after: str) -> bool:
    return before in _NEVER_LAST or after[0] in _NEVER_FIRST


def _whole(text: str, room: int, measure: Callable[[str], int]) -> Iterator[str]:
    """What is not broken: a Latin word or figure that fits on a line, else its parts between hyphens, or one character with
    its combining marks."""
    for unit in _units(text):
        if len(unit) == 1 or not unit.isascii() or measure(unit) <= room:
            yield unit
            continue
        for part in _PART.findall(unit):
            if measure(part) <= room:
                yield part
            else:
                yield from part


@lru_cache(maxsize=1024)
def _units(text: str) -> tuple[str, ...]:
    units: list[str] = []
    for found in _UNIT.findall(text):
        if units and joins(found[0]):
            units[-1] += found
        else:
            units.append(found)
    return tuple(units)
