"""A broker of MQTT 5 that keeps retained messages for one screen to look at. Real ones: tests/channels/mqtt."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from channels.registry import carrier
from tests.channels import far_ends
from tests.channels.far_ends import Behaviour, FarEnd
from tests.channels.recorded import settings_of

NOT_AUTHORIZED, QUOTA_EXCEEDED = 0x87, 0x97
REASON_STRING = 0x1F
CODES = {Behaviour.REFUSES: NOT_AUTHORIZED, Behaviour.ECHOES: NOT_AUTHORIZED, Behaviour.THROTTLES: QUOTA_EXCEEDED}


class Broker:
    """``retained`` by topic; ``heard`` is everything that clients said, readable."""

    def __init__(self, code: int, echoes: bool) -> None:
        self.retained: dict[str, bytes] = {}
        self.heard: list[str] = []
        self._code, self._echoes = code, echoes

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                first = (await reader.readexactly(1))[0]
                body = await reader.readexactly(await _size(reader))
            except asyncio.IncompleteReadError:
                return
            self.heard.append(body.decode(errors="replace"))
            answer = self._answer(first >> 4, body)
            writer.write(answer)
            await writer.drain()

    def _answer(self, kind: int, body: bytes) -> bytes:
        if kind == 1:
            return b"\x20\x03\x00\x00\x00"
        if kind == 3:
            return self._taken(body)
        return b"\xd0\x00" if kind == 12 else b""

    def _taken(self, body: bytes) -> bytes:
        (length,) = struct.unpack_from(">H", body)
        topic, rest = body[2 : 2 + length].decode(), body[2 + length :]
        packet, payload = rest[:2], rest[3 + rest[2] :]
        if not self._code:
            self.retained[topic] = payload
        said = "\n".join(self.heard).encode()[:900] if self._echoes else b""
        properties = bytes([REASON_STRING]) + struct.pack(">H", len(said)) + said if said else b""
        answer = packet + bytes([self._code]) + _varint(len(properties)) + properties
        return b"\x40" + _varint(len(answer)) + answer

    def showing(self) -> list[str]:
        """What a screen that subscribes to everything has on."""
        notices = [json.loads(payload)["data"] for payload in self.retained.values()]
        return [
            json.dumps(one["rendition"]["texts"], ensure_ascii=False) for one in notices if one["kind"] != "retract"
        ]


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value % 128 | 128, value // 128])


async def _size(reader: asyncio.StreamReader) -> int:
    size = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return size


def _settings(port: int) -> object:
    known = settings_of("mqtt").model_dump(mode="python")
    known |= {"url": f"mqtt://127.0.0.1:{port}", "password": known["password"].get_secret_value()}
    return carrier("mqtt").settings.model_validate(known)


@asynccontextmanager
async def far_end(behaviour: Behaviour) -> AsyncIterator[FarEnd]:
    if behaviour in far_ends.RUDE:
        async with far_ends.rude(behaviour) as port:
            yield FarEnd(_settings(port))
        return
    broker = Broker(CODES.get(behaviour, 0), behaviour is Behaviour.ECHOES)
    async with far_ends.served(broker.talk) as port:
        end = FarEnd(_settings(port), heard=broker.heard, showing=broker.showing)
        yield end
        await end.wire.aclose()
