"""Watchdogs, and the time that passes between their looks."""

import orjson

from app.dispatch.watchdog import Watchdog
from app.flows.house import House
from tests.channels.wire import FakeWire
from tests.dispatch.far import rows

URL = "http://duty.test/alarm?token=secret-token"
SOON = 3.0


def said(wire: FakeWire) -> list[str]:
    """The lines of all messages."""
    return [line for call in wire.calls for line in orjson.loads(call.body)["text"]["content"].splitlines()]


async def later(house: House, seconds: float) -> None:
    """As if so much time had passed, in all that the watchdogs keep."""
    by = f"interval '{seconds} s'"
    await rows(house, f"UPDATE watch SET until = until - {by}, looked_at = looked_at - {by}")
    await rows(house, f"UPDATE trouble SET since = since - {by}, told_at = told_at - {by}, over_at = over_at - {by}")


async def looks(dog: Watchdog, house: House, times: int = 1) -> list[str]:
    """What stands in the ledger after so many looks, one every three seconds."""
    for _ in range(times):
        await dog.look()
        await later(house, SOON)
    return [r.name for r in await rows(house, "SELECT name FROM trouble WHERE over_at IS NULL ORDER BY name")]
