"""The partner's side of the feed."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.faults.rig import Rig

APP = "沙盒·长安出行"
PAUSE = 0.2
LATEST = 2.0  # seconds: the feed answers from memory, or has noticed within this that it has to


class Reader:
    """A partner that reads its feed from the beginning, again and again."""

    def __init__(self, rig: Rig) -> None:
        self._client = httpx.AsyncClient(
            base_url=rig.near, headers={"authorization": f"Bearer {rig.partner_key(APP)}"}, timeout=20, trust_env=False
        )
        self._asked: float | None = None  # since when it waits for an answer
        self.answers: Counter[int] = Counter()
        self.slowest = 0.0

    async def read(self) -> set[str]:
        """The alerts that stand in it."""
        self._asked = begun = time.monotonic()
        answer = await self._client.get("/v1/feed?cursor=0&limit=500")
        self._asked = None
        self.slowest = max(self.slowest, time.monotonic() - begun)
        self.answers[answer.status_code] += 1
        return {item["payload"]["data"]["alert"] for item in answer.json()["items"]} if answer.is_success else set()

    async def sees(self, alert: str) -> bool | None:
        return True if alert in await self.read() else None

    @asynccontextmanager
    async def reads_on(self, alert: str) -> AsyncIterator[None]:
        """While the block lasts: the alert is there each time, no answer takes long, the one that is still awaited at the end
        neither, and there is one for each second of it."""
        self.answers.clear()
        self.slowest, begun = 0.0, time.monotonic()
        reading = asyncio.create_task(self._watch(alert))
        try:
            yield
            took = time.monotonic() - begun
            if reading.done():
                await reading
            if self._asked is not None:
                self.slowest = max(self.slowest, time.monotonic() - self._asked)
        finally:
            reading.cancel()
            await asyncio.wait({reading})
        assert set(self.answers) == {200}, self.told()
        assert self.slowest <= LATEST, f"the feed hung: {self.told()}"
        assert self.answers[200] >= took - LATEST, f"in {took:.1f} s {self.told()}"

    async def _watch(self, alert: str) -> None:
        while True:
            assert alert in await self.read(), f"{alert} is not in the feed any more: {self.told()}"
            await asyncio.sleep(PAUSE)

    def told(self) -> str:
        return f"a partner {dict(self.answers)}, the slowest within {self.slowest:.1f} s"

    async def close(self) -> None:
        await self._client.aclose()
