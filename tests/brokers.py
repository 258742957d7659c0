"""Brokers on loopback: Debian's mosquitto where it is installed, and amqtt, which any machine has. Neither is ours."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.processes import free_port, tied

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


def needs_mosquitto() -> None:
    if not Path(MOSQUITTO).exists():
        pytest.skip("mosquitto is not installed: make field")


@dataclass
class Mosquitto:
    """A process on a port of its own. ``conf`` is what is added to the least there can be."""

    folder: Path
    port: int
    conf: str = "allow_anonymous true\n"
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        file = self.folder / f"mosquitto-{self.port}.conf"
        least = f"listener {self.port} 127.0.0.1\npersistence false\nuser root\nmax_queued_messages 100000\n"
        file.write_text(f"per_listener_settings false\n{least}max_inflight_messages 0\n{self.conf}")
        self.process = _spawn([MOSQUITTO, "-c", str(file)])
        await _answers(self.port)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@asynccontextmanager
async def mosquitto(folder: Path, conf: str = "allow_anonymous true\n") -> AsyncIterator[Mosquitto]:
    needs_mosquitto()
    broker = Mosquitto(folder, free_port(), conf)
    await broker.start()
    try:
        yield broker
    finally:
        broker.stop()


AMQTT = """
import asyncio, sys
from amqtt.broker import Broker
async def main():
    broker = Broker({
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{sys.argv[1]}", "max_connections": 1000}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    })
    await broker.start()
    await asyncio.Event().wait()
asyncio.run(main())
"""


@asynccontextmanager
async def amqtt(port: int = 0) -> AsyncIterator[int]:
    """A process; gives its port. It keeps nothing over its end."""
    port = port or free_port()
    process = _spawn([sys.executable, "-c", AMQTT, str(port)])
    try:
        await _answers(port)
        yield port
    finally:
        process.kill()
        process.wait(10)


def _spawn(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=tied())


async def _answers(port: int) -> None:
    for _ in range(500):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise RuntimeError(f"nothing listens on {port}")
