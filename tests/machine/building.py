"""A house on a database whose clock stands still, with five places; emptied, not rebuilt, between two runs."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import orjson
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from app.db.engine import transaction
from app.dispatch import sweeps
from app.dispatch.press import HousePress
from app.dispatch.wiring import wire
from app.domain.words import Lane, Status
from app.flows.house import House
from app.flows.ports import Seal
from tests.machine.clock import START, Passing, set_clock, stop_the_clock
from tests.machine.far_end import Place
from tests.machine.strict import Strict
from tests.machine.world import World
from tests.making import make_organ, make_outlet

_ROBOT = {"access_token": "token", "secret": "SECsecret"}
_FAR = {"lon": 110.5, "lat": 34.6}  # covered from the second hour on

# name, facts of the outlet, lane, the drills that it takes, kilometres from the place of loss
_PLACES: tuple[tuple[str, dict[str, Any], Lane, frozenset[Status], int], ...] = (
    ("tv", {"channel": "tv"}, Lane.PUSH, frozenset(Status), 1),
    ("strict", {"channel": "tv"}, Lane.PUSH, frozenset({Status.ACTUAL}), 1),
    (
        "robot",
        {"channel": "dingtalk", "carrier": "dingtalk_robot", "settings": _ROBOT},
        Lane.PACED,
        frozenset(Status),
        1,
    ),
    ("feed", {"channel": "partner", "carrier": "feed"}, Lane.POLLED, frozenset(Status), 1),
    ("far", {"channel": "tv"} | _FAR, Lane.PUSH, frozenset({Status.ACTUAL, Status.EXERCISE}), 150),
)
# Truncated, not deleted from: rows lie where they always lie, so that a walk repeats itself to the order of its claims.
_EMPTY = (
    "TRUNCATE alert, delivery, attempt, paced_send RESTART IDENTITY CASCADE",
    "ALTER SEQUENCE alert_code RESTART",
    "UPDATE outlet SET paused = false, updated_at = '2026-11-22'",
    "TRUNCATE feed",
)


def quick_house(url: str, pool: int) -> House:
    """As a composition root builds it, but for what looks after lost connections: the store never goes away here."""
    secret = base64.b64encode(b"m" * 32)
    engine = create_async_engine(
        url, pool_size=pool, json_serializer=lambda value: orjson.dumps(value).decode(), json_deserializer=orjson.loads
    )
    seal, press = Seal(Fernet.generate_key().decode()), HousePress("http://huijia.test", secret)
    return House(engine, engine, engine, seal, press, wire, "http://huijia.test", secret)


@dataclass(frozen=True)
class Building:
    """``watch`` is a connection that only looks, ``passing`` the time by which the sweeps measure."""

    house: House
    watch: AsyncConnection
    places: tuple[tuple[int, int, Lane, frozenset[Status], int], ...]
    passing: Passing

    async def world(self) -> World:
        """Empty, at seven in the morning."""
        async with transaction(self.house.engine) as session:
            for statement in _EMPTY:
                await session.execute(text(statement))
        await set_clock(self.house.engine, START)
        tended = min(id for id, *_ in self.places)
        places = {id: Place(id, partner, lane, takes, km, id == tended) for id, partner, lane, takes, km in self.places}
        sweeper = Strict(self.house.engine, self.house.press, "sweeper")
        return World(self.house, self.watch, sweeper, places, START, self.passing)


@asynccontextmanager
async def building(url: str, pool: int = 2) -> AsyncIterator[Building]:
    house = quick_house(url, pool)
    await stop_the_clock(house.engine)
    places = await _enrol(house)
    passing = Passing()
    with mock.patch.object(sweeps, "time", passing):
        async with house.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as watch:
            yield Building(house, watch, places, passing)
    await house.engine.dispose()


async def _enrol(house: House) -> tuple[tuple[int, int, Lane, frozenset[Status], int], ...]:
    await make_organ(house)
    places = []
    for name, facts, lane, takes, km in _PLACES:
        drills = {"takes_exercises": Status.EXERCISE in takes, "takes_tests": Status.TEST in takes}
        id = await make_outlet(house, partner=name, name=name, **(facts | drills))
        async with transaction(house.engine) as session:
            partner = await session.execute(text("SELECT partner_id FROM outlet WHERE id = :id"), {"id": id})
            places.append((id, int(partner.scalar_one()), lane, takes, km))
    return tuple(places)
