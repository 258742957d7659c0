"""WebSocket text messages on a line that the wire has dialled (RFC 6455; the frames are the ``websockets`` library's)."""

import logging
from collections import deque

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import Event, State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from channels.carriers.line import Ended
from channels.contract import Line, Reason, Retry, WireError

LARGEST = 32 * 1024 * 1024  # a picture of ours comes back in an input's settings, and a screenshot in an answer

# The library logs every frame at DEBUG; a frame holds the child's name.
_SILENT = logging.getLogger(f"{__name__}.silent")
_SILENT.disabled = True

_NOT_OBS = Retry(Reason.UNINTELLIGIBLE, "对方不是 obs-websocket")


class Closed(Exception):
    """The far end closed the connection and said why."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Frames:
    """Opened by :meth:`open`. Raises :class:`Closed`, ``Ended`` for what is no WebSocket, ``WireError`` and ``OSError``."""

    def __init__(self, line: Line, host: str, port: int, subprotocol: str) -> None:
        self._reader, self._writer = line
        name = f"[{host}]" if ":" in host else host
        self._protocol = ClientProtocol(
            parse_uri(f"ws://{name}:{port}/"),
            subprotocols=[Subprotocol(subprotocol)],
            max_size=LARGEST,
            logger=_SILENT,
        )
        self._events: deque[Event] = deque()

    async def open(self) -> None:
        """Shake hands."""
        self._protocol.send_request(self._protocol.connect())
        await self._flush()
        assert isinstance(await self._event(), Response)

    async def send(self, text: str) -> None:
        """One message."""
        self._protocol.send_text(text.encode())
        await self._flush()

    async def receive(self) -> str:
        """The next message; pings are answered meanwhile."""
        parts: list[bytes] = []
        while True:
            frame = await self._event()
            assert isinstance(frame, Frame)
            if frame.opcode is Opcode.CLOSE:
                raise Closed(Close.parse(bytes(frame.data)).code)
            if frame.opcode in (Opcode.TEXT, Opcode.CONT):
                parts.append(bytes(frame.data))
                if frame.fin:
                    return b"".join(parts).decode("utf-8", "replace")
            elif frame.opcode is Opcode.BINARY:
                raise Ended(_NOT_OBS)

    async def close(self) -> None:
        """Say goodbye, without waiting for the answer."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            await self._flush()

    async def _event(self) -> Event:
        while not self._events:
            data = await self._reader.read(65536)
            if not data:
                raise WireError(Reason.BROKEN)
            self._protocol.receive_data(data)
            self._events.extend(self._protocol.events_received())
            await self._flush()
            if isinstance(self._protocol.handshake_exc, InvalidHandshake) or self._protocol.parser_exc is not None:
                raise Ended(_NOT_OBS)
        return self._events.popleft()

    async def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
        await self._writer.drain()
