"""Two thousand screens on Debian's mosquitto: all of them say that they show an alert, and that it is off again.

The figures are from the call of ``send_all`` to the last receipt in the hands of ``heard``; the ledger is not in them.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from channels.contract import Accepted, Echo, Kind, Presence, ReceiptKind, WireError
from tests.brokers import Mosquitto, mosquitto
from tests.channels.mqtt.stage import ALERT, CARRIER, TOPIC, Place, number_of, retained, screen, send_to, telling
from tests.channels.wire import FakeWire

COUNT, BATCH, GOAL_SECONDS = 2000, 500, 3.0


class Ear:
    """What the carrier has heard: the screens by kind and number of notice, and when the last of them spoke."""

    def __init__(self) -> None:
        self.said: dict[tuple[ReceiptKind, int], set[str]] = {}
        self.at = 0.0

    async def heard(self, said: Sequence[Echo | Presence]) -> None:
        for one in said:
            if isinstance(one, Echo):
                _, name, _, number = (one.reference or "").split("/")
                self.said.setdefault((one.receipt.kind, int(number)), set()).add(name)
        self.at = time.monotonic()

    async def all_said(self, kind: ReceiptKind, number: int, count: int = COUNT) -> None:
        async with asyncio.timeout(60):
            while len(self.said.get((kind, number), ())) < count:  # noqa: ASYNC110 - figures, not events
                await asyncio.sleep(0.005)


@asynccontextmanager
async def network(port: int, count: int = COUNT) -> AsyncIterator["asyncio.StreamReader"]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.field.network", str(port), str(count), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(90):
            assert await process.stdout.readline() == b"ready\n"
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def listening(place: Place, wire: FakeWire, ear: Ear) -> AsyncIterator[None]:
    async def keep() -> None:
        while True:
            with suppress(WireError):
                await CARRIER.listen(screen(place), ear.heard, wire=wire)
            await asyncio.sleep(0.3)

    task = asyncio.create_task(keep())
    await asyncio.sleep(0.3)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def tell(wire: FakeWire, place: Place, number: int, kind: Kind | None, ear: Ear, receipt: ReceiptKind) -> float:
    """Send in the batches of a dispatcher; the seconds until the last screen has said so."""
    wire.heads = {ALERT: number}
    rendition, began = telling(number, kind), time.monotonic()
    screens = [screen(place, f"s{at}") for at in range(COUNT)]
    batches = [screens[at : at + BATCH] for at in range(0, COUNT, BATCH)]
    outcomes = await asyncio.gather(*(send_to(wire, rendition, *batch) for batch in batches))
    accepted = time.monotonic() - began
    assert all(isinstance(outcome, Accepted) for batch in outcomes for outcome in batch)
    await ear.all_said(receipt, number)
    print(f"  notice {number}: accepted after {accepted:.2f} s, {COUNT} × {receipt} after {ear.at - began:.2f} s")
    return ear.at - began


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_two_thousand_screens(version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wire, ear = FakeWire(), Ear()
    async with mosquitto(tmp_path) as broker, network(broker.port):
        place = Place(broker.port, version)
        async with listening(place, wire, ear):
            with capsys.disabled():
                print(f"\n{COUNT} screens on mosquitto, MQTT {version}")
                shown = await tell(wire, place, 1, None, ear, ReceiptKind.AIRED)
                changed = await tell(wire, place, 2, Kind.UPDATE, ear, ReceiptKind.AIRED)
                down = await tell(wire, place, 3, Kind.RETRACT, ear, ReceiptKind.TAKEN_DOWN)
        ((_, last),) = (await retained(place, TOPIC)).items()
        assert number_of(last) == 3
        assert "李小明" not in last.decode()
        await wire.aclose()
    assert max(shown, changed, down) < GOAL_SECONDS


async def test_a_broker_restarts_with_nothing_and_everyone_comes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is persisted; the listener, which remembers, puts the live notice back."""
    wire, ear = FakeWire(), Ear()
    async with mosquitto(tmp_path) as broker, network(broker.port) as told:
        place = Place(broker.port, "5")
        async with listening(place, wire, ear):
            await tell(wire, place, 1, None, ear, ReceiptKind.AIRED)
            await _restart(broker)
            began = time.monotonic()
            async with asyncio.timeout(60):
                await told.readline()
                back = time.monotonic() - began
                while TOPIC not in await retained(place, TOPIC):
                    continue
            with capsys.disabled():
                print(f"\nall back after {back:.2f} s, the notice after {time.monotonic() - began:.2f} s")
            await tell(wire, place, 2, Kind.RETRACT, ear, ReceiptKind.TAKEN_DOWN)
        await wire.aclose()


async def _restart(broker: Mosquitto) -> None:
    broker.stop()
    await broker.start()
