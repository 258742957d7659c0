"""What screens say comes in, whole and once durable; what lies on the topics is kept as it should be."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from channels.carriers.mqtt import listener, tree
from channels.contract import Echo, Kind, Presence, Reason, ReceiptKind, WireError
from tests.brokers import mosquitto
from tests.channels.mqtt.stage import (
    ALERT,
    CARRIER,
    TOPIC,
    Place,
    client,
    number_of,
    retained,
    screen,
    send,
    send_to,
    taken,
    telling,
)
from tests.channels.wire import FakeWire

Said = list[Echo | Presence]


@asynccontextmanager
async def listening(place: Place, wire: FakeWire, into: Said) -> AsyncIterator["asyncio.Task[None]"]:
    async def heard(said: Sequence[Echo | Presence]) -> None:
        into.extend(said)

    task = asyncio.create_task(CARRIER.listen(screen(place), heard, wire=wire))
    await asyncio.sleep(0.3)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, WireError):
            await task


async def until(holds: Callable[[], Any], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def receipt(kind: str = "aired", number: int = 1, **more: Any) -> bytes:
    return json.dumps({"kind": kind, "alert": ALERT, "number": number, **more}, ensure_ascii=False).encode()


async def say(place: Place, payload: bytes, name: str = "s1", about: str = "receipts", retain: bool = False) -> None:
    async with client(place) as one:
        await one.publish(f"huijia/{about}/{name}", payload, 1, retain)


async def test_a_receipt_comes_in(place: Place, wire: FakeWire) -> None:
    said: Said = []
    async with listening(place, wire, said):
        taken(await send(wire, telling(1), screen(place), "dlv_7"))
        await say(place, receipt(at="2026-11-23T15:04:07+08:00", note="一号屏"))
        await say(place, receipt("taken_down", 2))
        await until(lambda: len(said) == 2)
    first, second = said
    assert isinstance(first, Echo)
    assert isinstance(second, Echo)
    assert (first.receipt.kind, first.receipt.note) == (ReceiptKind.AIRED, "一号屏")
    assert first.receipt.at == datetime.fromisoformat("2026-11-23T15:04:07+08:00")
    assert first.key == "dlv_7", "this process sent it, and knows the delivery"
    assert first.reference is not None
    assert first.reference.endswith(f"/s1/{ALERT}/1")
    assert (second.key, second.receipt.at) == (None, None)
    assert second.reference is not None
    assert second.reference.endswith(f"/s1/{ALERT}/2"), "another process sent it: the reference says which"


async def test_the_reference_is_the_one_that_accepted_states(place: Place, wire: FakeWire) -> None:
    said: Said = []
    screens = [screen(place, name) for name in ("a", "b")]
    stated = [taken(outcome) for outcome in await send_to(wire, telling(1), *screens)]
    async with listening(place, FakeWire(), said):
        for name in ("b", "a"):
            await say(place, receipt(), name)
        await until(lambda: len(said) == 2)
    assert [echo.reference for echo in said if isinstance(echo, Echo)] == stated[::-1]


@pytest.mark.parametrize(
    "payload",
    [b"", b"not json", b"[]", b'{"kind": "seen"}', b'{"kind": "aired", "alert": "x/y", "number": 1}',
     receipt(number=0), receipt(number=True), receipt(alert=7), b"\xff\xfe" * 90],
)  # fmt: skip
async def test_what_is_no_receipt_stops_nobody(payload: bytes, tmp_path: Path, wire: FakeWire) -> None:
    said: Said = []
    async with mosquitto(tmp_path) as broker:
        place = Place(broker.port, "5")
        async with listening(place, wire, said):
            await say(place, payload)
            await say(place, payload, about="status")
            await say(place, receipt(at="yesterday"))
            await until(lambda: said)
    (only,) = said
    assert isinstance(only, Echo)
    assert only.receipt.at is None, "a time that cannot be read is no reason to lose what was said"


async def test_nothing_is_acknowledged_before_it_is_durable(place: Place, wire: FakeWire) -> None:
    """The store is away while a receipt comes; whoever listens next is given it again."""
    place.needs_sessions()

    async def cannot(said: Sequence[Echo | Presence]) -> None:
        raise ConnectionError

    failing = asyncio.create_task(CARRIER.listen(screen(place), cannot, wire=wire))
    await asyncio.sleep(0.3)
    await say(place, receipt())
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(failing, 5)
    said: Said = []
    async with listening(place, wire, said):
        await until(lambda: said)
    assert isinstance(said[0], Echo)


async def test_what_fits_nothing_yet_delays_nobody(place: Place, wire: FakeWire) -> None:
    """Whoever is told may take seconds over a receipt that no delivery fits."""
    said: Said = []
    stuck = asyncio.Event()

    async def heard(these: Sequence[Echo | Presence]) -> None:
        if any(isinstance(one, Echo) and one.receipt.kind is ReceiptKind.RECEIVED for one in these):
            await stuck.wait()
        said.extend(these)

    listening = asyncio.create_task(CARRIER.listen(screen(place), heard, wire=wire))
    await asyncio.sleep(0.3)
    await say(place, receipt("received"))
    for number in range(1, 40):  # more than a broker of 3.1.1 sends on before the first is acknowledged
        await say(place, receipt(number=number))
        await until(lambda number=number: len(said) == number)  # type: ignore[misc]  # each on its own
    stuck.set()
    await until(lambda: len(said) == 40)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_what_is_said_while_nobody_listens_waits(place: Place, wire: FakeWire) -> None:
    place.needs_sessions()
    said: Said = []
    async with listening(place, wire, said):
        pass
    for number in range(1, 6):
        await say(place, receipt(number=number))
    async with listening(place, wire, said):
        await until(lambda: len(said) == 5)
    assert [one.reference.rpartition("/")[2] for one in said if isinstance(one, Echo) and one.reference] == list(
        "12345"
    )


async def test_a_screen_that_vanishes_is_told_of_by_its_broker(place: Place, wire: FakeWire) -> None:
    said: Said = []
    will = aiomqtt.Will("huijia/status/s1", b'{"online": false}', 1, True)
    async with listening(place, wire, said):
        one = aiomqtt.Client("127.0.0.1", place.port, will=will, keepalive=5)
        await one.__aenter__()
        await one.publish("huijia/status/s1", b'{"online": true, "at": "2026-11-23T15:00:00+08:00"}', 1, True)
        await until(lambda: said)
        one._client._sock_close()  # the plug is pulled
        await until(lambda: len(said) > 1, within=15)
    came, went = said[:2]
    assert came == Presence("s1", True, datetime.fromisoformat("2026-11-23T15:00:00+08:00"))
    assert went == Presence("s1", False)
    again: Said = []
    async with listening(place, FakeWire(), again):
        await until(lambda: again)
    assert again[0] == Presence("s1", False), "whoever begins to listen learns who is there"


async def test_a_second_listener_takes_over_and_the_first_is_told(place: Place, wire: FakeWire) -> None:
    place.needs_sessions()
    first: Said = []
    second: Said = []
    async with listening(place, wire, first) as one, listening(place, FakeWire(), second):
        with pytest.raises(WireError) as lost:
            await asyncio.wait_for(asyncio.shield(one), 5)
        assert lost.value.reason is Reason.BROKEN
        await say(place, receipt())
        await until(lambda: second)
    assert not first


async def test_a_lost_broker_is_said(tmp_path: Path, wire: FakeWire) -> None:
    async with mosquitto(tmp_path) as broker:
        place = Place(broker.port, "5")
        async with listening(place, wire, []) as task:
            broker.stop()
            with pytest.raises(WireError):
                await asyncio.wait_for(asyncio.shield(task), 5)
        with pytest.raises(WireError) as refused:
            await CARRIER.listen(screen(place), _deaf, wire=wire)
        assert refused.value.reason is Reason.UNREACHABLE


async def _deaf(said: Sequence[Echo | Presence]) -> None:
    return None


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds where the carrier takes minutes."""
    monkeypatch.setattr(listener, "TICK_SECONDS", 0.05)
    for name in ("SETTLING", "LAGGING", "OVER"):
        monkeypatch.setattr(tree, name, timedelta(seconds=0.3))


