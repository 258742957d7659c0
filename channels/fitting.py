"""Making words fit: the facts that matter least are shortened first, at the end of a clause."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from channels.wording import EDGES, Facts

# What may be cut, and in which order. The name, the place, the time and 110 are not here.
CUT_ORDER = ("circumstances", "features", "clothing", "line", "suspect", "vehicle")

_LAST_TO_GO = ("place", "name", "masked")

_CLAUSE_END = re.compile(r"[，、；。！？;!?]|(?<!\d),|,(?!\d)")
_OPENING, _CLOSING = "（(《“‘[［", "）)》”’]］"
_SHORTEST_FRAGMENT = 6


def width(text: str) -> int:
    """Half-width cells: a Chinese character takes two, a Latin letter one, a combining mark none."""
    return sum(_cells(char) for char in text)


@lru_cache(maxsize=4096)
def _cells(char: str) -> int:
    if joins(char):
        return 0
    # Ambiguous characters (“ ” … ·) are full width in Chinese typefaces.
    return 2 if unicodedata.east_asian_width(char) in "WFA" else 1


def joins(char: str) -> bool:
    """True for a mark or variation selector that belongs to the character before it."""
    return unicodedata.category(char) in ("Mn", "Me")


def shorten(text: str, limit: int, *, tail: str = "等", fragments: bool = True) -> str:
    """At most ``limit`` characters: whole clauses and ``tail``; or, if ``fragments``, a beginning and …; or nothing."""
    if len(text) <= limit:
        return text
    for end in reversed(_clause_ends(text)):
        kept = text[:end].rstrip(EDGES)
        if kept and len(kept) + len(tail) <= limit:
            return kept if kept.endswith(tail) else kept + tail
    return elide(text, limit) if fragments and limit >= _SHORTEST_FRAGMENT else ""


def elide(text: str, limit: int) -> str:
    """The beginning and …, in at most ``limit`` characters; never half of a composed character."""
    if len(text) <= limit:
        return text
    end = max(limit - 1, 0)
    while end and joins(text[end]):
        end -= 1
    return text[:end] + "…" if limit > 0 else ""


def _clause_ends(text: str) -> list[int]:
    """Where a clause ends outside every bracket."""
    ends, depth = [], 0
    for at, char in enumerate(text):
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth <= 0 and _CLAUSE_END.match(text, at):
            ends.append(at)
    return ends


def fit(
    build: Callable[[Facts], str],
    facts: Facts,
    limit: int,
    *,
    order: Sequence[str] = CUT_ORDER,
    fragments: bool = True,
) -> str:
    """``build(facts)`` in at most ``limit`` characters.

    Where even the facts that are never cut do not fit together (a 40-character name on a 60-character billboard), the
    limit still holds, because the far end would otherwise cut off what comes last, which is 110: then the unit and the
    duty phone go, and the longer of place and name ends in …, so that the reader sees that something is missing.
    """
    for name in order:
        over = len(build(facts)) - limit
        if over <= 0:
            return build(facts)
        value: str = getattr(facts, name)
        tail = "等" if name in ("features", "clothing") else ""
        facts = _with(facts, name, shorten(value, len(value) - over, tail=tail, fragments=fragments))
    for name in ("unit", "phone"):
        if len(build(facts)) > limit:
            facts = _with(facts, name, "")
    return _squeezed(build, facts, limit)


def _squeezed(build: Callable[[Facts], str], facts: Facts, limit: int) -> str:
    while (over := len(build(facts)) - limit) > 0:
        second, longest = sorted(_LAST_TO_GO, key=lambda field: len(getattr(facts, field)))[-2:]
        value: str = getattr(facts, longest)
        if not value:
            break
        room = max(len(getattr(facts, second)), len(value) - over)
        facts = _with(facts, longest, elide(value, min(room, len(value) - 1)))
    return build(facts)


def _with(facts: Facts, name: str, value: str) -> Facts:
    change: dict[str, str] = {name: value}
    return replace(facts, **change)
