"""A better voice may come in from outside, and never costs a word."""

from array import array
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from channels.registry import RegistryError, assemble
from channels.studio import voices
from channels.studio.sound import Sound
from channels.studio.speech import announce
from channels.studio.voices import DEFAULT, UnknownVoice, voice_fault


class Hum:
    """Says everything as a 200 Hz square wave at a rate of its own, a tenth of a second a character; no rare ones."""

    name: ClassVar[str] = "hum"
    title: ClassVar[str] = "嗡嗡"

    def say(self, text: str) -> Sound:
        if "韡" in text:
            raise ValueError("not in the table: 韡")
        if "骉" in text:
            raise ZeroDivisionError(text)
        if "默" in text:
            return Sound(24_000, array("h"))
        period = array("h", [3000] * 60 + [-3000] * 60)
        return Sound(24_000, period * (20 * len(text)))


HUM = Hum()


@pytest.fixture
def hum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices, "VOICES", assemble((DEFAULT, HUM), (), voice_fault))


@pytest.mark.usefixtures("hum")
def test_a_voice_from_outside_is_used() -> None:
    made = announce("李小明走失", "audio/wav", by="hum")
    assert int.from_bytes(made.body[24:28], "little") == 24_000, "its own rate, tone and all"
    assert made.seconds == pytest.approx(2.7 + 0.5 + 0.5 + 1.5 + 0.5 + 0.5, abs=0.01)


@pytest.mark.usefixtures("hum")
@pytest.mark.parametrize("name", ["王韡", "王骉", "王默"])
def test_espeak_says_what_it_cannot(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert announce(f"{name}走失", by="hum") == announce(f"{name}走失")
    assert "hum" in caplog.text
    assert name not in caplog.text


def test_it_comes_in_by_an_entry_point() -> None:
    point = EntryPoint("hum", "tests.studio.test_voices:HUM", voices.VOICE_GROUP)
    found = assemble((DEFAULT,), (point,), voice_fault)
    assert list(found) == ["espeak", "hum"]
    assert isinstance(found["hum"], Hum)


def test_a_voice_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownVoice, match=r"'alto'.*espeak"):
        announce("李小明", by="alto")


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [({"name": "x"}, "title"), ({"title": "甲"}, "name"), ({"name": "x", "title": "甲"}, "say")],
)
def test_what_is_no_voice_stops_the_boot(attributes: dict[str, str], fault: str) -> None:
    adapter = type("Mute", (), attributes)()
    with pytest.raises(RegistryError, match=fault):
        assemble((adapter,), (), voice_fault)
