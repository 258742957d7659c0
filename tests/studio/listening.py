"""Ears: eSpeak's own account of what it said, a tone detector, and the envelope of a sound. Shares no code with the studio."""

import ctypes
import math
import subprocess
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path

import espeakng_loader


def traced(transcript: str) -> list[list[str]]:
    """The syllables that the library spoke, clause by clause, as it writes them: l'i35, S;j'Au21, …"""
    lib = ctypes.CDLL(espeakng_loader.get_library_path())
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    libc.fclose.argtypes = (ctypes.c_void_p,)
    assert lib.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0x8000) > 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace"
        file = libc.fopen(str(path).encode(), b"w")
        lib.espeak_SetSynthCallback(None)
        lib.espeak_SetPhonemeTrace(1, ctypes.c_void_p(file))
        assert lib.espeak_SetVoiceByName(b"cmn") == 0
        body = transcript.encode() + b"\0"
        assert lib.espeak_Synth(body, len(body), 0, 1, 0, 0x101, None, None) == 0
        lib.espeak_Synchronize()
        lib.espeak_SetPhonemeTrace(0, None)
        lib.espeak_Terminate()
        libc.dlclose(ctypes.c_void_p(lib._handle))
        libc.fclose(file)
        lines = path.read_text("utf-8").splitlines()
    return [[part.strip("_ ") for part in line.split("|") if part.strip("_ ")] for line in lines if line.strip("_| ")]


def goertzel(samples: Sequence[int], rate: int, frequency: float) -> float:
    """The part of the power of these samples that one frequency carries, 0 to 1."""
    turn = 2 * math.cos(2 * math.pi * frequency / rate)
    before = last = 0.0
    for value in samples:
        before, last = last, value + turn * last - before
    power = last * last + before * before - turn * last * before
    whole = sum(value * value for value in samples) * len(samples) / 2
    return power / whole if whole else 0.0


def envelope(samples: "array[int]", rate: int, step: float = 0.01) -> list[float]:
    """Root mean square of full scale, every ``step`` seconds."""
    length = round(rate * step)
    blocks = (samples[at : at + length] for at in range(0, len(samples) - length + 1, length))
    return [math.sqrt(sum(value * value for value in block) / length) / 32768 for block in blocks]


def rests(curve: Sequence[float], step: float = 0.01, below: float = 0.002) -> list[tuple[float, float]]:
    """Where nothing is to be heard: (begin, length) in seconds."""
    found: list[tuple[float, float]] = []
    start: int | None = None
    for index, value in enumerate([*curve, 1.0]):
        if value < below:
            start = index if start is None else start
        elif start is not None:
            found.append((start * step, (index - start) * step))
            start = None
    return found


def alike(one: Sequence[float], other: Sequence[float]) -> float:
    """The correlation of two curves, −1 to 1."""
    length = min(len(one), len(other))
    one, other = one[:length], other[:length]
    a, b = sum(one) / length, sum(other) / length
    top = sum((x - a) * (y - b) for x, y in zip(one, other, strict=True))
    return top / math.sqrt(sum((x - a) ** 2 for x in one) * sum((y - b) ** 2 for y in other))


def decoded(body: bytes, rate: int = 22_050, *, whole: bool = True) -> "array[int]":
    """What ffmpeg hears in a file without fault; not ``whole``: in a stream that was cut somewhere."""
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-f", "s16le", "-ac", "1", "-ar", str(rate), "pipe:1"]
    heard = subprocess.run(command, input=body, capture_output=True, check=True, timeout=60)
    assert not (whole and heard.stderr), heard.stderr.decode()
    return array("h", heard.stdout)
