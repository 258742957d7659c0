"""The announcement: attention tone, the script, a pause, and the script once more."""

from channels.contract import Made, Notice, Piece
from channels.studio.reading import read
from channels.studio.sound import Sound, joined, levelled, mp3, silence, wav
from channels.studio.tone import attention
from channels.studio.voices import DEFAULT, voice

BEFORE = 0.5  # seconds between the tone and the first word
BETWEEN = 1.5
AFTER = 0.5
_FORMS = {"audio/mpeg": mp3, "audio/wav": wav}


def announce(script: str, mime: str = "audio/mpeg", *, by: str = DEFAULT.name) -> Made:
    """The script as it goes on air, as ``audio/mpeg`` (44.1 kHz) or ``audio/wav`` (the voice's own rate), one channel.

    ``by`` names a voice; what it cannot say whole, eSpeak says. The same arguments give the same bytes. A script without
    a word is the tone alone. Raises :class:`ValueError` for another form, :class:`channels.studio.voices.UnknownVoice`,
    and :class:`channels.studio.espeak.EspeakError` where the library does not work. Takes about a hundredth of the
    announcement's length: keep it off the event loop.
    """
    if mime not in _FORMS:
        raise ValueError(f"an announcement is made as {' or '.join(_FORMS)}, not as {mime!r}")
    sound = announcement(script, by)
    return Made(mime, _FORMS[mime](sound), seconds=round(sound.seconds, 3))


def make(piece: Piece, notice: Notice, photo: bytes | None) -> Made:
    """The announcement that a piece states."""
    return announce(piece.script, piece.mime)


def announcement(script: str, by: str = DEFAULT.name) -> Sound:
    """The same before it is put into a file."""
    text = read(script)
    said = _said(text, by) if text else silence(22_050, 0)
    rate = said.rate
    if not said.samples:
        return joined(attention(rate), silence(rate, AFTER))
    said = levelled(said)
    return joined(attention(rate), silence(rate, BEFORE), said, silence(rate, BETWEEN), said, silence(rate, AFTER))


def _said(text: str, by: str) -> Sound:
    try:
        return voice(by).say(text)
    except ValueError:
        return DEFAULT.say(text)
