"""The screenshot that proves it, and everything that comes in its place."""

import json
from datetime import timedelta
from typing import Any

import pytest

from channels.carriers.likeness import likeness
from channels.carriers.vnnox import Vnnox
from channels.carriers.vnnox_shot import tail
from channels.contract import Accepted, Call, Echo, Heard, Reason, ReceiptKind, StatedReceipt, WireError
from tests.channels.clouds import BASE, CloudWire
from tests.channels.notices import NOW, PUBLISH, RETRACT
from tests.channels.posters import POSTER_BYTES, drawn, with_poster
from tests.channels.test_vnnox import NOTICE_URL, settings
from tests.channels.wire import FakeWire, reply

VNNOX = Vnnox()
LINK = "https://oss.example/shot/6226.jpg?Expires=1588820157&Signature=A%2FCbpL"
LIKE = likeness(POSTER_BYTES)
CARD = drawn("#113355")


def call(said: Any, at: str) -> Call:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Call("POST", at, {"content-type": "application/json"}, body)


def shot(**changes: Any) -> dict[str, Any]:
    return {"playerId": "led-1", "playerTime": "2026-11-23 15:05:37", "screenShotUrl": LINK} | changes


async def heard(wire: FakeWire, said: Any, at: str) -> Heard:
    return await VNNOX.hear(settings(notice_url=NOTICE_URL), call(said, at), now=NOW, wire=wire)


def receipt(told: Heard) -> StatedReceipt:
    (echo,) = told.echoes
    assert isinstance(echo, Echo)
    assert echo.key == "dlv_9"
    assert echo.reference is None
    assert told.reply.body == b"ok", "anything else makes VNNOX call again"
    return echo.receipt


async def test_from_the_insertion_to_the_proof_and_from_the_end_to_its_proof() -> None:
    """Publish, tend, the cloud photographs and calls back; retract, tend, the same again."""
    wire, at = CloudWire(), settings(notice_url=NOTICE_URL)

    async def through(notice: Any, prior: str | None) -> tuple[str, StatedReceipt]:
        outcome = await VNNOX.send(with_poster(notice), at, key="dlv_9", prior=prior, now=wire.now, wire=wire)
        assert isinstance(outcome, Accepted)
        assert outcome.reference is not None
        await wire.led.settle()
        wire.now += timedelta(minutes=1)
        await VNNOX.tend(
            with_poster(notice), at, key="dlv_9", reference=outcome.reference, now=wire.now, wire=wire
        )  # fmt: skip
        await wire.led.settle()
        url, said = wire.told.pop()
        assert url.startswith(f"{NOTICE_URL}/")
        assert len(url) < 300
        return outcome.reference, receipt(await heard(wire, said, url.removeprefix(f"{NOTICE_URL}/")))

    reference, aired = await through(PUBLISH, None)
    assert (aired.kind, aired.note) == (ReceiptKind.AIRED, "截屏与海报相符，屏幕时间 2026-11-23 15:05:06")
    assert aired.evidence.startswith(f"{BASE}/led/shots/")
    assert aired.proof is not None
    assert aired.proof.mime == "image/jpeg"
    assert aired.proof.body.startswith(b"\xff\xd8")
    _, down = await through(RETRACT, reference)
    assert down.kind is ReceiptKind.TAKEN_DOWN
    assert down.proof is not None


@pytest.mark.parametrize(
    ("way", "picture", "kind"),
    [
        ("up", POSTER_BYTES, ReceiptKind.AIRED),
        ("up", CARD, None),  # something else is on: that proves nothing, and an operator is told when it is overdue
        ("down", CARD, ReceiptKind.TAKEN_DOWN),
        ("down", POSTER_BYTES, None),  # still there
    ],
)
async def test_what_a_picture_proves(way: str, picture: bytes, kind: ReceiptKind | None) -> None:
    told = await heard(FakeWire(reply(200, picture)), shot(), tail(way, LIKE, "dlv_9"))
    assert told.reply.body == b"ok"
    assert told.alive
    assert [echo.receipt.kind for echo in told.echoes] == ([kind] if kind else [])


