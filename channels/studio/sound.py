"""Sound in memory, one channel of 16-bit samples, and the two forms in which it leaves: MP3 and WAV."""

import io
import math
import wave
from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from operator import mul

import lameenc

FULL = 32768
"""The amplitude of 0 dBFS."""

LOUDNESS = -16.0
"""Mean power of what is audible, in dBFS: about as many LUFS for a voice, as loud as speech on the net and on small
loudspeakers is. A station brings it to its own level, as it does with everything."""

CEILING = 10 ** (-1.5 / 20)  # an MP3 swings a little higher than what went in
_KNEE = 0.5
_BLOCK = 0.4  # seconds, the block of ITU-R BS.1770
_AUDIBLE = 10 ** (-50 / 20)
_GATE = 10 ** (-10 / 20)  # blocks so much quieter than the others are pauses
_MOST_GAIN = 64.0
_TELLING = 8  # every eighth sample tells how loud the whole is,
_COARSE = 3  # to a few ten-thousandths of full scale

_KILOBITS = 64
_MP3_RATE = 44_100  # MPEG-1: every player and every play-out system takes it; LAME resamples
_LAME_QUALITY = 7  # of 0, slow, to 9; nobody hears the difference in one voice


@dataclass(frozen=True, slots=True)
class Sound:
    """``samples``: signed 16-bit, native order, one channel, ``rate`` of them in a second."""

    rate: int
    samples: "array[int]"

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def silence(rate: int, seconds: float) -> Sound:
    """Nothing to hear."""
    return Sound(rate, array("h", bytes(2 * round(rate * seconds))))


def joined(*sounds: Sound) -> Sound:
    """One after the other. All have the same rate."""
    (rate,) = {sound.rate for sound in sounds}
    whole = array("h")
    for sound in sounds:
        whole.extend(sound.samples)
    return Sound(rate, whole)


def levelled(sound: Sound) -> Sound:
    """As loud as ``LOUDNESS``, no sample over ``CEILING``: peaks are rounded off and never cut. Silence stays silence."""
    heard = Counter(abs(value) | _COARSE for value in _audible(sound)[::_TELLING])
    if not heard:
        return sound
    # The louder the gain, the more power: the least gain that is loud enough, to a twentieth of a decibel.
    gains = [10 ** (step / 400) for step in range(-800, round(400 * math.log10(_MOST_GAIN)) + 1)]
    wanted = (10 ** (LOUDNESS / 20) * FULL) ** 2
    gain = gains[min(bisect_left(gains, wanted, key=lambda gain: _power(heard, gain)), len(gains) - 1)]
    rising = [_shaped(value, gain) for value in range(FULL + 1)]
    table = rising[:FULL] + [-value for value in reversed(rising[1:])]  # a negative index counts from the end
    return Sound(sound.rate, array("h", map(table.__getitem__, sound.samples)))


def mp3(sound: Sound) -> bytes:
    """MPEG-1 layer III, 44.1 kHz, one channel, 64 kbit/s. The same sound gives the same bytes."""
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(_KILOBITS)
    encoder.set_in_sample_rate(sound.rate)
    encoder.set_out_sample_rate(_MP3_RATE)
    encoder.set_channels(1)
    encoder.set_quality(_LAME_QUALITY)
    encoder.silence()
    return bytes(encoder.encode(sound.samples.tobytes())) + bytes(encoder.flush())


def mp3_seconds(body: bytes) -> float:
    """The length of what :func:`mp3` made."""
    return len(body) * 8 / (_KILOBITS * 1000)


def wav(sound: Sound) -> bytes:
    """RIFF WAVE, PCM, at the sound's own rate."""
    body = io.BytesIO()
    with wave.open(body, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(sound.samples.tobytes())
    return body.getvalue()


def _audible(sound: Sound) -> "array[int]":
    """The samples of the blocks in which something is said."""
    length = max(round(sound.rate * _BLOCK), 1)
    blocks = [sound.samples[at : at + length] for at in range(0, len(sound.samples), length)]
    powers = [(_mean_square(block), block) for block in blocks]
    loud = [power for power, _ in powers if power > (_AUDIBLE * FULL) ** 2]
    least = _GATE**2 * sum(loud) / len(loud) if loud else math.inf
    heard = array("h")
    for power, block in powers:
        if power >= least:
            heard.extend(block)
    return heard


def _mean_square(block: "array[int]") -> float:
    return float(sum(map(mul, block, block)) / len(block))


def _power(heard: "Counter[int]", gain: float) -> float:
    return sum(_shaped(value, gain) ** 2 * times for value, times in heard.items()) / heard.total()


def _shaped(value: int, gain: float) -> int:
    """An amplitude made louder by ``gain``; from the knee on it bends towards the ceiling, which it does not reach."""
    loud = value / FULL * gain
    if loud > _KNEE:
        loud = _KNEE + (CEILING - _KNEE) * math.tanh((loud - _KNEE) / (CEILING - _KNEE))
    return round(loud * FULL)
