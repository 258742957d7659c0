"""Very many screens in one process of their own: MQTT 3.1.1 by hand, for two thousand clients of a library take longer to
speak than a broker to carry.

``python -m tests.field.network PORT COUNT`` prints ``ready`` whenever all of them listen. They behave as docs/channels/mqtt.md
says: dedup by alert and number, an end is final, a receipt on the screen's own topic when the picture has changed.
"""

import asyncio
import json
import struct
import sys
from collections.abc import Callable
from functools import partial

AREA, FACE = "610113", "all"
AT_ONCE = 200


def text(value: str) -> bytes:
    return struct.pack(">H", len(value.encode())) + value.encode()


def packet(first: int, body: bytes) -> bytes:
    size, out = len(body), bytearray([first])
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes(out) + bytes([size]) + body


class Screen(asyncio.Protocol):
    """``entered`` is called when it listens; ``left`` when its connection is lost. ``newest`` outlives that."""

    def __init__(
        self, name: str, newest: dict[str, tuple[int, str]], entered: Callable[[], None], left: Callable[[], None]
    ):
        self._name, self._newest, self._entered, self._left = name, newest, entered, left
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._transport.write(packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text(self._name)))

    def connection_lost(self, error: Exception | None) -> None:
        self._left()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._end()) is not None:
            whole, self._buffer = self._buffer[: end[1]], self._buffer[end[1] :]
            self._take(whole[0], whole[end[0] :])

    def _end(self) -> tuple[int, int] | None:
        """Where the body of the first packet begins and ends, once it is whole."""
        size = shift = 0
        for at in range(1, min(len(self._buffer), 5)):
            size |= (self._buffer[at] & 127) << shift
            shift += 7
            if self._buffer[at] < 128:
                return (at + 1, at + 1 + size) if len(self._buffer) >= at + 1 + size else None
        return None

    def _take(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == 2:
            topics = f"huijia/actual/{AREA}/{FACE}/+"
            self._transport.write(packet(0x82, b"\x00\x01" + text(topics) + b"\x01"))
        elif kind == 9:
            self._entered()
        elif kind == 3:
            (length,) = struct.unpack_from(">H", body)
            self._transport.write(packet(0x40, body[2 + length : 4 + length]))
            self._show(json.loads(body[4 + length :])["data"])

    def _show(self, data: dict[str, object]) -> None:
        alert, number, kind = str(data["alert"]), int(str(data["number"])), str(data["kind"])
        before, was = self._newest.get(alert, (0, ""))
        if was == "retract" or number <= before:
            return
        self._newest[alert] = number, kind
        said = {"alert": alert, "number": number, "kind": "taken_down" if kind == "retract" else "aired"}
        body = text(f"huijia/receipts/{self._name}") + struct.pack(">H", number) + json.dumps(said).encode()
        self._transport.write(packet(0x32, body))


async def stand(port: int, name: str, entering: asyncio.Semaphore, ready: "asyncio.Queue[None]") -> None:
    newest: dict[str, tuple[int, str]] = {}
    while True:
        entered, left = asyncio.Event(), asyncio.Event()
        screen = partial(Screen, name, newest, entered.set, left.set)
        try:
            async with entering:
                await asyncio.get_running_loop().create_connection(screen, "127.0.0.1", port)
                await asyncio.wait_for(entered.wait(), 10)
            ready.put_nowait(None)
            await left.wait()
        except (OSError, TimeoutError):
            await asyncio.sleep(0.3)


async def main(port: int, count: int) -> None:
    entering, ready = asyncio.Semaphore(AT_ONCE), asyncio.Queue[None]()
    async with asyncio.TaskGroup() as tasks:
        for at in range(count):
            tasks.create_task(stand(port, f"s{at}", entering, ready))
        while True:
            for _ in range(count):
                await ready.get()
            sys.stdout.write("ready\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
