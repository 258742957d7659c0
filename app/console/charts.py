"""Times as pictures: a logarithmic axis, because the first seconds count as much as the last hour."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from app.console.spoken_time import span

LEFT, RIGHT, TOP, BOTTOM = 56.0, 900.0, 14.0, 250.0
SHORTEST, LONGEST = 0.5, 6 * 3600.0
TICKS = ((1, "1秒"), (10, "10秒"), (60, "1分"), (600, "10分"), (3600, "1小时"))


@dataclass(frozen=True, slots=True)
class Curve:
    """``path``: how many of all had got there by then; ``last``: its end, where its word stands."""

    name: str
    word: str
    path: str
    last: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Strip:
    """One figure over many alerts: a dot for each, and where half of them were quicker."""

    word: str
    dots: Sequence[tuple[float, str]]
    middle: float | None
    middle_word: str
    missing: int


def along(seconds: float) -> float:
    """Where on the axis."""
    inside = min(max(seconds, SHORTEST), LONGEST)
    return round(LEFT + (RIGHT - LEFT) * math.log(inside / SHORTEST) / math.log(LONGEST / SHORTEST), 1)


def ticks() -> Sequence[tuple[float, str]]:
    return [(along(seconds), word) for seconds, word in TICKS]


def curves(hundredths: Mapping[str, Sequence[float]], words: Mapping[str, str]) -> Sequence[Curve]:
    """``hundredths`` from ``pace.curves``; those that never began are left out."""
    found = []
    for name, word in words.items():
        values = hundredths.get(name) or ()
        if not values:
            continue
        points = [(along(seconds), _up(n)) for n, seconds in enumerate(values, 1)]
        path = f"M{points[0][0]:g} {BOTTOM:g}" + "".join(f"H{x:g}V{y:g}" for x, y in points)
        found.append(Curve(name, word, path, points[-1]))
    return found


def _up(hundredth: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * hundredth / 100, 1)


def shares() -> Sequence[tuple[float, str]]:
    return [(_up(n), f"{n}%") for n in (0, 25, 50, 75, 95)]


def strip(word: str, values: Sequence[tuple[str, float | None]]) -> Strip:
    """``values``: what each alert is called, and its seconds."""
    there = [(name, seconds) for name, seconds in values if seconds is not None]
    half = median(seconds for _, seconds in there) if there else None
    return Strip(
        word, [(along(s), f"{name}：{span_of(s)}") for name, s in there], along(half) if half is not None else None,
        span_of(half) if half is not None else "–", len(values) - len(there),
    )  # fmt: skip


def span_of(seconds: float | None) -> str:
    """8.4秒, 3分20秒; a dash where there is nothing."""
    if seconds is None:
        return "–"
    return f"{seconds:.1f}秒" if seconds < 10 else span(seconds)
