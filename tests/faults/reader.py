"""The partner's side of the feed."""

import asyncio
import time
from collections import Counter

import httpx

from tests.faults.rig import Rig

APP = "沙盒·长安出行"


class Reader:
    """A partner that reads its feed from the beginning, all the while."""

    def __init__(self, rig: Rig) -> None:
        self._client = httpx.AsyncClient(
            base_url=rig.near, headers={"authorization": f"Bearer {rig.partner_key(APP)}"}, timeout=20, trust_env=False
        )
        self.answers: Counter[int] = Counter()
        self.slowest = 0.0

    async def read(self) -> set[str]:
        """The alerts that stand in it."""
        begun = time.monotonic()
        answer = await self._client.get("/v1/feed?cursor=0&limit=500")
        self.slowest = max(self.slowest, time.monotonic() - begun)
        self.answers[answer.status_code] += 1
        return {item["payload"]["data"]["alert"] for item in answer.json()["items"]} if answer.is_success else set()

    async def sees(self, alert: str) -> bool | None:
        return True if alert in await self.read() else None

    async def watch(self, alert: str) -> None:
        """Until cancelled; the alert is there each time."""
        while True:
            assert alert in await self.read()
            await asyncio.sleep(0.2)

    def told(self) -> str:
        return f"a partner {dict(self.answers)}, the slowest within {self.slowest:.1f} s"

    async def close(self) -> None:
        await self._client.aclose()
