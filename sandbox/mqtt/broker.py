"""The broker: amqtt within this process. Like a real one with a disk it keeps retained messages over a restart."""

import asyncio
import base64
import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from amqtt.broker import Broker

SAVE_SECONDS = 1.0
MOST_CLIENTS = 20_000

log = logging.getLogger("sandbox.broker")


@asynccontextmanager
async def broker(hosts: tuple[str, ...], port: int, kept: Path) -> AsyncIterator[Broker]:
    """Listens while the block runs. ``kept``: the file with what is retained."""
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    listeners = {
        "default" if index == 0 else f"also-{index}": {
            "type": "tcp", "bind": f"{host}:{port}", "max_connections": MOST_CLIENTS,
        }
        for index, host in enumerate(hosts)
    }  # fmt: skip
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    made = Broker({"listeners": listeners, "plugins": plugins})
    await made.start()
    for topic, payload in _load(kept).items():
        await made.retain_message(None, topic, payload, 1)
    saving = asyncio.create_task(_save_often(made, kept))
    try:
        yield made
    finally:
        saving.cancel()
        await asyncio.gather(saving, return_exceptions=True)
        _save(made, kept)
        await made.shutdown()


async def _save_often(made: Broker, kept: Path) -> None:
    while True:
        await asyncio.sleep(SAVE_SECONDS)
        _save(made, kept)


def _save(made: Broker, kept: Path) -> None:
    text = json.dumps(
        {topic: base64.b64encode(message.data).decode() for topic, message in made.retained_messages.items()}
    )
    with suppress(FileNotFoundError):
        if kept.read_text("ascii") == text:
            return
    fresh = kept.with_suffix(".new")
    with open(fresh, "w", opener=lambda path, flags: os.open(path, flags | os.O_TRUNC, 0o600)) as file:
        file.write(text)
    fresh.replace(kept)


def _load(kept: Path) -> dict[str, bytes]:
    try:
        return {topic: base64.b64decode(data) for topic, data in json.loads(kept.read_text("ascii")).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError):
        log.warning("%s is not what the broker kept; it begins anew", kept)
        return {}
