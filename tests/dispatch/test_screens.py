"""The whole way over a broker: an alert on every screen, each says so, and all of it is taken back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import aiomqtt
import pytest

from app.db import progress
from app.db.engine import transaction
from app.dispatch.dispatcher import Dispatcher
from app.dispatch.keeping import Keeping
from app.dispatch.listening import Listening
from app.dispatch.press import HousePress
from app.dispatch.wire import HttpWire
from app.flows.house import House
from channels.carriers.mqtt import listener, tree
from tests.brokers import amqtt
from tests.channels.mqtt.stage import Place, retained
from tests.dispatch.far import QUICK, rows, until
from tests.flows.acts import retracted
from tests.making import make_alert, make_outlet

LOOPBACK = (ip_network("127.0.0.0/8"),)


@asynccontextmanager
async def working(house: House) -> AsyncIterator[None]:
    """A dispatcher with its listeners, as the worker runs them."""
    assert isinstance(house.press, HousePress)
    wire, stop = HttpWire(Keeping(house.engine), allowed=LOOPBACK), asyncio.Event()
    tasks = [
        asyncio.create_task(Dispatcher(house.engine, house.press, house.seal, wire, limits=QUICK).run(stop)),
        asyncio.create_task(Listening(house.engine, house.press, house.seal, wire).run(stop)),
    ]
    try:
        yield
    finally:
        stop.set()
        for task in tasks:
            await asyncio.wait_for(task, 10)
        await wire.close()


async def play(port: int, name: str) -> None:
    """A screen of three lines: whatever it is given it shows, and says so at once."""
    async with aiomqtt.Client("127.0.0.1", port, identifier=name) as client:
        await client.subscribe("huijia/actual/610113/all/+", 1)
        await client.publish(f"huijia/status/{name}", '{"online": true}', 1, True)
        async for message in client.messages:
            data = json.loads(bytes(message.payload))["data"]
            kind = "taken_down" if data["kind"] == "retract" else "aired"
            said = {"kind": kind, "alert": data["alert"], "number": data["number"]}
            await client.publish(f"huijia/receipts/{name}", json.dumps(said), 1)


async def stages(house: House, code: str) -> set[str]:
    async with transaction(house.engine) as session:
        (alert,) = await rows(house, "SELECT id FROM alert WHERE code = :code", code=code)
        found = await progress.stages(session, [alert.id])
    return set(found[alert.id])


async def screen(house: House, port: int, name: str, area: str = "610113") -> int:
    settings: dict[str, Any] = {"url": f"mqtt://127.0.0.1:{port}", "version": "3.1.1", "area": area, "screen": name}
    return await make_outlet(house, name=name, carrier="mqtt", settings=settings)


async def lying(port: int) -> dict[str, str]:
    """The kind of notice that whoever comes now is given, by alert and area."""
    found = await retained(Place(port, "3.1.1"), "huijia/actual/#")
    said = {topic: json.loads(payload)["data"] for topic, payload in found.items()}
    return {f"{data['alert']} {topic.split('/')[2]}": data["kind"] for topic, data in said.items()}


async def test_broker_and_huijia_restart_at_once_and_the_ledger_puts_everything_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody remembers anything but the ledger: what is live lies there again, for a screen that boots; and so do the ends,
    for one that was away while the search ended and still shows it."""
    monkeypatch.setattr(listener, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(tree, "SETTLING", timedelta(seconds=0.5))
    async with amqtt() as port:
        await screen(house, port, "s1")
        await screen(house, port, "s2", "610102")
        async with working(house):
            live, over = await make_alert(house), await make_alert(house)

            async def lies(*kinds: str) -> bool:
                return sorted((await lying(port)).values()) == sorted(kinds)

            await until(lambda: lies(*["publish"] * 4))
            await retracted(house, over)
            await until(lambda: lies("publish", "publish", "retract", "retract"))
    async with amqtt(port):
        assert await lying(port) == {}
        async with working(house):
            await until(lambda: lies("publish", "publish", "retract", "retract"), 12)
            found = await lying(port)
    assert found == {f"{code} {area}": kind for code, kind in ((live, "publish"), (over, "retract"))
                     for area in ("610113", "610102")}  # fmt: skip


async def test_what_an_old_copy_of_the_broker_brings_back_is_ended_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that saves now and then comes up with what it had before the retraction, while huijia was away."""
    monkeypatch.setattr(listener, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(tree, "SETTLING", timedelta(seconds=0.5))
    async with amqtt() as port:
        await screen(house, port, "s1")

        async def lies(kind: str) -> bool:
            return list((await lying(port)).values()) == [kind]

        async with working(house):
            code = await make_alert(house)
            await until(lambda: lies("publish"))
            saved = await retained(Place(port, "3.1.1"), "huijia/actual/#")
            await retracted(house, code)
            await until(lambda: lies("retract"))
        async with aiomqtt.Client("127.0.0.1", port) as somebody:
            for topic, payload in saved.items():
                await somebody.publish(topic, payload, 1, True)
        assert await lies("publish")
        async with working(house):
            await until(lambda: lies("retract"), 12)


async def test_every_screen_of_an_area_and_back(house: House) -> None:
    async with amqtt() as port:
        names = [f"s{at}" for at in range(12)]
        for name in names:
            await screen(house, port, name)
        async with working(house):
            playing = [asyncio.create_task(play(port, name)) for name in names]

            async def all_there() -> bool:
                found = await rows(house, "SELECT count(*) AS n FROM outlet WHERE heard_at IS NOT NULL")
                return bool(found[0].n == len(names))

            await until(all_there)
            code = await make_alert(house)

            async def all_are(stage: str) -> bool:
                return await stages(house, code) == {stage}

            await until(lambda: all_are("aired"))
            attempts = await rows(house, "SELECT outcome, reference FROM attempt")
            assert {attempt.outcome for attempt in attempts} == {"accepted"}
            assert len({attempt.reference for attempt in attempts}) == len(names)
            await retracted(house, code)
            await until(lambda: all_are("down"))
            for task in playing:
                task.cancel()
            for task in playing:
                with suppress(asyncio.CancelledError):
                    await task
