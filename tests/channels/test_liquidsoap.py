"""Liquidsoap's command server: what is said to it word for word, and that only what was on the air counts."""

import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.carriers.liquidsoap import Liquidsoap, LiquidsoapSettings
from channels.contract import (
    Accepted,
    Duty,
    Media,
    Notice,
    Outcome,
    Profile,
    Reason,
    ReceiptKind,
    Refused,
    Rendition,
    Retry,
    StatedReceipt,
    Status,
    WireError,
)
from sandbox.deck import Deck
from sandbox.faults import Switch
from sandbox.liquidsoap import Station
from tests.channels.far_ends import pressed, served
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE
from tests.channels.wire import FakeWire

CARRIER = Liquidsoap()


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


class Radio:
    """A station whose time passes when the test says so. ``sounds``: what can be fetched, and how long it is."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sounds: dict[str, float] = {}
        self.otherwise: float | None = 30.0
        self.heard: list[str] = []
        self.restart()

    def restart(self) -> None:
        self.deck = Deck(self.clock)

    async def fetch(self, address: str) -> float | None:
        return self.sounds.get(address, self.otherwise)

    async def talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        station = Station(self.deck, self.fetch, Switch())
        answer = station.answer

        def noted(command: str, *, lies: bool = False) -> str:
            self.heard.append(command)
            return answer(command, lies=lies)

        station.answer = noted  # type: ignore[method-assign]
        await station.talk(reader, writer)

    def states(self) -> dict[tuple[str, int], str]:
        self.deck.advance()
        return {(one.alert, one.number): one.state for one in self.deck.entries}


@asynccontextmanager
async def on(talk: Callable[[StreamReader, StreamWriter], Awaitable[None]]) -> AsyncIterator[LiquidsoapSettings]:
    async with served(talk) as port:
        yield LiquidsoapSettings(host="127.0.0.1", port=port)


def radio_of(notice: Notice = PUBLISH, duty: Duty | None = None) -> Rendition:
    return pressed(notice, "radio", Profile(duty=duty or Duty()))[0]


async def send(settings: LiquidsoapSettings, rendition: Rendition, prior: str | None = None) -> Outcome:
    return await CARRIER.send(rendition, settings, key="dlv_9", prior=prior, now=NOW, wire=FakeWire())


async def tend(settings: LiquidsoapSettings, rendition: Rendition, later: float = 0) -> list[StatedReceipt]:
    now = NOW + timedelta(seconds=later)
    receipts = await CARRIER.tend(rendition, settings, key="dlv_9", reference="x", now=now, wire=FakeWire())
    return list(receipts)


# ── What is said ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_word_for_word() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        rendition = radio_of(replace(PUBLISH, status=Status.EXERCISE))
        assert await send(settings, rendition) == Accepted("HJ-2026-000123/1")
        (sound,) = rendition.media
        assert radio.heard == [
            "alert.state",
            'alert.push annotate:alert_id="HJ-2026-000123",number="1",key="dlv_9",title="【演练】紧急寻人":'
            + sound.url,
        ]


async def test_the_name_is_nowhere_on_the_wire() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        await send(settings, radio_of())
        await tend(settings, radio_of())
        assert "李小明" not in "".join(radio.heard)


async def test_nothing_breaks_out_of_its_line_or_its_quotes() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        crooked = radio_of(replace(PUBLISH, alert='X" 1\nalert.retract Y 9\\'))
        await send(settings, crooked)
        (push,) = [command for command in radio.heard if command.startswith("alert.push")]
        assert push.count('"') == 8
        assert not any(command.startswith("alert.retract") for command in radio.heard)


async def test_an_mp3_where_there_is_a_choice_and_nothing_without_a_sound() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        silent = replace(radio_of(), media=())
        refused = await send(settings, silent)
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.BAD_CONTENT
        assert radio.heard == []
        (mp3,) = radio_of().media
        wav = Media("audio", "audio/wav", "https://huijia.example/media/a.wav", "0" * 64, 9)
        await send(settings, replace(radio_of(), media=(wav, mp3)))
        assert mp3.url in radio.heard[-1]


# ── What counts ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_push_that_was_taken_proves_nothing() -> None:
    radio = Radio()
    radio.otherwise = None
    async with on(radio.talk) as settings:
        outcome = await send(settings, radio_of())
        assert outcome == Accepted("HJ-2026-000123/1", None)
        assert await tend(settings, radio_of()) == []
        radio.otherwise = 30.0
        assert await tend(settings, radio_of()) == [], "it could not be fetched: pushed again"
        (receipt,) = await tend(settings, radio_of())
        assert receipt.kind is ReceiptKind.AIRED


@pytest.mark.parametrize("wrong", [0, 3 * 3600 + 7, -400])
async def test_aired_when_it_was_and_the_same_at_every_look(wrong: float) -> None:
    """Also where the station's clock is wrong."""
    radio = Radio()
    radio.clock.now = NOW.timestamp() + wrong
    async with on(radio.talk) as settings:
        await send(settings, radio_of())
        found = set()
        for _ in range(20):
            later = radio.clock.now - NOW.timestamp() - wrong
            found |= {(receipt.kind, receipt.at) for receipt in await tend(settings, radio_of(), later=later)}
            radio.clock.now += 4.97
        ((kind, at),) = found
        assert kind is ReceiptKind.AIRED
        assert at is not None
        assert abs(at - NOW) < timedelta(seconds=31)
        (receipt,) = await tend(settings, radio_of(), later=100)
        assert "30 秒" in receipt.note