@pytest.mark.parametrize(
    "answer",
    [
        reply(404, b"NoSuchKey"),
        reply(403, b"<Error>AccessDenied</Error>"),
        reply(302, b"", location="https://elsewhere.example/"),
        reply(200, b"<html>not a picture</html>"),
        reply(200, b""),
        reply(200, b"\xff\xd8" + b"x" * (64 * 1024 - 2)),  # as much as is read: it may have been cut
        reply(206, POSTER_BYTES[:100], content_range="bytes 0-99/*"),
        reply(206, POSTER_BYTES[:100], content_range="bytes 0-99/99999999999"),
        WireError(Reason.UNREACHABLE, "不允许的地址"),
        WireError(Reason.TIMEOUT),
    ],
)
@pytest.mark.parametrize("way", ["up", "down"])
async def test_a_picture_that_cannot_be_had_proves_neither(answer: Any, way: str) -> None:
    said = receipt(await heard(FakeWire(answer), shot(), tail(way, LIKE, "dlv_9")))
    assert (said.kind, said.proof, said.evidence) == (ReceiptKind.RECEIVED, None, LINK)
    assert "请核对" in said.note


@pytest.mark.parametrize("way", ["up", "down"])
async def test_words_leave_nothing_to_compare_with(way: str) -> None:
    said = receipt(await heard(FakeWire(reply(200, POSTER_BYTES)), shot(), tail(way, "-", "dlv_9")))
    assert said.kind is ReceiptKind.RECEIVED


async def test_a_large_picture_comes_in_parts() -> None:
    large = POSTER_BYTES + b"\0" * 150_000  # what follows the end of a JPEG is not looked at
    parts = [large[start : start + 65_536] for start in range(0, len(large), 65_536)]
    wire = FakeWire(*(reply(206, part, content_range=f"bytes 0-65535/{len(large)}") for part in parts))
    said = receipt(await heard(wire, shot(), tail("up", LIKE, "dlv_9")))
    assert said.kind is ReceiptKind.AIRED
    assert said.proof is not None
    assert said.proof.body == large
    assert [call.headers["range"] for call in wire.calls] == [
        "bytes=0-65535", "bytes=65536-131071", "bytes=131072-196607"
    ]  # fmt: skip
    assert all(call.method == "GET" and call.timeout <= timedelta(seconds=2) for call in wire.calls)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        (shot(playerId="led-2"), tail("up", LIKE, "dlv_9")),
        (shot(playerId=None), tail("up", LIKE, "dlv_9")),
        (shot(screenShotUrl=""), tail("up", LIKE, "dlv_9")),
        (shot(screenShotUrl="file:///etc/passwd"), tail("up", LIKE, "dlv_9")),
        (shot(screenShotUrl=["https://a"]), tail("up", LIKE, "dlv_9")),
        (shot(), ""),
        (shot(), "up/../dlv_9"),
        (shot(), tail("sideways", LIKE, "dlv_9")),
        (shot(), tail("up", LIKE, "dlv_9/more")),
        (b"", tail("up", LIKE, "dlv_9")),
        (b"[1]", tail("up", LIKE, "dlv_9")),
        (b'{"playerId":"led-1"', tail("up", LIKE, "dlv_9")),
    ],
)
async def test_what_is_not_a_screenshot_of_this_player(said: Any, at: str) -> None:
    wire = FakeWire()
    told = await heard(wire, said, at)
    assert (told.reply.status, told.echoes, told.alive) == (400, (), False)
    assert wire.calls == [], "nothing is fetched for a stranger"


async def test_a_link_that_is_too_long_is_no_evidence_and_a_strange_time_is_not_repeated() -> None:
    long = f"https://oss.example/{'a' * 600}.jpg"
    said = receipt(
        await heard(FakeWire(reply(404)), shot(screenShotUrl=long, playerTime="<b>now</b>"), tail("up", LIKE, "dlv_9"))
    )
    assert said.evidence == ""
    assert said.note == "截屏未能比对，请核对"
