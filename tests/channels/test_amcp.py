"""CasparCG, against the sandbox's server: layers, data that reaches the template, and wrong answers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.carriers.amcp import CasparCg, layer_of, template_data
from channels.carriers.amcp_line import quoted
from channels.contract import (
    Accepted,
    Duty,
    Notice,
    Outcome,
    Reason,
    ReceiptKind,
    Refused,
    Retry,
    StatedReceipt,
    Status,
    WireError,
)
from sandbox.amcp import Amcp, called_with
from sandbox.amcp_line import tokens
from sandbox.trouble import Trouble
from tests.channels.caspar_station import settings
from tests.channels.far_ends import pressed, served
from tests.channels.notices import NOW, PUBLISH, RETRACT, UPDATE, rendered
from tests.channels.strategies import SEARCHES
from tests.channels.wire import FakeWire

LAYER = 10_123
OTHER = replace(PUBLISH, alert="HJ-2026-000124")


class Station:
    """The sandbox's server on a port, and our carrier's settings for it."""

    def __init__(self, server: Amcp, port: int) -> None:
        self.server = server
        self.settings = settings(port)
        self.duty = Duty()

    async def send(self, notice: Notice = PUBLISH) -> Outcome:
        rendition = replace(pressed(notice, "tv")[0], duty=self.duty)
        return await CasparCg().send(rendition, self.settings, key="dlv_1", prior=None, now=NOW, wire=FakeWire())

    async def tend(self, notice: Notice = PUBLISH, now: datetime = NOW) -> Sequence[StatedReceipt]:
        rendition = replace(pressed(notice, "tv")[0], duty=self.duty)
        return await CasparCg().tend(
            rendition, self.settings, key="dlv_1", reference=NOW.isoformat(), now=now, wire=FakeWire()
        )

    async def stated(self, notice: Notice = PUBLISH) -> list[ReceiptKind]:
        return [receipt.kind for receipt in await self.tend(notice)]

    def commands(self) -> list[str]:
        """What was given to templates and layers, without its data."""
        words = [tokens(line)[2:] for line in self.server.heard]
        return [f"{one[0]} {one[2]}" if one[0] == "CG" else one[0] for one in words if one[0] in ("CG", "CLEAR")]


@asynccontextmanager
async def station(server: Amcp | None = None) -> AsyncIterator[Station]:
    server = server or Amcp()
    async with server.served() as port:
        yield Station(server, port)


# ── What reaches the template ───────────────────────────────────────────────────────────────────────────────────────


@given(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=60))
def test_a_quoted_parameter_is_read_back_whole(text: str) -> None:
    assert tokens(f"CG 1-20 ADD 0 {quoted(text)} 1") == ["CG", "1-20", "ADD", "0", text, "1"]


@given(SEARCHES)
def test_whatever_a_notice_says_reaches_the_template(notice: Notice) -> None:
    """The server escapes the quotation marks of the data and nothing else: one backslash, and the template gets none."""
    rendition = rendered(notice)
    data = template_data(rendition, 0).decode()
    handed = called_with(tokens(quoted(data))[0])
    assert handed is not None
    assert handed == json.loads(data)
    assert handed["crawl"] == str(rendition.texts["crawl"]).translate({ord('"'): "＂", ord("\\"): "＼"})


async def test_the_template_gets_what_it_needs_and_no_more() -> None:
    async with station() as at:
        at.duty = Duty(exclusive_minutes=5, repeat_every_minutes=20)
        await at.send()
        (data,) = at.server.on_air()
        assert data["alert"] == "HJ-2026-000123"
        assert data["status"] == "actual"
        assert data["crawl"].startswith("紧急寻人：李小明")
        assert data["slate"].startswith("https://huijia.example/media/")
        assert data["expires_at"] == "2026-11-24T15:04:05+08:00"
        assert (data["exclusive_minutes"], data["repeat_every_minutes"], data["row"]) == (5, 20, 0)


# ── On and off ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("alert", "status", "layer"),
    [
        ("HJ-2026-000123", Status.ACTUAL, 10_123),
        ("HJ-2026-999999", Status.ACTUAL, 19_999),
        ("YL-2026-000123", Status.EXERCISE, 20_123),
        ("CS-2026-000000", Status.TEST, 30_000),
    ],
)
def test_layers(alert: str, status: Status, layer: int) -> None:
    assert layer_of(replace(PUBLISH, alert=alert, status=status), settings(1)) == layer


@given(st.from_regex(r"\A[A-Za-z0-9-]{0,30}\Z"), st.sampled_from(Status))
def test_every_layer_is_in_the_range_that_the_station_has_kept_free(alert: str, status: Status) -> None:
    assert 10_000 <= layer_of(replace(PUBLISH, alert=alert, status=status), settings(1)) < 40_000


async def test_on_and_off_and_proven() -> None:
    async with station() as at:
        assert isinstance(await at.send(), Accepted)
        (aired,) = await at.tend()
        assert aired.kind is ReceiptKind.AIRED
        assert aired.note == f"图层 1-{LAYER} 正在播出（html）"
        assert aired.at == NOW, "the same receipt at every look"
        assert isinstance(await at.send(UPDATE), Accepted)
        assert isinstance(await at.send(RETRACT), Accepted)
        assert at.commands() == ["CG ADD", "CG UPDATE", "CG STOP", "CG REMOVE", "CLEAR"]
        assert at.server.layers == {}
        assert await at.stated(RETRACT) == [ReceiptKind.TAKEN_DOWN]


@pytest.mark.parametrize("reference", [None, "", "po-42", "2026-11-23", "2026-11-23T15:04:06"])
async def test_a_reference_of_another_wire_is_none(reference: str | None) -> None:
    async with station() as at:
        await at.send()
        receipts = await CasparCg().tend(
            pressed(PUBLISH, "tv")[0], at.settings, key="dlv_1", reference=reference, now=NOW, wire=FakeWire()
        )
        assert [receipt.kind for receipt in receipts] == [ReceiptKind.AIRED]


async def test_two_alerts_have_a_row_each_and_a_free_row_is_used_again() -> None:
    async with station() as at:
        await at.send()
        await at.send(OTHER)
        assert [data["row"] for data in at.server.on_air()] == [0, 1]
        await at.send(RETRACT)
        assert [data["alert"] for data in at.server.on_air()] == [OTHER.alert]
        await at.send(replace(PUBLISH, alert="HJ-2026-000125"))
        assert [data["row"] for data in at.server.on_air()] == [1, 0]
        await at.send(replace(RETRACT, alert="HJ-2026-000125"))
        await at.send(replace(UPDATE, alert=OTHER.alert))
        assert [data["row"] for data in at.server.on_air()] == [1], "a row is kept"


async def test_an_alert_never_takes_the_layer_of_another() -> None:
    async with station() as at:
        await at.send()
        outcome = await at.send(replace(PUBLISH, alert="HJ-2026-010123"))
        assert isinstance(outcome, Refused)
        assert [data["alert"] for data in at.server.on_air()] == [PUBLISH.alert]


async def test_layers_of_the_station_are_no_concern_of_ours() -> None:
    async with station() as at:
        at.server.reply('CG 1-20 ADD 0 "huijia/alert" 1 "{\\"crawl\\":\\"天气\\"}"')
        await at.send()
        await at.send(RETRACT)
        assert [data["crawl"] for data in at.server.on_air()] == ["天气"]


async def test_a_server_that_was_restarted_is_given_everything_again() -> None:
    async with station() as at:
        await at.send()
        at.server.layers.clear()
        assert await at.stated() == []
        assert await at.stated() == [ReceiptKind.AIRED]
        at.server.layers.clear()
        assert isinstance(await at.send(UPDATE), Accepted)
        assert at.server.on_air()[0]["number"] == 2


async def test_an_update_that_the_template_did_not_take_is_added() -> None:
    server = Amcp(replies={"CG UPDATE": "403 CG FAILED\r\n"})
    async with station(server) as at:
        await at.send()
        assert isinstance(await at.send(UPDATE), Accepted)
        assert at.server.on_air()[0]["number"] == 2


async def test_after_the_agreed_time_it_goes_off() -> None:
    async with station() as at:
        at.duty = Duty(until_minutes=60)
        await at.send()
        assert [one.kind for one in await at.tend(now=NOW + timedelta(minutes=59))] == [ReceiptKind.AIRED]
        assert await at.tend(now=NOW + timedelta(minutes=60)) == ()
        assert at.server.layers == {}
        assert await at.tend(now=NOW + timedelta(minutes=61)) == ()
        assert at.server.layers == {}


@pytest.mark.parametrize("newest", [UPDATE, RETRACT])
async def test_what_comes_late_is_not_shown(newest: Notice) -> None:
    async with station() as at:
        await at.send()
        await at.send(newest)
        before = at.server.on_air()
        assert isinstance(await at.send(), Refused)
        assert at.server.on_air() == before
    if newest is RETRACT:
        assert "李" not in "".join(at.server.stored.values())


async def test_an_answer_that_was_lost_leaves_nothing_on_the_air_for_ever() -> None:
    class Deaf(Amcp):
        def reply(self, line: str) -> str:
            said = super().reply(line)
            if " ADD " in line:
                raise ConnectionResetError
            return said

    deaf = Deaf()
    async with station(deaf) as at:
        outcome = await at.send()
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.BROKEN
        assert deaf.on_air()
    again = Amcp(layers=deaf.layers, stored=deaf.stored)
    async with station(again) as at:
        assert isinstance(await at.send(RETRACT), Accepted)
        assert again.layers == {}


@pytest.mark.parametrize("reply", ["501 DATA FAILED\r\n", "400 ERROR\r\nDATA\r\n", "201 DATA OK\r\nsomething else\r\n"])
async def test_a_store_that_fails_keeps_nothing_on_or_off_the_air(reply: str) -> None:
    server = Amcp(replies={"DATA STORE": reply, "DATA RETRIEVE": reply})
    async with station(server) as at:
        assert isinstance(await at.send(), Accepted)
        assert await at.stated() == [ReceiptKind.AIRED]
        assert isinstance(await at.send(RETRACT), Accepted)
        assert server.layers == {}


async def test_a_template_that_is_gone_already_is_no_trouble() -> None:
    async with station() as at:
        assert isinstance(await at.send(RETRACT), Accepted)
        assert await at.stated(RETRACT) == [ReceiptKind.TAKEN_DOWN]


# ── Wrong answers ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["INFO", "CG ADD"])
@pytest.mark.parametrize(
    ("reply", "kind", "reason"),
    [
        ("400 ERROR\r\n李小明\r\n", Refused, Reason.REJECTED),
        ("401 CG ERROR\r\n", Refused, Reason.GONE),
        ("402 CG ERROR\r\n", Refused, Reason.REJECTED),
        ("403 CG FAILED\r\n", Refused, Reason.REJECTED),
        ("404 CG ERROR\r\n", Refused, Reason.GONE),
        ("404CG FAILED\r\n", Refused, Reason.GONE),
        ("500 FAILED\r\n", Retry, Reason.SERVER_ERROR),
        ("501 CG FAILED\r\n", Retry, Reason.SERVER_ERROR),
        ("502 CG FAILED\r\n", Retry, Reason.SERVER_ERROR),
        ("503 CG FAILED\r\n", Retry, Reason.SERVER_ERROR),
        ("504 QUEUE OVERFLOW\r\n", Retry, Reason.THROTTLED),
        ("599 CG\r\n", Retry, Reason.UNINTELLIGIBLE),
        ("300 CG\r\n", Retry, Reason.UNINTELLIGIBLE),
        ("2020 CG OK\r\n", Retry, Reason.UNINTELLIGIBLE),
        ("OK\r\n", Retry, Reason.UNINTELLIGIBLE),
        ("\r\n", Retry, Reason.UNINTELLIGIBLE),
    ],
)
async def test_codes(command: str, reply: str, kind: type[Outcome], reason: Reason) -> None:
    async with station(Amcp(replies={command: reply})) as at:
        outcome = await at.send()
        assert isinstance(outcome, kind), outcome
        assert not isinstance(outcome, Accepted)
        assert outcome.reason is reason
        assert "李小明" not in outcome.detail
        with pytest.raises(WireError) as caught:
            await at.tend()
        assert caught.value.reason is reason


async def test_a_layer_that_could_not_be_emptied_is_tried_again() -> None:
    async with station(Amcp(replies={"CLEAR": "503 CLEAR FAILED\r\n"})) as at:
        await at.send()
        outcome = await at.send(RETRACT)
        assert isinstance(outcome, Retry)
        with pytest.raises(WireError):
            await at.tend(RETRACT)
        del at.server.replies["CLEAR"]
        assert await at.stated(RETRACT) == [], "taken off again, and looked at the next time"
        assert await at.stated(RETRACT) == [ReceiptKind.TAKEN_DOWN]


async def test_replies_to_others_and_news_are_passed_over() -> None:
    class Chatty(Amcp):
        def reply(self, line: str) -> str:
            news = "100 LAYER 20 PLAYING\r\n101 CHANGED\r\n202 CG OK\r\n202 CG OK\r\nRES other 404 CG ERROR\r\n"
            return news + super().reply(line)

    async with station(Chatty()) as at:
        assert isinstance(await at.send(), Accepted)
        assert await at.stated() == [ReceiptKind.AIRED]


async def test_a_reply_that_is_cut_is_none() -> None:
    class Cut(Amcp):
        def reply(self, line: str) -> str:
            if " INFO " in line:
                raise ConnectionResetError
            return super().reply(line)

    async with station(Cut()) as at:
        outcome = await at.send()
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.BROKEN


@pytest.mark.parametrize(
    ("trouble", "reasons"),
    [
        (Trouble.DOWN, {Reason.BROKEN}),
        (Trouble.GARBAGE, {Reason.UNINTELLIGIBLE}),
        (Trouble.HANGING, {Reason.TIMEOUT}),
        (Trouble.SLOW, {Reason.TIMEOUT}),
    ],
)
async def test_troubles(trouble: Trouble, reasons: set[Reason], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CasparCg, "timeout", timedelta(seconds=0.5))
    async with station() as at:
        at.server.trouble = trouble
        began = time.monotonic()
        outcome = await at.send()
        assert time.monotonic() - began < 0.8
        assert isinstance(outcome, Retry)
        assert outcome.reason in reasons


async def test_a_server_that_lies_proves_nothing() -> None:
    async with station() as at:
        await at.send(OTHER)
        at.server.trouble = Trouble.LYING
        assert isinstance(await at.send(), Accepted)
        assert await at.stated() == []
        await at.send(replace(RETRACT, alert=OTHER.alert))
        assert await at.stated(replace(RETRACT, alert=OTHER.alert)) == [], "still there, whatever it said"


@pytest.mark.parametrize("piece", [b"RES huijia1 201 INFO OK\r\n", b"x"])
async def test_one_that_drips_costs_no_more_than_the_deadline(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            for at in range(len(piece)):
                writer.write(piece[at : at + 1])
                await writer.drain()
                await asyncio.sleep(0.02)

    monkeypatch.setattr(CasparCg, "timeout", timedelta(seconds=0.4))
    async with served(drip) as port:
        began = time.monotonic()
        outcome = await Station(Amcp(), port).send()
        assert time.monotonic() - began < 0.7
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.TIMEOUT


async def test_one_that_never_ends_a_line_is_given_up() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    async with served(flood) as port:
        outcome = await Station(Amcp(), port).send()
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.UNINTELLIGIBLE


async def test_a_rendition_of_another_medium_is_refused_without_a_call() -> None:
    rendition = pressed(PUBLISH, "radio")[0]
    outcome = await CasparCg().send(rendition, settings(1), key="dlv_1", prior=None, now=NOW, wire=FakeWire())
    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("template", ["", " ", 'a"b', "a\\b", "a?b=c", "a\nb", "x" * 201])
def test_templates_that_will_not_do(template: str) -> None:
    with pytest.raises(ValueError, match="template"):
        settings(5250, template=template)