async def test_a_double_is_not_said_twice() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        await send(settings, radio_of())
        await tend(settings, radio_of())
        radio.clock.now += 60
        again = await send(settings, radio_of())
        assert isinstance(again, Accepted)
        assert again.receipt is not None
        assert again.receipt.kind is ReceiptKind.AIRED
        assert sum("alert.push" in command for command in radio.heard) == 1


async def test_a_station_that_was_restarted_is_told_again() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        await send(settings, radio_of())
        radio.restart()
        assert await tend(settings, radio_of()) == []
        (receipt,) = await tend(settings, radio_of())
        assert receipt.kind is ReceiptKind.AIRED


@pytest.mark.parametrize(
    ("duty", "after", "again"),
    [
        (Duty(), 3600, False),
        (Duty(repeat_every_minutes=15), 14 * 60, False),
        (Duty(repeat_every_minutes=15), 16 * 60, True),
        (Duty(repeat_every_minutes=15, until_minutes=10), 16 * 60, False),
        (Duty(repeat_every_minutes=15), 25 * 3600, False),
    ],
)
async def test_said_again_when_the_duty_says_so(duty: Duty, after: int, again: bool) -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        await send(settings, radio_of(duty=duty))
        await tend(settings, radio_of(duty=duty))
        radio.clock.now += 31
        radio.deck.advance()
        radio.clock.now += after
        await tend(settings, radio_of(duty=duty), later=31 + after)
        assert sum("alert.push" in command for command in radio.heard) == 1 + again


# ── Taking back ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_correction_follows_where_it_was_heard() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        await send(settings, radio_of())
        await tend(settings, radio_of())
        outcome = await send(settings, radio_of(RETRACT), prior="HJ-2026-000123/1")
        assert isinstance(outcome, Accepted)
        assert outcome.receipt is not None
        assert outcome.receipt.kind is ReceiptKind.TAKEN_DOWN
        assert radio.heard[-3] == "alert.retract HJ-2026-000123 3"
        assert 'title="寻人结束"' in radio.heard[-1]
        assert radio.states()["HJ-2026-000123", 1] == "cut"
        pushes = len(radio.heard)
        await send(settings, radio_of(RETRACT), prior="HJ-2026-000123/1")
        assert not any("alert.push" in command for command in radio.heard[pushes:]), "and is not said twice"


async def test_no_correction_of_what_nobody_heard() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        await send(settings, radio_of(replace(PUBLISH, alert="HJ-2026-000999")))
        await tend(settings, radio_of(replace(PUBLISH, alert="HJ-2026-000999")))
        await send(settings, radio_of())
        await send(settings, radio_of(RETRACT), prior="HJ-2026-000123/1")
        assert "寻人结束" not in "".join(radio.heard)
        assert radio.states()["HJ-2026-000999", 1] == "playing"
        assert radio.states()["HJ-2026-000123", 1] == "dropped"


