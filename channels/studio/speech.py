"""The announcement: attention tone, the script, a pause, and the script once more."""

import logging

from channels.contract import Made, Notice, Piece
from channels.studio.reading import read
from channels.studio.sound import Sound, joined, levelled, mp3, mp3_seconds, silence, wav
from channels.studio.tone import attention
from channels.studio.voices import DEFAULT, voice

BEFORE = 0.5  # seconds between the tone and the first word
BETWEEN = 1.5
AFTER = 0.5

log = logging.getLogger("huijia.speech")

_FORMS = ("audio/mpeg", "audio/wav")


def announce(script: str, mime: str = "audio/mpeg", *, by: str = DEFAULT.name) -> Made:
    """The script as it goes on air, as ``audio/mpeg`` (44.1 kHz) or ``audio/wav`` (the voice's own rate), one channel.

    ``by`` names a voice; what it cannot say whole, eSpeak says. The same arguments give the same bytes. A script without
    a word is the tone alone. Raises :class:`ValueError` for another form, :class:`channels.studio.voices.UnknownVoice`,
    and :class:`channels.studio.espeak.EspeakError` where the library does not work. Takes about a two-hundredth of the
    announcement's length: keep it off the event loop.
    """
    if mime not in _FORMS:
        raise ValueError(f"an announcement is made as {' or '.join(_FORMS)}, not as {mime!r}")
    parts = _parts(script, by)
    if mime == "audio/wav":
        whole = joined(*parts)
        return Made(mime, wav(whole), seconds=round(whole.seconds, 3))
    body = _encoded(parts)
    return Made(mime, body, seconds=round(mp3_seconds(body), 3))


def make(piece: Piece, notice: Notice, photo: bytes | None) -> Made:
    """The announcement that a piece states."""
    return announce(piece.script, piece.mime)


def _parts(script: str, by: str) -> tuple[Sound, ...]:
    text = read(script)
    said = levelled(_said(text, by)) if text else silence(22_050, 0)
    rate = said.rate
    if not said.samples:
        return (attention(rate), silence(rate, AFTER))
    return (attention(rate), silence(rate, BEFORE), said, silence(rate, BETWEEN), said, silence(rate, AFTER))


def _encoded(parts: tuple[Sound, ...]) -> bytes:
    """Streams of MP3 frames one after the other are a stream: what is said twice is encoded once."""
    frames: dict[int, bytes] = {}
    for part in parts:
        if id(part) not in frames:
            frames[id(part)] = mp3(part)
    return b"".join(frames[id(part)] for part in parts)


def _said(text: str, by: str) -> Sound:
    speaker = voice(by)
    if speaker is DEFAULT:
        return DEFAULT.say(text)
    try:
        sound = speaker.say(text)
        if sound.samples:
            return sound
        log.warning("voice %s said nothing, eSpeak does", by)
    except Exception as error:  # a voice from outside; the announcement goes out all the same
        # Its words may hold the text, and so the child's name.
        log.warning("voice %s did not say an announcement, eSpeak does: %s", by, type(error).__name__)
    return DEFAULT.say(text)
