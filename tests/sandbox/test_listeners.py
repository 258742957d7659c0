"""Screens on a message broker: what they show, what they say, and how they misbehave. The broker is somebody else's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from sandbox.mqtt import network, screens
from sandbox.mqtt.broker import broker
from sandbox.mqtt.screens import Screen
from tests.brokers import amqtt
from tests.faults.processes import free_port
from tests.sandbox.stage import ALERT, Stage, encoded, payload, stage, until

TOPIC = f"sandbox/actual/610113/1920x1080/{ALERT}"


@dataclass
class Underground:
    """One screen, the broker's port, and everything that was said on the broker's other topics."""

    at: Stage
    port: int
    client: aiomqtt.Client
    said: list[tuple[str, Any]] = field(default_factory=list)

    async def publish(self, content: Any, topic: str = TOPIC) -> None:
        await self.client.publish(topic, encoded(content), 1, True)

    def receipts(self) -> list[tuple[int, str]]:
        return [(said["number"], said["kind"]) for topic, said in self.said if "/receipts/" in topic]

    def there(self) -> list[bool]:
        return [said["online"] for topic, said in self.said if "/status/" in topic]


@asynccontextmanager
async def underground(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Underground]:
    monkeypatch.setattr(screens, "FIRST_WAIT", 0.05)
    async with stage(path) as at, amqtt() as port, aiomqtt.Client("127.0.0.1", port) as client:
        here = Underground(at, port, client)
        await client.subscribe("sandbox/receipts/+", 1)
        await client.subscribe("sandbox/status/+", 1)
        site = at.town.sites["metro-1"]
        screen = Screen(at.town, site, network.settings(site.outlet, at.state.base), "127.0.0.1", port)
        tasks = [asyncio.create_task(screen.run()), asyncio.create_task(_hear(here))]
        await until(lambda: here.there() == [True])
        yield here
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hear(here: Underground) -> None:
    async for message in here.client.messages:
        here.said.append((str(message.topic), json.loads(bytes(message.payload))))


async def test_it_shows_says_so_and_takes_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with underground(tmp_path, monkeypatch) as here:
        await here.publish(payload())
        await until(lambda: len(here.receipts()) == 2)
        assert await here.at.showing("metro-1") == [(ALERT, 1)]
        await here.publish(payload(3, "retract"))
        await until(lambda: len(here.receipts()) == 4)
        assert await here.at.showing("metro-1") == []
        await here.publish(payload(2, "update"))
        await here.publish(payload(1))
        await until(lambda: len(here.at.town.calls.after()) == 4)
        assert await here.at.showing("metro-1") == [], "whatever comes after an end"
        assert here.receipts() == [(1, "received"), (1, "aired"), (3, "received"), (3, "taken_down")]
        assert await here.at.verdicts() == ["shown", "taken_down", "stale", "stale"]
        topics = {topic for topic, _ in here.said}
        assert topics == {"sandbox/receipts/metro-1", "sandbox/status/metro-1"}


async def test_asked_again_it_says_its_last_word_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with underground(tmp_path, monkeypatch) as here:
        await here.publish(payload())
        await until(lambda: len(here.receipts()) == 2)
        await here.publish(payload())
        await until(lambda: len(here.receipts()) == 3)
        last = [said for topic, said in here.said if "/receipts/" in topic][1:]
        assert last[0] == last[1], "the very same, so that it is known for what it is"


@pytest.mark.parametrize(
    ("topic", "content"),
    [(TOPIC.replace("actual", "exercise"), payload()), (TOPIC[:-1] + "4", payload()), (TOPIC, {"hello": 1})],
    ids=["another status", "another alert", "no notice"],
)
async def test_what_does_not_belong_there_is_not_shown(
    topic: str, content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with underground(tmp_path, monkeypatch) as here:
        await here.publish(content, topic)
        await until(lambda: len(here.at.town.calls.after()) == 1)
        assert await here.at.verdicts() == ["malformed"]
        assert await here.at.showing("metro-1") == []
        assert here.receipts() == []


async def test_it_vanishes_and_comes_back_to_what_is_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with underground(tmp_path, monkeypatch) as here:
        await here.at.turn("metro-1", "down")
        await until(lambda: here.there() == [True, False])
        await here.publish(payload(1))
        await here.publish(payload(2, "update"))
        await here.at.turn("metro-1", "ok")
        await until(lambda: here.there()[-1:] == [True] and len(here.receipts()) == 2)
        assert await here.at.showing("metro-1") == [(ALERT, 2)]
        assert here.receipts() == [(2, "received"), (2, "aired")]


@pytest.mark.parametrize(
    ("mode", "said", "shows"), [("lying", ["rejected"], False), ("hanging", [], False), ("slow", ["received", "aired"], True)]
)  # fmt: skip
async def test_how_it_misbehaves(
    mode: str, said: list[str], shows: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "SLOW_SECONDS", 0.3)
    async with underground(tmp_path, monkeypatch) as here:
        await here.at.turn("metro-1", mode)
        await here.publish(payload())
        await asyncio.sleep(0.2)
        assert mode != "slow" or here.receipts() == []
        await until(lambda: len(here.receipts()) >= len(said))
        assert [kind for _, kind in here.receipts()] == said
        assert bool(await here.at.showing("metro-1")) is shows


async def test_a_flaky_one_gets_there_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with underground(tmp_path, monkeypatch) as here:
        await here.at.turn("metro-1", "flaky")
        await here.publish(payload())
        await until(lambda: (1, "aired") in here.receipts(), seconds=8)
        assert False in here.there()
        assert await here.at.showing("metro-1") == [(ALERT, 1)]


async def test_the_broker_keeps_what_is_retained_over_a_restart(tmp_path: Path) -> None:
    kept, port = tmp_path / "kept", free_port()
    async with broker(("127.0.0.1",), port, kept), aiomqtt.Client("127.0.0.1", port) as client:
        await client.publish("a/live", b"1", 1, True)
        await client.publish("a/over", b"1", 1, True)
        await client.publish("a/over", b"", 1, True)
        await client.publish("a/passing", b"1", 1)
    async with broker(("127.0.0.1",), port, kept), aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("#", 1)
        first = await asyncio.wait_for(anext(client.messages), 3)
        assert (str(first.topic), first.payload) == ("a/live", b"1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(client.messages), 0.3)
    assert kept.stat().st_mode & 0o077 == 0
