"""Our bytes read by other people's code, theirs by ours, and garbage by ours."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.packet import MQTTFixedHeader
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.subscribe import SubscribePacket
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from channels.carriers.mqtt import packets
from channels.carriers.mqtt.packets import Malformed, Property

TOPICS = st.text(st.characters(codec="utf-8", exclude_characters="\0#+"), min_size=1, max_size=60)


async def _read(kind: type, data: bytes) -> object:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    header = await MQTTFixedHeader.from_stream(reader)
    return await kind.from_stream(reader, fixed_header=header)  # type: ignore[attr-defined]


@given(TOPICS, st.binary(max_size=400), st.integers(1, 0xFFFF))
def test_somebody_else_reads_what_we_publish(topic: str, payload: bytes, packet_id: int) -> None:
    data = packets.publish(topic, payload, packet_id, retain=True, version=4, expiry=None)
    read = asyncio.run(_read(PublishPacket, data))
    assert isinstance(read, PublishPacket)
    assert (read.topic_name, bytes(read.data or b""), read.packet_id) == (topic, payload, packet_id)
    assert (read.qos, read.retain_flag, read.dup_flag) == (1, True, False)


async def test_somebody_else_reads_how_we_connect_and_subscribe() -> None:
    hello = packets.connect(
        "huijia7", version=4, clean=False, keep_alive=30, username="u", password="密", session_expiry=0
    )
    read = await _read(ConnectPacket, hello)
    assert isinstance(read, ConnectPacket)
    assert (read.client_id, read.username, read.password, read.keep_alive) == ("huijia7", "u", "密", 30)
    assert (read.proto_level, read.clean_session_flag, read.will_flag) == (4, False, False)
    asked = await _read(SubscribePacket, packets.subscribe(["a/+", "b/#"], 7, version=4))
    assert isinstance(asked, SubscribePacket)
    assert asked.payload is not None
    assert asked.payload.topics == [("a/+", 1), ("b/#", 1)]


@given(st.integers(0, 268_435_455))
def test_lengths_are_what_somebody_else_writes(value: int) -> None:
    written = bytes(VariableByteIntegers.encode(value))  # type: ignore[no-untyped-call]  # paho has no types
    assert packets.length(written) == value
    assert all(packets.length(written[:end]) is None for end in range(1, len(written)))


@given(
    st.text(max_size=30), st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=3),
    st.integers(0, 0xFFFFFFFF), st.booleans(),
)  # fmt: skip
def test_properties_that_we_do_not_look_at_are_passed_over(
    reason: str, pairs: list[tuple[str, str]], expiry: int, retain: bool
) -> None:
    said: Any = Properties(PacketTypes.CONNACK)  # type: ignore[no-untyped-call]  # paho has no types
    said.ReasonString, said.UserProperty = reason.replace("\0", ""), [(a.replace("\0", ""), b) for a, b in pairs]
    said.SessionExpiryInterval, said.RetainAvailable, said.ServerReference = expiry, int(retain), "elsewhere"
    try:
        packed = said.pack()
    except (UnicodeError, ValueError):  # paho refuses what is no UTF-8 text
        return
    read = packets.greeting(b"\x01\x00" + packed, 5)
    assert (read.code, read.remembered) == (0, True)
    assert read.properties[Property.SESSION_EXPIRY] == expiry
    assert read.properties[Property.RETAIN_AVAILABLE] == retain


@given(st.binary(max_size=80), st.integers(0, 15), st.sampled_from([4, 5]))
def test_garbage_is_malformed_and_nothing_else(body: bytes, flags: int, version: int) -> None:
    for read in (
        lambda: packets.greeting(body, version),
        lambda: packets.message(flags, body, version),
        lambda: packets.acknowledged(body),
        lambda: packets.granted(body, version),
    ):
        with suppress(Malformed):
            read()


def test_a_length_that_does_not_end_is_malformed() -> None:
    with pytest.raises(Malformed):
        packets.length(b"\xff\xff\xff\xff\x01")
