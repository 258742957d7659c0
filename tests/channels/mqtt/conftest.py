"""A broker for each test: mosquitto with MQTT 5 and with 3.1.1, and amqtt, which any machine has."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.brokers import amqtt, mosquitto
from tests.channels.mqtt.stage import Place
from tests.channels.wire import FakeWire


@pytest.fixture(params=["mosquitto-5", "mosquitto-3.1.1", "amqtt-3.1.1"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    kind, _, version = str(request.param).partition("-")
    if kind == "amqtt":
        async with amqtt() as port:
            yield Place(port, version, keeps=False)
    else:
        async with mosquitto(tmp_path) as broker:
            yield Place(broker.port, version)


@pytest.fixture
async def wire() -> AsyncIterator[FakeWire]:
    made = FakeWire()
    yield made
    await made.aclose()
