"""Screens that listen on the broker as docs/channels/mqtt.md tells them to, one client each."""

import asyncio
import json
import logging
import socket
from contextlib import suppress
from random import SystemRandom
from typing import Any

import aiomqtt

from sandbox.faults import Fault, Mode
from sandbox.sites import Site
from sandbox.town import Town

STATUSES = ("actual", "exercise", "test")  # the sandbox's screens have agreed to all three
KEEP_ALIVE_SECONDS = 10
FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0
SLOW_SECONDS = 3.0
LOOK_SECONDS = 0.2

log = logging.getLogger("sandbox.screens")


class Screen:
    """One screen's player. What it shows, the town keeps; what it says goes to its own topics.

    The modes, for somebody who listens: *slow* takes three seconds more for every receipt; *down* vanishes from the
    broker without a word, so that its last will speaks; *flaky* loses every other document, half of them after acting on
    it, and comes back; *lying* shows nothing and says ``rejected``; *hanging* listens and does nothing.
    """

    def __init__(self, town: Town, site: Site, settings: dict[str, Any], host: str, port: int) -> None:
        self._town, self._site = town, site
        self._host, self._port = host, port
        self._prefix, self._name = settings["prefix"], settings["screen"]
        self._mine = tuple(f"{self._prefix}/{status}/{settings['area']}/{settings['face']}/" for status in STATUSES)
        self._receipts, self._status = f"{self._prefix}/receipts/{self._name}", f"{self._prefix}/status/{self._name}"
        self._said: dict[str, tuple[int, bytes]] = {}
        self._saying: set[asyncio.Task[None]] = set()
        self._client: aiomqtt.Client | None = None

    async def run(self) -> None:
        """Until cancelled: connected whenever there is a broker and the mode allows it."""
        wait = FIRST_WAIT
        try:
            while True:
                if self._site.switch.mode is Mode.DOWN:
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                try:
                    await self._be_connected()
                    wait = FIRST_WAIT
                except (aiomqtt.MqttError, OSError) as error:
                    log.info("%s: no broker (%s)", self._name, type(error).__name__)
                    await asyncio.sleep(SystemRandom().uniform(wait / 2, wait))
                    wait = min(2 * wait, LONGEST_WAIT)
        finally:
            for task in self._saying:
                task.cancel()

    async def _be_connected(self) -> None:
        will = aiomqtt.Will(self._status, json.dumps({"online": False}), 1, True)
        async with aiomqtt.Client(
            self._host, self._port, identifier=f"screen-{self._name}", will=will, keepalive=KEEP_ALIVE_SECONDS
        ) as client:
            self._client = client
            unplugging = asyncio.create_task(self._unplug_when_down(client))
            try:
                for topics in self._mine:
                    await client.subscribe(f"{topics}+", 1)
                status = {"online": True, "at": self._town.clock().isoformat(timespec="milliseconds")}
                await client.publish(self._status, json.dumps(status), 1, True)
                async for message in client.messages:
                    if not self._take(str(message.topic), bytes(message.payload), bool(message.retain)):
                        _unplug(client)
            finally:
                self._client = None
                unplugging.cancel()

    async def _unplug_when_down(self, client: aiomqtt.Client) -> None:
        while self._site.switch.mode is not Mode.DOWN:  # noqa: ASYNC110 - a switch, not an event
            await asyncio.sleep(LOOK_SECONDS)
        _unplug(client)

    def _take(self, topic: str, body: bytes, retained: bool) -> bool:
        """False when the plug is to be pulled."""
        if not topic.startswith(self._mine):
            return True  # a broker may send what nobody asked for: amqtt does after a reconnection
        fault = self._site.switch.strike()
        if not body or fault is Fault.HANGING:
            return True
        if fault is Fault.SERVER_ERROR:
            return False
        lying = fault is Fault.LYING
        heard = self._town.document(self._site, topic, body, fault)
        if heard is None:
            return True
        due = SLOW_SECONDS if fault is Fault.SLOW else 0.0
        if heard.again and not retained and heard.alert in self._said:
            self._say(self._said[heard.alert][1], due)
        for kind in ("rejected",) if lying else heard.owed:
            due += self._town.pause()
            self._receipt(heard.alert, heard.number, kind, due)
        return fault is not Fault.HUNG_UP

    def _receipt(self, alert: str, number: int, kind: str, due: float) -> None:
        at = self._town.clock().isoformat(timespec="milliseconds")
        said = json.dumps({"alert": alert, "number": number, "kind": kind, "at": at}).encode()
        if number >= self._said.get(alert, (0, b""))[0]:
            self._said[alert] = (number, said)
        self._say(said, due)

    def _say(self, said: bytes, due: float) -> None:
        task = asyncio.create_task(self._publish(said, due))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _publish(self, said: bytes, due: float) -> None:
        """Until the broker has it, over however many connections."""
        await asyncio.sleep(due)
        while True:
            if self._client is not None:
                with suppress(aiomqtt.MqttError):
                    await self._client.publish(self._receipts, said, 1)
                    return
            await asyncio.sleep(LOOK_SECONDS)


def _unplug(client: aiomqtt.Client) -> None:
    """As when the power goes: not a word to the broker. aiomqtt itself always says goodbye."""
    plug = client._client.socket()
    if isinstance(plug, socket.socket):
        with suppress(OSError):
            plug.shutdown(socket.SHUT_RDWR)
