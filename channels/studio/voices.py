"""Voices: who speaks. Ours is eSpeak NG; a better one comes in by an entry point of the group ``huijia.voices``."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import ClassVar, Protocol

from channels.registry import assemble
from channels.studio.espeak import Espeak
from channels.studio.sound import Sound

VOICE_GROUP = "huijia.voices"


class Voice(Protocol):
    """``title`` is the Chinese name that operators see."""

    name: ClassVar[str]
    title: ClassVar[str]

    def say(self, text: str) -> Sound:
        """The text as it comes from ``reading.read``: Mandarin without figures, at the pace of the news, any loudness.
        Called in one thread of a worker process. The same text gives the same sound. Raises :class:`ValueError` for a
        text that it cannot say *whole*: eSpeak then says it instead, as when the voice fails. Leaving out a character is
        no way to say a name."""
        ...


class UnknownVoice(KeyError):
    """No voice of that name."""

    def __str__(self) -> str:
        return f"no voice is called {self.args[0]!r}; known are {', '.join(sorted(VOICES))}"


def voice_fault(adapter: object) -> str | None:
    """What keeps this from being a voice, or ``None``."""
    name, title = getattr(adapter, "name", None), getattr(adapter, "title", None)
    if not (isinstance(name, str) and name and isinstance(title, str) and title):
        return "a voice has a name and a title"
    return None if callable(getattr(adapter, "say", None)) else "a voice has a function say"


def voice(name: str) -> Voice:
    """The voice of that name, or :class:`UnknownVoice`."""
    if name not in VOICES:
        raise UnknownVoice(name)
    return VOICES[name]


DEFAULT = Espeak()
VOICES: Mapping[str, Voice] = assemble((DEFAULT,), entry_points(group=VOICE_GROUP), voice_fault)
