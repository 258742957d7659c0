"""What a broker says, and what becomes of it: on real brokers, and on one that misbehaves."""

import asyncio
import json
import logging
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiomqtt import ProtocolVersion

from channels.carriers.mqtt.settings import MqttSettings
from channels.contract import Accepted, Kind, Notice, Outcome, Reason, Refused, Retry, Status
from tests.brokers import mosquitto, needs_mosquitto
from tests.channels.mqtt.stage import (
    ALERT,
    CARRIER,
    TOPIC,
    Place,
    client,
    fresh,
    number_of,
    retained,
    screen,
    send,
    send_to,
    taken,
    telling,
)
from tests.channels.notices import ALL, RETRACT, SECRETS_OF_THE_CHILD, named, rendered
from tests.channels.recorded import settings_of
from tests.channels.wire import FakeWire
from tests.faults.processes import free_port

MARKS = {Status.ACTUAL: "", Status.EXERCISE: "【演练】", Status.TEST: "【测试】"}


async def test_one_publish_for_all_of_an_area(place: Place, wire: FakeWire) -> None:
    heard: list[bytes] = []

    async def watch() -> None:
        async with client(place) as one:
            await one.subscribe("huijia/actual/#", 1)
            async for message in one.messages:
                heard.append(bytes(message.payload))

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.2)
    screens = [screen(place, f"s{at}") for at in range(50)]
    both = await asyncio.gather(send_to(wire, telling(1), *screens[:25]), send_to(wire, telling(1), *screens[25:]))
    references = [taken(outcome) for outcome in both[0] + both[1]]
    assert len(set(references)) == 50
    assert references[7].endswith(f"/s7/{ALERT}/1")
    await asyncio.sleep(0.2)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert len(heard) == 1
    assert number_of(heard[0]) == 1


async def test_who_comes_later_is_told_and_who_was_away_is_told_the_end(place: Place, wire: FakeWire) -> None:
    taken(await send(wire, telling(1), screen(place)))
    assert "李小明" in (await retained(place))[TOPIC].decode()
    taken(await send(wire, telling(2, Kind.RETRACT), screen(place)))
    found = await retained(place)
    assert list(found) == [TOPIC]
    assert json.loads(found[TOPIC])["data"]["kind"] == "retract"
    assert not [fact for fact in SECRETS_OF_THE_CHILD if fact in found[TOPIC].decode()]


@pytest.mark.parametrize("notice", ALL, ids=named)
async def test_what_is_on_the_wire_says_what_it_is(notice: Notice, tmp_path: Path, wire: FakeWire) -> None:
    async with mosquitto(tmp_path) as broker:
        place = Place(broker.port, "5")
        taken(await send(wire, rendered(fresh(notice), "screen"), screen(place)))
        ((topic, payload),) = (await retained(place)).items()
        await wire.aclose()
    assert topic == f"huijia/{notice.status}/610113/all/{ALERT}", "who takes no exercises does not subscribe to them"
    text = payload.decode()
    assert {mark for mark in MARKS.values() if mark and mark in text} == {MARKS[notice.status]} - {""}
    assert ("寻人结束" in text) == (notice.kind is Kind.RETRACT)


async def test_a_broker_forgets_by_itself_what_has_run_out(tmp_path: Path, wire: FakeWire) -> None:
    """MQTT 5 message expiry: nobody of ours need be there."""
    async with mosquitto(tmp_path) as broker:
        place = Place(broker.port, "5")
        async with client(place, protocol=ProtocolVersion.V5) as one:
            await one.subscribe("huijia/actual/#", 1)
            taken(await send(wire, telling(1), screen(place)))
            message = await asyncio.wait_for(anext(one.messages), 3)
        await wire.aclose()
    left = getattr(message.properties, "MessageExpiryInterval", 0)
    assert 86_400 - 5 <= left <= 86_400 + 60


def _add_user(file: Path, user: str, *flags: str) -> None:
    subprocess.run(["mosquitto_passwd", *flags, str(file), user, "hunter2-Qz7"], check=True)


@asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[int]:
    """A mosquitto that asks for a password and lets ``huijia`` write under ``huijia/``, ``reader`` nowhere."""
    needs_mosquitto()
    passwords, acl = folder / "passwords", folder / "acl"
    for user in ("huijia", "reader"):
        flags = ["-b"] if passwords.exists() else ["-b", "-c"]
        await asyncio.to_thread(_add_user, passwords, user, *flags)
    acl.write_text("user huijia\ntopic readwrite huijia/#\nuser reader\ntopic read huijia/#\n")
    conf = f"allow_anonymous false\npassword_file {passwords}\nacl_file {acl}\n"
    async with mosquitto(folder, conf) as broker:
        yield broker.port


