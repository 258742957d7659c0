"""Notices of this hour, screens by name, and a far end that can be held up in the middle of a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import aiomqtt
import orjson
import pytest

from channels.carriers.mqtt import Mqtt
from channels.carriers.mqtt.settings import MqttSettings
from channels.contract import Accepted, Kind, Notice, Outcome, Rendition, Send
from channels.wording import BEIJING
from tests.channels.notices import PUBLISH, RETRACT, UPDATE, rendered
from tests.channels.wire import FakeWire

CARRIER = Mqtt()
LOST_AT = "14:20"  # the child of PUBLISH
ALERT = PUBLISH.alert
TOPIC = f"huijia/actual/610113/all/{ALERT}"


@dataclass(frozen=True, slots=True)
class Place:
    """A broker, and the newest MQTT that it speaks."""

    port: int
    version: str
    keeps: bool = True
    """Whether it keeps for a session what came while nobody was there, as MQTT says it must."""

    def needs_sessions(self) -> None:
        if not self.keeps:
            pytest.skip("amqtt keeps nothing for a session whose client is away")


def now() -> datetime:
    return datetime.now(BEIJING)


def fresh(notice: Notice, **changes: Any) -> Notice:
    at = now()
    if LOST_AT in str(at):
        at -= timedelta(seconds=61)  # or its own time would read as what a retraction may not tell
    return replace(notice, issued_at=at, expires_at=at + timedelta(hours=24), **changes)


def telling(number: int, kind: Kind | None = None) -> Rendition:
    """Notice ``number`` of the one alert: the first publishes, later ones update unless they retract."""
    base = {None: PUBLISH if number == 1 else UPDATE, Kind.UPDATE: UPDATE, Kind.RETRACT: RETRACT}[kind]
    return rendered(fresh(base, number=number, ends=tuple(range(1, number))), "screen")


def screen(place: Place, name: str = "s1", **changes: Any) -> MqttSettings:
    raw = {"url": f"mqtt://127.0.0.1:{place.port}", "area": "610113", "screen": name, "version": place.version}
    return MqttSettings.model_validate(raw | changes)


async def send(wire: FakeWire, rendition: Rendition, settings: MqttSettings, key: str = "dlv_9") -> Outcome:
    return await CARRIER.send(rendition, settings, key=key, prior=None, now=now(), wire=wire)


async def send_to(wire: FakeWire, rendition: Rendition, *screens: MqttSettings) -> list[Outcome]:
    sends = [Send(one, f"dlv_{at}", None) for at, one in enumerate(screens, start=1)]
    return list(await CARRIER.send_all(rendition, sends, now=now(), wire=wire))


def taken(outcome: Outcome) -> str:
    assert isinstance(outcome, Accepted), outcome
    assert outcome.reference is not None
    return outcome.reference


@asynccontextmanager
async def client(place: Place, **options: Any) -> AsyncIterator[aiomqtt.Client]:
    """Somebody else's MQTT, with which a screen's engineer would listen."""
    async with aiomqtt.Client("127.0.0.1", place.port, **options) as one:
        yield one


async def retained(place: Place, filter: str = "huijia/#", within: float = 0.4) -> dict[str, bytes]:
    """What somebody who comes now is given."""
    found: dict[str, bytes] = {}
    async with client(place) as one:
        await one.subscribe(filter, 1)
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                async for message in one.messages:
                    if message.topic.matches(filter):  # amqtt sends what nobody asked for
                        found[str(message.topic)] = bytes(message.payload)
    return found


def number_of(payload: bytes) -> int:
    return int(orjson.loads(payload)["data"]["number"])


@dataclass
class Gate:
    """Stands before the broker. While it is shut, a PUBLISH waits here until it is opened."""

    behind: int
    port: int = 0
    shut: bool = False
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    passing: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.passing.add(asyncio.create_task(self._pass(reader, writer)))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.behind)
        back = asyncio.create_task(_copy(far_reader, writer))
        try:
            while data := await reader.read(65536):
                if self.shut and data[0] >> 4 == 3:
                    self.holding.set()
                    await self.opened.wait()
                far_writer.write(data)
        except OSError:
            pass
        finally:
            back.cancel()
            writer.close()
            far_writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


@asynccontextmanager
async def gate(place: Place) -> AsyncIterator[Gate]:
    made = Gate(place.port)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.opened.set()
        server.close()
        for task in made.passing:
            task.cancel()
        await asyncio.gather(*made.passing, return_exceptions=True)
