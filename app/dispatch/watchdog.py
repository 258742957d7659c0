"""Somebody is told. A loop outside the path of deliveries looks for troubles and raises the alarm, again and again while
they last; where the database itself is away, every process raises it."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import orjson
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import StoreUnavailable, only_here, transaction
from app.flows.troubles import Trouble, troubles
from channels.contract import Wire, WireError

EVERY_SECONDS = 2.0
AGAIN_SECONDS = 300.0
LIMIT = timedelta(seconds=8)
AWAY = Trouble("store_away", "数据库连不上，新的寻人和撤回都无法受理。请立即检查数据库。")
HEADERS = {"content-type": "application/json", "user-agent": "huijia"}

log = logging.getLogger("huijia.watchdog")
lasting = Gauge("huijia_trouble", "1 while this trouble lasts", ["name"])


class Watchdog:
    """``alarm_url``: where a JSON message goes (it is one that a DingTalk robot takes, too); without it the log and the
    metrics say it."""

    def __init__(self, engine: AsyncEngine, wire: Wire, alarm_url: str | None) -> None:
        self._engine, self._wire, self._url = engine, wire, alarm_url
        self._said: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``. One process looks while the database answers."""
        while not stop.is_set():
            try:
                async with only_here(self._engine, "watchdog") as gone:
                    while gone is not None and not gone.is_set() and not stop.is_set():
                        await self.look()
                        await _pause(stop)
            except StoreUnavailable:
                await self._tell({AWAY.name: AWAY})
            except Exception:
                log.exception("the watchdog stumbled")
            await _pause(stop)

    async def look(self) -> Mapping[str, Trouble]:
        """Look once, and tell what is new, what still lasts and what is over."""
        try:
            async with transaction(self._engine) as session:
                found = {t.name: t for t in await troubles(session)}
        except StoreUnavailable:
            found = {AWAY.name: AWAY}
        await self._tell(found)
        return found

    async def _tell(self, found: Mapping[str, Trouble]) -> None:
        now = time.monotonic()
        for name, trouble in found.items():
            lasting.labels(name).set(1)
            if name not in self._said or now - self._said[name] >= AGAIN_SECONDS:
                log.error("trouble %s: %s", name, trouble.zh)
                if await self._alarm(f"回家平台告警：{trouble.zh}"):
                    self._said[name] = now
        for name in [n for n in self._said if n not in found]:
            lasting.labels(name).set(0)
            log.warning("trouble %s is over", name)
            del self._said[name]
            await self._alarm(f"回家平台告警解除：{name}")

    async def _alarm(self, words: str) -> bool:
        """False when nobody could be told: then it is tried again at the next look."""
        if self._url is None:
            return True
        body = orjson.dumps({"msgtype": "text", "text": {"content": words}})
        try:
            reply = await self._wire.request("POST", self._url, headers=HEADERS, timeout=LIMIT, body=body)
        except WireError as e:
            log.error("the alarm did not get through: %s", e.reason)
            return False
        if not 200 <= reply.status < 300:
            log.error("the alarm was not taken: HTTP %d", reply.status)
        return 200 <= reply.status < 300


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