async def test_a_station_that_has_forgotten_says_the_correction() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        await send(settings, radio_of())
        radio.restart()
        await send(settings, radio_of(RETRACT), prior="HJ-2026-000123/1")
        assert "寻人结束" in radio.heard[-1]


async def test_a_straggler_after_the_end_is_refused() -> None:
    radio = Radio()
    async with on(radio.talk) as settings:
        await send(settings, radio_of(RETRACT))
        late = await send(settings, radio_of(PUBLISH))
        assert isinstance(late, Refused)
        assert late.reason is Reason.REJECTED
        assert "更新的通告" in late.detail


async def test_not_taken_down_while_it_is_still_there() -> None:
    """A station that says yes to everything and does nothing."""
    lying = {"time": 100.0, "notices": [_listed(1, "playing")]}
    async with on(_says(lying)) as settings:
        outcome = await send(settings, radio_of(RETRACT))
        assert isinstance(outcome, Accepted)
        assert outcome.receipt is None
        assert await tend(settings, radio_of(RETRACT)) == []


async def test_an_older_notice_does_not_speak_for_a_newer() -> None:
    async with on(_says({"time": 100.0, "notices": [_listed(1, "played")]})) as settings:
        assert await tend(settings, radio_of(UPDATE)) == []


# ── What is no answer ───────────────────────────────────────────────────────────────────────────────────────────────


ON_FIRE = '{"alert_id": "A", "number": 1, "state": "on fire", "started": 0, "ended": 0}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", Reason.UNINTELLIGIBLE),
        ("[]", Reason.UNINTELLIGIBLE),
        ('{"time": "noon", "notices": []}', Reason.UNINTELLIGIBLE),
        ('{"time": 1, "notices": [1]}', Reason.UNINTELLIGIBLE),
        (f'{{"time": 1, "notices": [{ON_FIRE}]}}', Reason.UNINTELLIGIBLE),
        ("{" * 70_000, Reason.UNINTELLIGIBLE),
        ("ERROR: Lang.Runtime_error { kind: 李小明 https://x/?sig=1 }", Reason.SERVER_ERROR),
    ],
)
async def test_what_it_cannot_mean(line: str, reason: Reason) -> None:
    async def says(reader: StreamReader, writer: StreamWriter) -> None:
        while await reader.readline():
            writer.write(f"{line}\r\nEND\r\n".encode())
            await writer.drain()

    async with on(says) as settings:
        outcome = await send(settings, radio_of())
        assert isinstance(outcome, Retry)
        assert outcome.reason is reason
        assert "李小明" not in outcome.detail
        with pytest.raises(WireError):
            await tend(settings, radio_of())


async def test_a_station_without_the_script() -> None:
    """Certain for a notice; a retraction goes on asking."""

    async def says(reader: StreamReader, writer: StreamWriter) -> None:
        while await reader.readline():
            writer.write(b'ERROR: unknown command, type "help" to get a list of commands.\r\nEND\r\n')
            await writer.drain()

    async with on(says) as settings:
        refused, kept_asking = await send(settings, radio_of()), await send(settings, radio_of(RETRACT))
        assert isinstance(refused, Refused)
        assert "alerts.liq" in refused.detail
        assert isinstance(kept_asking, Retry)


@pytest.mark.parametrize("host", ["", "a b", "http://x", "x/y", "-x", "x:1", "a\nb", "甲"])
def test_a_host_is_a_host(host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        LiquidsoapSettings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "radio.example.cn", "localhost"])
def test_hosts(host: str) -> None:
    assert LiquidsoapSettings(host=host).host == host


def _listed(number: int, state: str) -> dict[str, Any]:
    return {"alert_id": "HJ-2026-000123", "number": number, "key": "x", "state": state, "started": 90.0, "ended": 0.0}


def _says(state: dict[str, Any]) -> Callable[[StreamReader, StreamWriter], Awaitable[None]]:
    answers = {
        "alert.state": state,
        "alert.push": {"taken": True, "reason": ""},
        "alert.retract": {"retracted": True, "dropped": 0, "cut": 1, "aired": True},
    }

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        while line := await reader.readline():
            verb = line.decode().split(" ")[0].strip()
            if verb in answers:
                writer.write(f"{json.dumps(answers[verb])}\r\nEND\r\n".encode())
                await writer.drain()

    return talk
