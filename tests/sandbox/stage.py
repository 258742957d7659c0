"""A sandbox to try, the huijia it talks to, and notices signed by hand, not with the library that verifies them."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from sandbox import clouds, playout, roster, state
from sandbox.ebd import town as broadcast
from sandbox.receipts import ReceiptSender
from sandbox.server import create_app
from sandbox.town import CHINA, Pause, Town, china_now

ALERT = "HJ-2026-000123"
AT_ONCE = Pause(0.0, 0.0)


def payload(number: int = 1, kind: str = "publish", status: str = "actual", alert: str = ALERT, **data: Any) -> Any:
    """A payload that keeps every promise of docs/channels/payload.md, unless ``data`` overrides it."""
    now, over = datetime.now(CHINA), kind == "retract"
    mark = {"actual": "", "exercise": "【演练】", "test": "【测试】"}[status]
    words = f"{mark}更正：李某某已找到" if over else f"{mark}紧急寻人：李小明，男，6岁（{number}）"
    return {
        "type": f"alert.{kind}",
        "timestamp": now.isoformat(),
        "data": {
            "alert": alert,
            "number": number,
            "kind": kind,
            "status": status,
            "issued_at": now.isoformat(),
            "expires_at": (now + timedelta(hours=24)).isoformat(),
            "ends": list(range(1, number)),
            "person": None if over else {"name": "李小明", "sex": "male", "age": 6},
            "loss": None if over else {"place": "小寨地铁站B口"},
            "suspect": "",
            "vehicle": "",
            "rendition": {"channel": "tv", "texts": {"crawl": words, "lines": [words]}, "media": []},
        }
        | data,
    }


def encoded(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def signed(secret: str, body: bytes, key: str, at: float | None = None) -> dict[str, str]:
    """Standard Webhooks headers, straight from the specification's words."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(
        base64.b64decode(secret.removeprefix("whsec_")), f"{key}.{stamp}.".encode() + body, hashlib.sha256
    )
    return {
        "webhook-id": key,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest.digest()).decode(),
        "content-type": "application/json",
    }


@dataclass
class Huijia:
    """The far side of the far end. ``answers`` are the statuses to come, 0 for no answer at all; then always 200."""

    answers: deque[int] = field(default_factory=deque)
    bad: set[str] = field(default_factory=set)
    batches: list[list[dict[str, str]]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    items: list[dict[str, Any]] = field(default_factory=list)
    cursors: list[str | None] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        status = self.answers.popleft() if self.answers else 200
        if status == 0:
            raise httpx.ConnectError("down", request=request)
        if status != 200:
            return httpx.Response(status)
        self.keys.add(request.headers["authorization"])
        if request.url.path == "/v1/feed":
            return self._feed(request.url.params.get("cursor"))
        assert request.url.path == "/v1/receipts"
        batch = json.loads(request.content)["receipts"]
        if any(receipt["delivery"] in self.bad for receipt in batch):
            return httpx.Response(422)
        self.batches.append(batch)
        return httpx.Response(200, json={})

    def _feed(self, cursor: str | None) -> httpx.Response:
        self.cursors.append(cursor)
        new = [item for item in self.items if item["sequence"] > int(cursor or 0)]
        return httpx.Response(200, json={"cursor": str(new[-1]["sequence"]) if new else cursor or "0", "items": new})

    @property
    def receipts(self) -> list[tuple[str, str]]:
        return [(receipt["delivery"], receipt["kind"]) for batch in self.batches for receipt in batch]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self))


@dataclass
class Stage:
    """A sandbox in this process, and how to call it."""

    app: Starlette
    town: Town
    client: httpx.AsyncClient
    huijia: Huijia
    state: state.State

    def secret(self, slug: str) -> str:
        return self.town.sites[slug].secret

    async def send(self, slug: str, content: Any, key: str = "dlv_1") -> httpx.Response:
        body = encoded(content)
        return await self.client.post(f"/station/{slug}", content=body, headers=signed(self.secret(slug), body, key))

    async def now(self, slug: str) -> dict[str, Any]:
        stations: list[dict[str, Any]] = (await self.client.get("/now")).json()["stations"]
        return next(station for station in stations if station["slug"] == slug)

    async def showing(self, slug: str) -> list[tuple[str, int]]:
        return [(notice["alert"], notice["number"]) for notice in (await self.now(slug))["showing"]]

    async def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = (await self.client.get("/log")).json()["calls"]
        return calls

    async def verdicts(self) -> list[str]:
        return [call["verdict"] for call in await self.calls()]

    async def turn(self, which: str, mode: str) -> httpx.Response:
        return await self.client.post(f"/control/{which}", json={"mode": mode})


def prepared(path: Path, *, base: str = "http://127.0.0.1:8100", **options: Any) -> state.State:
    """A fresh state file, read back."""
    roster.prepare(path, base, **options)
    return state.load(path)


@asynccontextmanager
async def stage(path: Path, *, slow: float = 0.1, **options: Any) -> AsyncIterator[Stage]:
    """A sandbox whose people act at once. Every partner has a key."""
    kept, huijia = prepared(path / "state.json", **options), Huijia()
    keys = {partner["name"]: f"key-{index}" for index, partner in enumerate(roster.document(kept)["partners"])}
    async with huijia.client() as back:
        sender = ReceiptSender(back, "http://huijia", keys, first_wait=0.01, longest_wait=0.05)
        town = Town(
            kept, sender, AT_ONCE, clouds.built(kept, back, china_now), playout.built(kept), broadcast.built(kept)
        )
        app = create_app(town, huijia="http://huijia:8000", slow_seconds=slow)
        running = asyncio.create_task(sender.run())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sandbox") as client:
            yield Stage(app, town, client, huijia, kept)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(true: Callable[[], bool], seconds: float = 3.0) -> None:
    """Wait until it is true; fail when it does not become so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for lies behind a socket or in another's task
            await asyncio.sleep(0.01)