@pytest.mark.usefixtures("hurried")
async def test_what_a_broker_forgot_is_put_back_and_what_is_over_is_not(tmp_path: Path, wire: FakeWire) -> None:
    """It restarts with nothing kept, while one alert is live and another has ended."""
    wire.heads = {ALERT: 1}
    async with mosquitto(tmp_path) as broker:
        place = Place(broker.port, "5")
        async with listening(place, wire, []):
            taken(await send(wire, telling(1), screen(place)))
            taken(await send(wire, telling(1), screen(place, area="610102")))
            await asyncio.sleep(0.2)
        broker.stop()
        await broker.start()
        assert await retained(place) == {}
        wire.heads[ALERT] = 2
        async with listening(place, wire, []):
            await asyncio.sleep(1.0)
            assert await retained(place) == {}, "it has ended meanwhile, says the ledger"
            taken(await send(wire, telling(2, Kind.RETRACT), screen(place)))
            await asyncio.sleep(1.0)
        found = await retained(place)
        await wire.aclose()
    assert {topic: number_of(payload) for topic, payload in found.items()} == {
        TOPIC: 2, TOPIC.replace("610113", "610102"): 2,
    }, "the end is carried to where the notice may come back"  # fmt: skip


@pytest.mark.usefixtures("hurried")
async def test_a_live_notice_comes_back(place: Place, wire: FakeWire) -> None:
    wire.heads = {ALERT: 1}
    async with listening(place, wire, []):
        taken(await send(wire, telling(1), screen(place)))
        async with client(place) as somebody:
            await somebody.publish(TOPIC, b"", 1, True)
        await asyncio.sleep(1.2)
        assert {topic: number_of(payload) for topic, payload in (await retained(place)).items()} == {TOPIC: 1}


@pytest.mark.usefixtures("hurried")
async def test_who_clears_when_the_broker_does_not(place: Place, wire: FakeWire) -> None:
    """Before MQTT 5 a retained message stays for ever; the listener sees to it."""
    wire.heads = {ALERT: 1}
    rendition = telling(1)
    object.__setattr__(rendition.notice, "expires_at", rendition.notice.issued_at + timedelta(seconds=2))
    async with listening(place, wire, []):
        taken(await send(wire, rendition, screen(place)))
        assert list(await retained(place)) == [TOPIC]
        await asyncio.sleep(2.5)
    assert await retained(place) == {}
