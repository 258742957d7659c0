"""Loudness, measured on sounds whose loudness is known."""

import math
from array import array

import pytest

from channels.studio.sound import CEILING, FULL, LOUDNESS, Sound, joined, levelled, silence

RATE = 22_050


def sine(amplitude: float, seconds: float = 1.0) -> Sound:
    turn = 2 * math.pi * 440 / RATE
    return Sound(
        RATE, array("h", [round(amplitude * (FULL - 1) * math.sin(turn * n)) for n in range(int(RATE * seconds))])
    )


def decibels(sound: Sound) -> float:
    return 10 * math.log10(sum(value * value for value in sound.samples) / len(sound.samples) / FULL**2)


@pytest.mark.parametrize("amplitude", [0.01, 0.05, 0.3, 1.0])
def test_whatever_came_leaves_equally_loud(amplitude: float) -> None:
    assert decibels(levelled(sine(amplitude))) == pytest.approx(LOUDNESS, abs=0.2)


def test_pauses_do_not_count() -> None:
    pauses = joined(sine(0.05), silence(RATE, 5), sine(0.05), silence(RATE, 5))
    said = levelled(pauses)
    assert decibels(Sound(RATE, said.samples[:RATE])) == pytest.approx(LOUDNESS, abs=1), "not six decibels louder"


def test_peaks_bend_and_are_never_cut() -> None:
    crest = array("h", [0] * RATE)
    for at in range(0, RATE, 100):
        crest[at], crest[at + 1] = 32_767, -32_768
    loud = levelled(Sound(RATE, crest))
    assert max(map(abs, loud.samples)) <= CEILING * FULL
    ordered = levelled(Sound(RATE, array("h", range(-32_768, 32_767))))
    assert list(ordered.samples) == sorted(ordered.samples), "louder stays louder"


def test_silence_stays_silence() -> None:
    assert levelled(silence(RATE, 1)) == silence(RATE, 1)
    assert levelled(silence(RATE, 0)).seconds == 0
