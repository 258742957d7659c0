"""MQTT control packets as bytes: what a publisher and a listener need of 3.1.1 and 5 (OASIS, chapter and section in
brackets are those of MQTT 5.0). Pure."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

LARGEST = 1 << 20
"""Bytes of a packet that we read; no receipt and no notice comes near it."""

FOREVER = 0xFFFFFFFF


class Kind(IntEnum):
    """The upper half of a packet's first byte [2.1.2]."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class Property(IntEnum):
    """The properties that we say or look at [2.2.2.2]."""

    MESSAGE_EXPIRY = 0x02
    SESSION_EXPIRY = 0x11
    RECEIVE_MAXIMUM = 0x21
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25


# How long each property is: of a fixed number of bytes, or with its own length in front (b: bytes, p: a pair, v: varint).
_SIZES: Mapping[int, int | str] = {
    0x01: 1, 0x02: 4, 0x03: "b", 0x08: "b", 0x09: "b", 0x0B: "v", 0x11: 4, 0x12: "b", 0x13: 2, 0x15: "b", 0x16: "b",
    0x17: 1, 0x18: 4, 0x19: 1, 0x1A: "b", 0x1C: "b", 0x1F: "b", 0x21: 2, 0x22: 2, 0x23: 2, 0x24: 1, 0x25: 1, 0x26: "p",
    0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip
_FORMATS = {1: ">B", 2: ">H", 4: ">I"}


class Malformed(ValueError):
    """Not MQTT, or cut off in the middle."""


@dataclass(frozen=True, slots=True)
class Message:
    """A PUBLISH that came in. ``packet`` is its id, 0 with QoS 0; ``retained``: the broker had kept it for us."""

    topic: str
    payload: bytes
    packet: int
    retained: bool


@dataclass(frozen=True, slots=True)
class Greeting:
    """A CONNACK. ``remembered``: the broker still has the session of our last visit."""

    code: int
    remembered: bool
    properties: Mapping[int, int]


def connect(
    identifier: str, *, version: int, clean: bool, keep_alive: int, username: str, password: str, session_expiry: int
) -> bytes:
    """CONNECT [3.1]. ``version`` is 4 (that is 3.1.1) or 5; an empty ``username`` is none. ``keep_alive`` and
    ``session_expiry`` in seconds; before version 5 a session that is not ``clean`` is kept until the broker forgets it."""
    flags = (0x02 if clean else 0) | (0x80 if username else 0) | (0x40 if password else 0)
    head = _text("MQTT") + struct.pack(">BBH", version, flags, keep_alive)
    if version == 5:
        expiry = struct.pack(">BI", Property.SESSION_EXPIRY, session_expiry)
        head += _counted(expiry + struct.pack(">BH", Property.RECEIVE_MAXIMUM, 0xFFFF))
    given = _text(identifier) + (_text(username) if username else b"") + (_text(password) if password else b"")
    return packet(Kind.CONNECT, 0, head + given)


def publish(topic: str, payload: bytes, packet_id: int, *, retain: bool, version: int, expiry: int | None) -> bytes:
    """PUBLISH with QoS 1 [3.3]. ``expiry``: seconds after which the broker may forget it; version 5 only."""
    properties = b"" if expiry is None else struct.pack(">BI", Property.MESSAGE_EXPIRY, expiry)
    head = _text(topic) + struct.pack(">H", packet_id) + (_counted(properties) if version == 5 else b"")
    return packet(Kind.PUBLISH, 0x02 | retain, head + payload)


def subscribe(filters: Sequence[str], packet_id: int, *, version: int) -> bytes:
    """SUBSCRIBE to each filter with QoS 1 [3.8]."""
    head = struct.pack(">H", packet_id) + (b"\0" if version == 5 else b"")
    return packet(Kind.SUBSCRIBE, 0x02, head + b"".join(_text(one) + b"\x01" for one in filters))


def puback(packet_id: int) -> bytes:
    """PUBACK [3.4]; the reason code 0 may be left out in version 5 too."""
    return packet(Kind.PUBACK, 0, struct.pack(">H", packet_id))


def packet(kind: Kind, flags: int, body: bytes = b"") -> bytes:
    return bytes([kind << 4 | flags]) + _counted(body)


def greeting(body: bytes, version: int) -> Greeting:
    """Read a CONNACK [3.2]."""
    if len(body) < 2:
        raise Malformed("connack")
    properties = _properties(body, 2)[0] if version == 5 and len(body) > 2 else {}
    return Greeting(body[1], bool(body[0] & 1), properties)


def message(flags: int, body: bytes, version: int) -> Message:
    """Read a PUBLISH."""
    topic, at = _read_text(body, 0)
    packet_id = 0
    if flags & 0x06:
        packet_id, at = _number(body, at, 2), at + 2
    if version == 5:
        at = _properties(body, at)[1]
    return Message(topic, body[at:], packet_id, bool(flags & 1))


def acknowledged(body: bytes) -> tuple[int, int]:
    """Read a PUBACK [3.4]: which packet, and the reason code. Below 0x80 is yes; 3.1.1 knows nothing but yes."""
    return _number(body, 0, 2), body[2] if len(body) > 2 else 0


def granted(body: bytes, version: int) -> tuple[int, tuple[int, ...]]:
    """Read a SUBACK [3.9]."""
    at = _properties(body, 2)[1] if version == 5 else 2
    return _number(body, 0, 2), tuple(body[at:])


def length(prefix: bytes) -> int | None:
    """A variable byte integer [1.5.5]: its value, or ``None`` while it goes on. Raises :class:`Malformed`."""
    if len(prefix) > 4:
        raise Malformed("length")
    if not prefix or prefix[-1] & 0x80:
        return None
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(prefix))


def _counted(body: bytes) -> bytes:
    out, left = bytearray(), len(body)
    while True:
        out.append(left & 0x7F | (0x80 if left > 0x7F else 0))
        left >>= 7
        if not left:
            return bytes(out) + body


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def _read_text(body: bytes, at: int) -> tuple[str, int]:
    end = at + 2 + _number(body, at, 2)
    if end > len(body):
        raise Malformed("text")
    try:
        return body[at + 2 : end].decode(), end
    except UnicodeDecodeError as error:
        raise Malformed("text") from error


def _number(body: bytes, at: int, size: int) -> int:
    if at + size > len(body):
        raise Malformed("number")
    return int(struct.unpack_from(_FORMATS[size], body, at)[0])


def _varint(body: bytes, at: int) -> tuple[int, int]:
    for end in range(at + 1, at + 6):
        if end > len(body):
            break
        if (value := length(body[at:end])) is not None:
            return value, end
    raise Malformed("varint")


def _properties(body: bytes, at: int) -> tuple[Mapping[int, int], int]:
    """Those that are numbers, and where they end."""
    size, at = _varint(body, at)
    end = at + size
    if end > len(body):
        raise Malformed("properties")
    found: dict[int, int] = {}
    while at < end:
        name, at = body[at], at + 1
        kind = _SIZES.get(name)
        if kind is None:
            raise Malformed("property")
        if isinstance(kind, int):
            found[name], at = _number(body, at, kind), at + kind
        elif kind == "v":
            found[name], at = _varint(body, at)
        else:
            for _ in range(2 if kind == "p" else 1):
                at += 2 + _number(body, at, 2)
    if at != end:
        raise Malformed("properties")
    return found, end
