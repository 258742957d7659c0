"""The other direction: what the screens of a network say is handed on, and its topics are kept as they should be."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from channels.carriers.mqtt import evidence
from channels.carriers.mqtt.codes import outcome
from channels.carriers.mqtt.connection import Answered, Connection, connect
from channels.carriers.mqtt.packets import Message
from channels.carriers.mqtt.retained import Document, Overtaken, put
from channels.carriers.mqtt.settings import MqttSettings, broker, fingerprint, listened, network
from channels.carriers.mqtt.tree import Tree
from channels.contract import Echo, Presence, Reason, Wire, WireError

SESSION_SECONDS = 86_400
"""How long a broker keeps what screens say while no huijia listens."""

TICK_SECONDS = 1.0
REPAIR = timedelta(seconds=8)
REPAIRS_AT_ONCE = 16
BATCHES_AT_ONCE = 64

Heard = Callable[[Sequence[Echo | Presence]], Awaitable[None]]


async def listen(settings: MqttSettings, heard: Heard, *, keys: Mapping[str, str], tree: Tree, wire: Wire) -> None:
    """Until cancelled, or WireError. ``keys`` holds the delivery of each reference that this process has sent."""
    connection = await _open(wire, settings)
    counter, gardener = _Counter(connection, heard), _Gardener(wire, settings)
    try:
        await _subscribe(connection, settings)
        tree.begin(datetime.now(UTC))
        while True:
            batch = await connection.messages(within=TICK_SECONDS)
            await counter.take(batch, _said(settings, batch, tree, keys))
            gardener.tend(tree.due(datetime.now(UTC)))
    finally:
        counter.stop()
        gardener.stop()
        await connection.aclose()


async def _open(wire: Wire, settings: MqttSettings) -> Connection:
    try:
        return await connect(wire, broker(settings), _session_of(settings), session_seconds=SESSION_SECONDS)
    except Answered as said:
        raise WireError(Reason.UNREACHABLE, outcome(said).detail) from said


async def _subscribe(connection: Connection, settings: MqttSettings) -> None:
    try:
        await connection.subscribe(listened(settings))
    except Answered as said:
        raise WireError(Reason.UNREACHABLE, f"代理不允许订阅（MQTT 0x{said.code:02x}）") from said


def _session_of(settings: MqttSettings) -> str:
    return "hjlisn" + fingerprint(*network(settings), settings.password.get_secret_value())[:17]


def _said(
    settings: MqttSettings, batch: Sequence[Message], tree: Tree, keys: Mapping[str, str]
) -> Sequence[Echo | Presence]:
    found: list[Echo | Presence] = []
    for message in batch:
        said = evidence.read(settings, message)
        if isinstance(said, Echo) and said.reference is not None:
            said = replace(said, key=keys.get(said.reference))
        if said is not None:
            found.append(said)
        elif _is_notice(settings, message.topic):
            tree.hear(message.topic, message.payload, datetime.now(UTC))
    return found


def _is_notice(settings: MqttSettings, topic: str) -> bool:
    return topic.removeprefix(f"{settings.prefix}/").partition("/")[0] not in ("receipts", "status")


class _Counter:
    """Hands batches on side by side, for one that fits nothing yet may take its time, and acknowledges them in the order
    in which they came [MQTT-4.6.0-2]."""

    def __init__(self, connection: Connection, heard: Heard) -> None:
        self._connection, self._heard = connection, heard
        self._room = asyncio.Semaphore(BATCHES_AT_ONCE)
        self._open: deque[tuple[asyncio.Task[None], Sequence[Message]]] = deque()

    async def take(self, batch: Sequence[Message], said: Sequence[Echo | Presence]) -> None:
        """Raises what went wrong with an earlier batch: it stays unacknowledged, and comes again."""
        self._acknowledge()
        if self._open and self._open[0][0].done():
            self._open[0][0].result()
        if batch:
            await self._room.acquire()
            task = asyncio.create_task(self._hand_on(said))
            self._open.append((task, batch))
            task.add_done_callback(lambda _: self._room.release())
            task.add_done_callback(lambda _: self._acknowledge())

    def stop(self) -> None:
        for task, _ in self._open:
            task.cancel()

    async def _hand_on(self, said: Sequence[Echo | Presence]) -> None:
        if said:
            await self._heard(said)

    def _acknowledge(self) -> None:
        while self._open and _well(self._open[0][0]):
            self._connection.acknowledge(self._open.popleft()[1])


def _well(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


class _Gardener:
    """Publishes what the tree asks for, beside the listening. What does not succeed is asked for again."""

    def __init__(self, wire: Wire, settings: MqttSettings) -> None:
        self._wire, self._broker = wire, broker(settings)
        self._room = asyncio.Semaphore(REPAIRS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def tend(self, documents: Iterable[Document]) -> None:
        for document in documents:
            task = asyncio.create_task(self._put(document))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _put(self, document: Document) -> None:
        async with self._room:
            try:
                async with asyncio.timeout(REPAIR.total_seconds()):
                    connection = await put(self._wire, self._broker, document, datetime.now(UTC))
                    await connection.aclose()
            except (Answered, Overtaken, WireError, TimeoutError):
                return