async def test_who_may_and_who_may_not(tmp_path: Path, wire: FakeWire) -> None:
    async with guarded(tmp_path) as port:
        place = Place(port, "5")
        good = await send(wire, telling(1), screen(place, username="huijia", password="hunter2-Qz7"))
        wrong = await send(wire, telling(1), screen(place, area="a", username="huijia", password="wrong"))
        nobody = await send(wire, telling(1), screen(place, area="b"))
        reader = await send(wire, telling(1), screen(place, area="c", username="reader", password="hunter2-Qz7"))
        await wire.aclose()
    taken(good)
    for outcome in (wrong, nobody, reader):
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.BAD_CREDENTIALS
        assert "hunter2" not in repr(outcome)


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HELLO = {"5": b"\x20\x03\x00\x00\x00", "3.1.1": b"\x20\x02\x00\x00"}


@asynccontextmanager
async def misbehaving(script: Script) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def answering(*replies: bytes, then: str = "close") -> Script:
    """The first reply to the greeting, the next to the notice; then it hangs up, or says no more."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply, to in zip(replies, (b"MQTT", b"huijia/"), strict=False):
            said = b""
            while to not in said:
                said += await reader.readexactly(1)
            writer.write(reply)
        while then == "hang" and await reader.read(65536):
            continue

    return script


async def outcomes(script: Script, version: str = "5", count: int = 3) -> list[Outcome]:
    wire = FakeWire()
    async with misbehaving(script) as port:
        place = Place(port, version)
        said = await send_to(wire, telling(1), *(screen(place, f"s{at}") for at in range(count)))
        await wire.aclose()
    return said


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (answering(), Reason.BROKEN),
        (answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Reason.BROKEN),
        (answering(b"\x20\x02\x00"), Reason.BROKEN),
        (answering(b"\x20\xff\xff\xff\xff\xff"), Reason.BROKEN),
        (answering(HELLO["5"]), Reason.BROKEN),
        (answering(HELLO["5"], b"\x40\x7f\x00"), Reason.BROKEN),
        (answering(HELLO["5"], b"\xe0\x01\x8e"), Reason.BROKEN),
    ],
    ids=["hangs up", "http", "cut", "endless", "no puback", "cut puback", "taken over"],
)
async def test_nobody_knows_and_all_are_tried_again(script: Script, reason: Reason) -> None:
    for outcome in await outcomes(script):
        assert isinstance(outcome, Retry)
        assert outcome.reason is reason
        assert outcome.detail


@pytest.mark.parametrize("replies", [(), (HELLO["5"],)], ids=["no connack", "no puback"])
async def test_the_deadline_is_kept(replies: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(CARRIER), "timeout", CARRIER.timeout / 20)
    for outcome in await asyncio.wait_for(outcomes(answering(*replies, then="hang")), 2):
        assert isinstance(outcome, Retry)
        assert outcome.reason is Reason.TIMEOUT


def connack(code: int, version: str = "5", properties: bytes = b"") -> bytes:
    body = bytes([0, code]) + (bytes([len(properties)]) + properties if version == "5" else b"")
    return bytes([0x20, len(body)]) + body


@pytest.mark.parametrize(
    ("reply", "version", "kind", "reason"),
    [
        (connack(1, "3.1.1"), "3.1.1", Refused, Reason.REJECTED),
        (connack(3, "3.1.1"), "3.1.1", Retry, Reason.SERVER_ERROR),
        (connack(4, "3.1.1"), "3.1.1", Refused, Reason.BAD_CREDENTIALS),
        (connack(5, "3.1.1"), "3.1.1", Refused, Reason.BAD_CREDENTIALS),
        (connack(0x84), "5", Refused, Reason.REJECTED),
        (connack(0x86), "5", Refused, Reason.BAD_CREDENTIALS),
        (connack(0x88), "5", Retry, Reason.SERVER_ERROR),
        (connack(0x89), "5", Retry, Reason.THROTTLED),
        (connack(0x9D), "5", Retry, Reason.REDIRECTED),
        (connack(0, "5", b"\x25\x00"), "5", Refused, Reason.REJECTED),
        (connack(0, "5", b"\x24\x00"), "5", Refused, Reason.REJECTED),
        (connack(0, "5", b"\x25\x01"), "5", Retry, Reason.BROKEN),
    ],
)
async def test_a_greeting_that_says_no(reply: bytes, version: str, kind: type, reason: Reason) -> None:
    for outcome in await outcomes(answering(reply), version):
        assert isinstance(outcome, kind)
        assert not isinstance(outcome, Accepted)
        assert outcome.reason is reason


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [(0x00, Accepted, None), (0x10, Accepted, None), (0x80, Retry, Reason.SERVER_ERROR), (0x83, Retry, Reason.SERVER_ERROR),
     (0x87, Refused, Reason.BAD_CREDENTIALS), (0x90, Refused, Reason.REJECTED), (0x97, Retry, Reason.THROTTLED)],
)  # fmt: skip
async def test_a_puback_is_a_yes_only_when_it_says_so(code: int, kind: type, reason: Reason | None) -> None:
    for outcome in await outcomes(answering(HELLO["5"], bytes([0x40, 3, 0, 1, code]))):
        assert isinstance(outcome, kind)
        assert isinstance(outcome, Accepted) or outcome.reason is reason


async def test_nobody_is_there(wire: FakeWire) -> None:
    outcome = await send(wire, telling(1), screen(Place(free_port(), "5")))
    assert isinstance(outcome, Retry)
    assert outcome.reason is Reason.UNREACHABLE


async def test_a_broker_that_lost_everything_is_told_again(tmp_path: Path, wire: FakeWire) -> None:
    """The connection was lost, so nobody can say that the topic still holds what we put there."""
    async with mosquitto(tmp_path) as broker:
        place = Place(broker.port, "5")
        taken(await send(wire, telling(1), screen(place, "a")))
        broker.stop()
        await broker.start()
        assert await retained(place) == {}
        taken(await send(wire, telling(1), screen(place, "b")))
        assert list(await retained(place)) == [TOPIC]
        await wire.aclose()


async def test_the_same_notice_is_the_same_document(place: Place, wire: FakeWire) -> None:
    rendition, at = telling(1), []
    for key in ("dlv_9", "dlv_9", "dlv_10"):
        taken(await send(wire, rendition, screen(place), key))
        at.append((await retained(place))[TOPIC])
    assert len(set(at)) == 1


async def test_no_secret_and_no_name_in_anything_that_is_shown(
    caplog: pytest.LogCaptureFixture, wire: FakeWire
) -> None:
    settings = settings_of("mqtt")
    assert not [word for word in ("hunter2", "://", "broker.example") if word in f"{settings!r} {settings!s}"]
    with caplog.at_level(logging.DEBUG, logger="huijia"):
        for script in (answering(), answering(connack(0x86)), answering(HELLO["5"], b"\x40\x03\x00\x01\x87")):
            for outcome in await outcomes(script):
                assert not [word for word in ("hunter2", "://", "127.0.0.1", "李小明") if word in repr(outcome)]
    assert [record for record in caplog.records if record.name.startswith("huijia")] == []


BAD: dict[str, list[object]] = {
    "url": [
        "http://broker.example",
        "mqtt://",
        "mqtt://user:hunter2@broker.example",
        "mqtt://b.example:0",
        "mqtt://b/x",
    ],
    "prefix": ["", "a/#", "+", "$SYS", "a//b", "a/"],
    "area": ["", "a/b", "#", "61 01"],
    "face": ["+", "a/b"],
    "screen": ["", "#", "屏", "a/b"],
    "version": ["4", "3.1"],
    "ca": ["hunter2"],
    "password": [["hunter2"]],
    "username": [["hunter2"]],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in BAD.items() for value in values])
def test_settings_that_do_not_fit_are_refused_without_repeating_them(field: str, value: object) -> None:
    good = {"url": "mqtt://broker.example", "area": "610113", "screen": "s1", "username": "u"}
    with pytest.raises(ValueError, match=field) as caught:
        MqttSettings.model_validate({**good, field: value})
    assert "hunter2" not in str(caught.value)


def test_a_password_needs_its_user_and_nothing_else_is_taken() -> None:
    good = {"url": "mqtt://broker.example", "area": "610113", "screen": "s1"}
    for more in ({"password": "hunter2"}, {"nonsense": 1}):
        with pytest.raises(ValueError, match=r"username|nonsense") as caught:
            MqttSettings.model_validate({**good, **more})
        assert "hunter2" not in str(caught.value)


def test_only_screens_of_one_face_share_a_publish() -> None:
    place = Place(1, "5")
    one = CARRIER.group(screen(place, "a"))
    assert CARRIER.group(screen(place, "b")) == one
    for other in ({"area": "x"}, {"face": "x"}, {"prefix": "x"}, {"username": "x"}, {"version": "3.1.1"}):
        assert CARRIER.group(screen(place, "a", **other)) != one
    assert CARRIER.line(screen(place, "a", area="x", face="y")) == CARRIER.line(screen(place, "b"))
    assert CARRIER.place(screen(place, "b")) == "b"


async def test_a_badly_made_retraction_tells_nothing_either(place: Place, wire: FakeWire) -> None:
    """As badly made as the contract allows."""
    taken(await send(wire, rendered(fresh(RETRACT), "screen"), screen(place)))
    text = (await retained(place))[TOPIC].decode()
    assert not [fact for fact in SECRETS_OF_THE_CHILD if fact in text]
