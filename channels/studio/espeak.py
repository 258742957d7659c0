"""The voice of every installation: eSpeak NG 1.52, a robot that is understood.

Its own Chinese dictionary misses common syllables (every xiong, qiong and jiong is read as English letters) and gets many
surnames wrong, so it is told the syllables: Han characters go in as phonemes, other letters as they are. The library is
GPL-3; it is loaded when it is needed and nothing of it is part of huijia (docs/speech.md).
"""

import ctypes
import re
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any, ClassVar

import espeakng_loader

from channels.studio.mandarin import LETTERS, is_han, syllables
from channels.studio.reading import UNREADABLE
from channels.studio.sound import Sound

RATE_OF_SPEECH = 240
"""eSpeak's words a minute; in Mandarin about 260 characters, as the news is read."""

# espeak-ng/speak_lib.h, 1.52
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000  # without it the library ends the process when its data are missing
_UTF8 = 1
_PHONEMES = 0x100  # [[…]] in the text holds phoneme mnemonics
_RATE = 1

_SPEAKS = b"cmn"
_SPELLS = b"cmn-latn-pinyin"
# Syllables that its rules do not know, from the parts of those that they do (yong, xiao, qiao, jiao).
_OURS = {"xiong": "S;j'ong", "qiong": "tS;hj'ong", "jiong": "tS;j'ong", "kiu": "kh'iou"}
_CONTOURS = {"1": "55", "2": "35", "3": "214", "4": "51", "5": "11"}
_LIKE = {"ê": "ei", "wong": "weng", "m": "mu", "n": "en", "ng": "en", "hm": "heng", "hng": "heng"}

_ALONE = re.compile(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])")  # in English a lone A is an article

_LOCK = threading.Lock()
_Heard = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_mnemonics: dict[str, str] = {}


class EspeakError(Exception):
    """The library does not work here. The text says what it answered."""


class Espeak:
    """Says anything: what it has no sound for it names as an unreadable character."""

    name: ClassVar[str] = "espeak"
    title: ClassVar[str] = "eSpeak NG 合成语音"

    def say(self, text: str) -> Sound:
        """22.05 kHz. Raises :class:`EspeakError` when the library does not load."""
        with engine() as lib:
            return synthesised(lib, transcribed(lib, text))


@contextmanager
def engine() -> Iterator[Any]:
    """The library, freshly loaded and unloaded again: it carries much from one text over to the sound of the next, and
    the same text must give the same sound. It is not made for threads; one at a time."""
    with _LOCK:
        path, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
        try:
            lib = ctypes.CDLL(path)
        except OSError as error:
            raise EspeakError(f"libespeak-ng does not load: {error}") from error
        try:
            if lib.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DONT_EXIT) <= 0:
                raise EspeakError("eSpeak NG cannot read its data")
            lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
            yield lib
        finally:
            lib.espeak_Terminate()
            close = ctypes.CDLL(None).dlclose
            close.argtypes = (ctypes.c_void_p,)
            close(lib._handle)


def transcribed(lib: Any, text: str) -> str:
    """What the library is given: 李小明，B口 → [[l'i214_| S;j'Au214_| m'i35N_|]]，[[p'i51_|]][[kh'ou214_|]]."""
    text = "".join(char if is_han(char) or _sounds(lib, char) else f"，{UNREADABLE}，" for char in text)
    text = re.sub(rf"，+{UNREADABLE}，+(?:{UNREADABLE}，+)*", f"，{UNREADABLE}，", text)
    parts = (("".join(run), han) for han, run in groupby(text, is_han))
    return "".join(
        _told(lib, syllables(part)) if han else _ALONE.sub(lambda one: _told(lib, _letter(one[0])), part)
        for part, han in parts
    )


def synthesised(lib: Any, transcript: str) -> Sound:
    """The sound of a transcript."""
    samples = array("h")

    @_Heard  # type: ignore[untyped-decorator]  # ctypes' own
    def heard(wave: Any, count: int, _: Any) -> int:
        if wave and count > 0:
            samples.frombytes(ctypes.string_at(wave, count * samples.itemsize))
        return 0

    lib.espeak_SetSynthCallback(heard)
    _speak_as(lib, _SPEAKS)
    lib.espeak_SetParameter(_RATE, RATE_OF_SPEECH, 0)
    body = transcript.encode("utf-8", "replace") + b"\0"
    failed = lib.espeak_Synth(body, len(body), 0, 1, 0, _UTF8 | _PHONEMES, None, None) or lib.espeak_Synchronize()
    lib.espeak_SetSynthCallback(None)
    if failed:
        raise EspeakError(f"eSpeak NG says nothing: error {failed}")
    return Sound(int(lib.espeak_ng_GetSampleRate()), samples)


def _told(lib: Any, said: list[str]) -> str:
    return f"[[{' '.join(_mnemonic(lib, syllable) for syllable in said)}]]"


def _letter(char: str) -> list[str]:
    return LETTERS[char.upper()].split()


def _sounds(lib: Any, char: str) -> bool:
    """Whether the library says something for what is not Han, or need not. For a letter of a script that it does not
    know it says a pause, or the number of the character."""
    if char.isascii() or not char.isalpha():
        return char not in "[]"
    said = _phonemes(lib, _SPEAKS, char)
    return bool(said.strip("_|: ")) and "@:11" not in said


def _mnemonic(lib: Any, syllable: str) -> str:
    """xiao3 → S;j'Au214_|. Asked of the library itself, but for the syllables that its rules do not know."""
    if syllable not in _mnemonics:
        sound, tone = syllable[:-1], syllable[-1]
        if sound in _OURS:
            _mnemonics[syllable] = f"{_OURS[sound]}{_CONTOURS[tone]}_|"
        else:
            _mnemonics[syllable] = _phonemes(lib, _SPELLS, _LIKE.get(sound, sound) + tone)
    return _mnemonics[syllable]


def _phonemes(lib: Any, voice: bytes, text: str) -> str:
    _speak_as(lib, voice)
    rest = ctypes.c_void_p()
    body = ctypes.create_string_buffer(text.encode("utf-8", "replace"))
    rest.value = ctypes.addressof(body)
    said = ""
    while rest.value:
        said += (lib.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, 0) or b"").decode()
    return said


def _speak_as(lib: Any, voice: bytes) -> None:
    if lib.espeak_SetVoiceByName(voice) != 0:
        raise EspeakError(f"eSpeak NG has no voice {voice.decode()}: its data are missing, or their path is too long")
