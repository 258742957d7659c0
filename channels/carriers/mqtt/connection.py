"""One connection to a broker, over the wire's own dialling: every address is checked, and a message is acknowledged
only when we say so."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from channels.carriers.mqtt import packets
from channels.carriers.mqtt.packets import Greeting, Kind, Malformed, Message, Property
from channels.contract import Line, Reason, Wire, WireError

KEEP_ALIVE = 30
DIAL = timedelta(seconds=5)
GOODBYE_SECONDS = 1.0
MOST_AT_ONCE = 500
NO_RETAIN, NO_QOS_1 = 0x9A, 0x9B


class Answered(Exception):
    """The broker said no. ``code``: of its CONNACK (``greeting``), SUBACK or PUBACK."""

    def __init__(self, code: int, *, greeting: bool = False) -> None:
        super().__init__(f"0x{code:02x}")
        self.code, self.greeting = code, greeting


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it. ``version`` is 4 (that is 3.1.1) or 5."""

    host: str
    port: int
    username: str
    password: SecretStr
    version: int
    tls: ssl.SSLContext | None = field(compare=False)


class Connection:
    """Open until :meth:`aclose`, or until it is lost."""

    def __init__(self, line: Line, version: int) -> None:
        self._reader, self._writer = line
        self._version = version
        self._answers: dict[int, asyncio.Future[Sequence[int]]] = {}
        self._came: deque[Message] = deque()
        self._news, self._ended = asyncio.Event(), asyncio.Event()
        self._heard = True
        self._fault: WireError | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.closed = False

    async def greet(self, hello: bytes) -> Greeting:
        """CONNECT, and what the broker says to it. Raises :class:`Answered` or WireError."""
        self._write(hello)
        try:
            kind, _, body = await self._packet()
            if kind != Kind.CONNACK:
                raise Malformed("no connack")
            said = packets.greeting(body, self._version)
        except (OSError, EOFError, Malformed) as error:
            raise WireError(Reason.BROKEN, "代理没有按 MQTT 应答") from error
        if said.code:
            raise Answered(said.code, greeting=True)
        self.beside(self._read())
        self.beside(self._ping())
        return said

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this for as long as the connection is open."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def publish(self, topic: str, payload: bytes, *, expiry: int | None = None) -> None:
        """A retained message; returns when the broker has taken it. Raises :class:`Answered` or WireError."""
        (code,) = await self._ask(
            lambda id: packets.publish(topic, payload, id, retain=True, version=self._version, expiry=expiry)
        )
        if code >= 0x80:
            raise Answered(code)

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Raises :class:`Answered` when one of them is denied."""
        for code in await self._ask(lambda id: packets.subscribe(filters, id, version=self._version)):
            if code >= 0x80:
                raise Answered(code)

    async def messages(self, within: float) -> Sequence[Message]:
        """What came, at most 500 at once; nothing when nothing came ``within`` these seconds. Raises WireError when the
        connection was lost."""
        if not self._came and self._fault is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(within):  # wait_for of 3.11 swallows a cancellation that meets a message
                    await self._news.wait()
        self._news.clear()
        if self._fault is not None and not self._came:
            raise self._fault
        return [self._came.popleft() for _ in range(min(len(self._came), MOST_AT_ONCE))]

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """They are durable: the broker may forget them."""
        self._write(b"".join(packets.puback(one.packet) for one in messages if one.packet))

    async def ended(self) -> None:
        """Returns when it was closed or lost."""
        await self._ended.wait()

    async def aclose(self) -> None:
        """Say goodbye and close."""
        self.closed = True
        self._write(packets.packet(Kind.DISCONNECT, 0))
        self._end(WireError(Reason.BROKEN, "连接已关闭"))
        current = asyncio.current_task()
        for task in self._tasks - ({current} if current else set()):
            task.cancel()
        self._writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._writer.wait_closed()

    async def _ask(self, question: Callable[[int], bytes]) -> Sequence[int]:
        if self._fault is not None:
            raise self._fault
        packet_id = next(id for id in range(1, 0x10000) if id not in self._answers)
        answer: asyncio.Future[Sequence[int]] = asyncio.get_running_loop().create_future()
        self._answers[packet_id] = answer
        try:
            self._write(question(packet_id))
            return await answer
        finally:
            del self._answers[packet_id]

    def _write(self, data: bytes) -> None:
        if self._fault is None and data:
            self._writer.write(data)

    async def _packet(self) -> tuple[int, int, bytes]:
        first = (await self._reader.readexactly(1))[0]
        prefix = b""
        while (size := packets.length(prefix)) is None:
            prefix += await self._reader.readexactly(1)
        if size > packets.LARGEST:
            raise Malformed("too large")
        return first >> 4, first & 0x0F, await self._reader.readexactly(size)

    async def _read(self) -> None:
        try:
            while True:
                kind, flags, body = await self._packet()
                self._heard = True
                if kind == Kind.DISCONNECT:
                    raise EOFError
                self._take(kind, flags, body)
        except (OSError, EOFError) as error:
            self._end(WireError(Reason.BROKEN, "与代理的连接中断"), error)
        except Malformed as error:
            self._end(WireError(Reason.BROKEN, "代理的应答不合 MQTT 规范"), error)

    def _take(self, kind: int, flags: int, body: bytes) -> None:
        if kind == Kind.PUBLISH:
            self._came.append(packets.message(flags, body, self._version))
            self._news.set()
        elif kind == Kind.PUBACK:
            packet_id, code = packets.acknowledged(body)
            self._settle(packet_id, (code,))
        elif kind == Kind.SUBACK:
            self._settle(*packets.granted(body, self._version))

    def _settle(self, packet_id: int, codes: Sequence[int]) -> None:
        answer = self._answers.get(packet_id)
        if answer is not None and not answer.done():
            answer.set_result(codes)

    async def _ping(self) -> None:
        """A broker that says nothing for a whole round is gone, whatever TCP believes."""
        while self._heard:
            self._heard = False
            self._write(packets.packet(Kind.PINGREQ, 0))
            await asyncio.sleep(KEEP_ALIVE / 2)
        self._end(WireError(Reason.TIMEOUT, "代理不再应答"))

    def _end(self, fault: WireError, cause: BaseException | None = None) -> None:
        if self._fault is not None:
            return
        fault.__cause__ = cause
        self._fault = fault
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(fault)
        self._ended.set()
        self._news.set()


async def connect(wire: Wire, broker: Broker, identifier: str, *, session_seconds: int) -> Connection:
    """A connection in the session called ``identifier``. Whoever holds that session's connection loses it first
    [MQTT-3.1.4-3]. The session outlives the connection by ``session_seconds``; before version 5, until the broker
    forgets it. Raises :class:`Answered` or WireError."""
    reader, writer = await wire.dial(broker.host, broker.port, timeout=DIAL)
    connection = Connection((reader, writer), broker.version)
    try:
        if broker.tls is not None:
            await _secure(writer, broker.tls, broker.host)
        said = await connection.greet(
            packets.connect(
                identifier, version=broker.version, clean=False, keep_alive=KEEP_ALIVE, username=broker.username,
                password=broker.password.get_secret_value(), session_expiry=session_seconds,
            )
        )  # fmt: skip
        if said.properties.get(Property.RETAIN_AVAILABLE) == 0:
            raise Answered(NO_RETAIN)
        if said.properties.get(Property.MAXIMUM_QOS) == 0:
            raise Answered(NO_QOS_1)
    except BaseException:
        await connection.aclose()
        raise
    return connection


async def _secure(writer: asyncio.StreamWriter, context: ssl.SSLContext, host: str) -> None:
    try:
        await writer.start_tls(context, server_hostname=host)
    except OSError as error:  # ssl.SSLError among them
        raise WireError(Reason.UNREACHABLE, "TLS 握手失败") from error
