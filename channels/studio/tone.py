"""The attention tone: two strokes of a bell, a rising fourth, struck twice.

It is ours and stands for nothing else. Not taken: the sirens of civil defence (防空警报, a swept tone), the 853 + 960 Hz
pair and data bursts of American alerts, the 440/659 Hz and 932/1047/3136 Hz alternations of Canadian ones, the chimes of
Japanese earthquake warnings, two-tone horns of the emergency services, telephone and facsimile tones.
"""

import math
from array import array
from functools import lru_cache

from channels.studio.sound import FULL, Sound

STROKES = (587.33, 783.99)
"""Hz: D5 and G5."""

STROKE = 0.55  # seconds
REST = 0.25  # after each pair
TIMES = 2
SECONDS = TIMES * (len(STROKES) * STROKE + REST)

_LOUD = 0.3
_FADES_IN = 1.1  # seconds in which a stroke falls to a third
_EDGE = 0.01  # seconds without a click at either end
_PARTIALS = ((1, 1.0), (2, 0.25), (3, 0.08))


@lru_cache(maxsize=8)
def attention(rate: int) -> Sound:
    """The tone at a sampling rate."""
    rest = array("h", bytes(2 * round(rate * REST)))
    pair = array("h")
    for frequency in STROKES:
        pair.extend(_stroke(frequency, rate))
    return Sound(rate, (pair + rest) * TIMES)


def _stroke(frequency: float, rate: int) -> "array[int]":
    length = round(rate * STROKE)

    def at(index: int) -> int:
        seconds = index / rate
        edge = min(seconds, (length - index) / rate, _EDGE) / _EDGE
        swing = sum(part * math.sin(2 * math.pi * frequency * order * seconds) for order, part in _PARTIALS)
        return round(FULL * _LOUD * edge * math.exp(-seconds / _FADES_IN) * swing)

    return array("h", map(at, range(length)))
