"""The police system's side of the API."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.faults.rig import ORGAN, Rig, until
from tests.making import record_json

ALL_UP = {"aired", "received", "accepted"}
ALL_DOWN = {"down", "corrected", "spared"}
NOWHERE = {"loss__area_code": "610802", "loss__lon": 109.741, "loss__lat": 38.29}  # no outlet within 300 km


@dataclass(frozen=True, slots=True)
class Insisted:
    """What was answered in the end, after so many 503 and so many seconds. ``silent``: how often no answer came in time.
    ``replayed``: it had been carried out before."""

    body: dict[str, Any]
    refused: int
    seconds: float
    silent: int
    replayed: bool


def assert_refused(answer: httpx.Response) -> None:
    """A clear 503: when to come back, and a problem that says what it is, in both languages."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["type"] == "urn:huijia:problem:store-unavailable"
    assert all(said[member] for member in ("title", "detail", "detail_en", "remedy", "remedy_en"))


class Officer:
    """``status`` actual throughout: only then does a chat message name its alert. ``ended``: when it was known of each alert
    that it is taken back, by the wall clock."""

    def __init__(self, rig: Rig, organ: str = ORGAN, key: str | None = None) -> None:
        self._rig, self._organ = rig, organ
        self.ended: dict[str, float] = {}
        self._client = httpx.AsyncClient(
            base_url=rig.near, headers={"authorization": f"Bearer {key or rig.key}"}, timeout=40, trust_env=False,
            limits=httpx.Limits(max_connections=None),
        )  # fmt: skip

    async def close(self) -> None:
        await self._client.aclose()

    def record(self, **changes: Any) -> dict[str, Any]:
        """A case of its own each time."""
        stamp = datetime.now(UTC)
        case = f"A{self._organ}{stamp:%Y%m}{next(self._rig.cases):04d}"
        return record_json(stamp, organ_code=self._organ, case_number=case, **changes)

    async def submit(self, record: Mapping[str, Any], key: str | None = None) -> httpx.Response:
        headers = {"idempotency-key": key} if key else {}
        return await self._client.post("/v1/alerts", json=record, headers=headers)

    async def issue(self) -> str:
        """The number of an alert that every outlet is to have."""
        answer = await self.submit(self.record())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def ask_to_retract(self, alert: str) -> httpx.Response:
        answer = await self._client.post(f"/v1/alerts/{alert}/retract", json={"reason": "found"})
        if answer.is_success:
            self.ended.setdefault(alert, time.time())
        return answer

    async def retract(self, alert: str) -> None:
        answer = await self.ask_to_retract(alert)
        assert answer.status_code == 200, answer.text

    async def insist(self, ask: Callable[[], Awaitable[httpx.Response]], patience: float = 60) -> Insisted:
        """Ask again as a 503 says, and when no answer came in time, until it is answered otherwise."""
        begun, refused, silent = time.monotonic(), 0, 0
        while True:
            try:
                answer = await ask()
            except httpx.TimeoutException:
                assert time.monotonic() - begun < patience, "no answer"
                silent += 1
                continue
            if answer.status_code != 503:
                break
            assert_refused(answer)
            assert time.monotonic() - begun < patience, answer.text
            refused += 1
            await asyncio.sleep(int(answer.headers["retry-after"]))
        assert answer.is_success, answer.text
        replayed = answer.headers.get("idempotency-replayed") == "true"
        return Insisted(answer.json(), refused, time.monotonic() - begun, silent, replayed)

    async def get(self, path: str) -> httpx.Response:
        return await self._client.get(path)

    async def read(self, alert: str) -> dict[str, Any]:
        answer = await self.get(f"/v1/alerts/{alert}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def deliveries(self, alert: str) -> list[dict[str, Any]]:
        """Every delivery with its attempts and receipts."""
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = (await self._client.get(f"/v1/alerts/{alert}/deliveries?after={after}&limit=500")).json()
            found += page["deliveries"]
            after = page["next"]
        return found

    async def is_accepted(self, alert: str, within: float = 60) -> None:
        """Wait until every outlet has taken it."""
        await self._is(alert, lambda stages: stages.keys() <= ALL_UP, within)

    async def is_up(self, alert: str, within: float = 60) -> None:
        """Wait until every outlet has said that it airs it; a chat group can only take it."""
        aired = Counter(aired=self._rig.outlets - self._rig.chats, accepted=self._rig.chats)
        await self._is(alert, lambda stages: Counter(stages) == aired, within)

    async def is_down(self, alert: str, within: float = 60) -> dict[str, int]:
        """Wait until every outlet has said that it is down, has posted the correction, or was never told of it. How many
        there are of each."""
        return await self._is(alert, lambda stages: stages.keys() <= ALL_DOWN, within)

    async def _is(self, alert: str, right: Callable[[dict[str, int]], bool], within: float) -> dict[str, int]:
        """Wait until the stages are right, nothing is undelivered, and no outlet is missing."""
        stages: dict[str, int] = {}

        async def look() -> bool | None:
            seen = await self.read(alert)
            stages.clear()
            stages.update(seen["outlets"])
            return True if right(stages) and seen["oldest_undelivered"] is None else None

        try:
            await until(look, within, f"{alert} is right", pause=0.4)
        except AssertionError as e:
            raise AssertionError(f"{e}, it is {stages}") from None
        assert sum(stages.values()) == self._rig.outlets
        return stages
