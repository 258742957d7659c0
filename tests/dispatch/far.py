"""A wire with a script for each address, and a dispatcher that runs on it for the length of a test."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import text

from app.db.engine import transaction
from app.dispatch.dispatcher import Dispatcher, Limits
from app.dispatch.press import HousePress
from app.flows.house import House
from channels.contract import Reply
from tests.channels.wire import FakeWire
from tests.making import make_outlet

Answer = Reply | Exception | Callable[[], Awaitable[Reply]]
QUICK = Limits(grace=timedelta(seconds=0.3))


@dataclass(frozen=True)
class Call:
    place: str
    key: str
    kind: str
    number: int
    alert: str


class Far(FakeWire):
    """Answers 200 unless ``script`` holds something for the place; the last of a script is given again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.script: dict[str, list[Answer]] = defaultdict(list)
        self.calls: list[Call] = []  # type: ignore[assignment]  # by place, not by address
        self.under_way = 0

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> Reply:
        place = url.partition("?")[0].rpartition("/")[2]
        self.calls.append(_call(place, headers, orjson.loads(body)))
        left = self.script[place]
        answer = left.pop(0) if len(left) > 1 else left[0] if left else reply()
        if isinstance(answer, Exception):
            raise answer
        self.under_way += 1
        try:
            return answer if isinstance(answer, Reply) else await answer()
        finally:
            self.under_way -= 1

    def at(self, place: str) -> list[Call]:
        return [c for c in self.calls if c.place == place]

    def kinds(self, place: str) -> list[str]:
        return [c.kind for c in self.at(place)]


def _call(place: str, headers: Mapping[str, str], said: Mapping[str, Any]) -> Call:
    data = said.get("data")
    if data is None:  # a card for a chat robot names no numbers
        title = said["actionCard"]["title"]
        return Call(place, "", "retract" if "结束" in title else "publish", 0, title)
    return Call(place, headers["webhook-id"], data["kind"], data["number"], data["alert"])


def reply(status: int = 200, body: Any = None, **headers: str) -> Reply:
    return Reply(status, {k.replace("_", "-"): v for k, v in headers.items()}, orjson.dumps(body or {}))


async def never() -> Reply:
    """An outlet that hangs."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def make_place(house: House, name: str, **changes: Any) -> int:
    """An outlet whose address ends with its name."""
    settings = {"url": f"http://far.test/{name}", "secret": "whsec_" + "a" * 43 + "="}
    if changes.get("carrier") == "dingtalk_robot":
        settings = {"url": f"http://far.test/{name}", "access_token": "token", "secret": "SECsecret"}
    return await make_outlet(house, name=name, **({"settings": settings, "channel": "tv"} | changes))


def made(house: House, far: FakeWire, limits: Limits = QUICK) -> Dispatcher:
    assert isinstance(house.press, HousePress)
    return Dispatcher(house.engine, house.press, house.seal, far, limits=limits)


@asynccontextmanager
async def dispatching(house: House, far: FakeWire, limits: Limits = QUICK) -> AsyncIterator[Dispatcher]:
    """A dispatcher at work; it is stopped as SIGTERM stops it."""
    dispatcher, stop = made(house, far, limits), asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    try:
        yield dispatcher
    finally:
        stop.set()
        await asyncio.wait_for(running, 10)


async def rows(house: House, sql: str, **values: Any) -> list[Any]:
    async with transaction(house.engine) as session:
        found = await session.execute(text(sql), values)
        return list(found.all()) if found.returns_rows else []


async def states(house: House, number: int | None = None) -> list[str]:
    """The state of every delivery (of one notice), by outlet."""
    where = "" if number is None else f"WHERE number = {number} "
    return [r.state for r in await rows(house, f"SELECT state FROM delivery {where}ORDER BY number, outlet_id")]


async def until(what: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = 8.0) -> None:
    """Look again and again until it is so."""
    async with asyncio.timeout(seconds):
        while True:
            said = what()
            if said if isinstance(said, bool) else await said:
                return
            await asyncio.sleep(0.02)


async def all_are(house: House, *wanted: str) -> bool:
    found = await states(house)
    return bool(found) and set(found) <= set(wanted)
