"""Put a document on its topic so that it can never take the place of a newer one (docs/adr/0021).

A retained topic keeps whatever came last, and two dispatchers may each have a notice of one alert on its way. So every
topic has a session of its own, named after it, and whoever publishes there first takes that session over: the broker
ends the connection of whoever had it, and what is still on its way there arrives nowhere. Then, with the session in
hand, the ledger is asked whether this is still the newest notice. Whoever comes later than a newer notice is told so;
whoever came earlier has lost the connection.
"""

import asyncio
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from channels.carriers.mqtt.connection import Broker, Connection, connect
from channels.carriers.mqtt.settings import fingerprint
from channels.contract import Wire

KEPT_SECONDS = 5
"""How long the session is held after its last word. As long as it is ours, nobody has replaced what we put there."""

LATE_SECONDS = 60
"""Clocks differ: a document may outlive its time by this much at the broker. The screens look at ``expires_at``."""


class Overtaken(Exception):
    """A newer notice of this alert exists. Nothing was published."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is to lie on ``topic``. ``final``: it ends the alert, and nothing can be newer. An empty ``payload`` clears
    the topic."""

    topic: str
    alert: str
    number: int
    final: bool
    payload: bytes
    expires_at: datetime


def session_of(topic: str, broker: Broker) -> str:
    """The client identifier under which alone this topic is published to. A screen that could guess it could take the
    session from us."""
    return "huijia" + fingerprint(topic, broker.username, broker.password.get_secret_value())[:17]


async def put(wire: Wire, broker: Broker, document: Document, now: datetime) -> Connection:
    """Publish; gives the connection that did, still open. Raises :class:`Overtaken`, Answered or WireError."""
    await _newest(wire, document)  # once more below; here it spares the newer one's connection
    connection = await connect(wire, broker, session_of(document.topic, broker), session_seconds=0)
    try:
        await _newest(wire, document)
        left = int((document.expires_at - now).total_seconds()) + LATE_SECONDS
        expiry = None if broker.version < 5 or not document.payload else max(left, 1)
        await connection.publish(document.topic, document.payload, expiry=expiry)
    except BaseException:
        await connection.aclose()
        raise
    return connection


async def put_once(wire: Wire, broker: Broker, document: Document, now: datetime) -> None:
    """Publish, unless this process has just done so and nobody has published there since. Sends that need the same
    document wait for one publish."""
    key = ("mqtt", broker, document.topic, document.number)

    async def start() -> Connection:
        connection = await put(wire, broker, document, now)
        connection.beside(_let_go(wire, key, connection))
        return connection

    await wire.held(key, start)


async def _newest(wire: Wire, document: Document) -> None:
    if not document.final and await wire.head(document.alert) > document.number:
        raise Overtaken


async def _let_go(wire: Wire, key: Hashable, connection: Connection) -> None:
    """Holds as long as the connection does, and not for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(KEPT_SECONDS):
            await connection.ended()
    if not connection.closed:
        await wire.drop(key)
