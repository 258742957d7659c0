"""Every operation of the API called once, as its caller would: what was sent, and what came."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.commands.sample import sample_record
from tests.dispatch.far import until
from tests.partners.stage import Service

SCREEN = {"name": "示例大屏", "channel": "screen", "carrier": "feed", "settings": {}, "codes": ["610113"]}
ROSTER = {
    "partners": [{"name": "示例协作单位", "phone": "029-87654321", "outlets": [{**SCREEN, "takes_exercises": True}]}]
}


@asynccontextmanager
async def yes_man() -> AsyncIterator[str]:
    """An outlet that takes everything."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(int(line.split(": ")[1]) for line in head.splitlines() if line.startswith("content-length"))
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@dataclass
class Walk:
    """``came`` and ``sent`` by operation: ``get /v1/feed``. What is not JSON comes as text."""

    made: Service
    keys: Mapping[str, str]
    came: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, httpx.Response] = field(default_factory=dict)

    async def call(self, operation: str, who: str, body: Any = None, *, query: str = "", **ids: Any) -> Any:
        method, _, path = operation.partition(" ")
        headers = {"authorization": f"Bearer {self.keys[who]}"} if who else {"authorization": ""}
        kept = {} if body is None else {"json": body}
        answer = await self.made.client.request(method.upper(), path.format(**ids) + query, headers=headers, **kept)
        assert answer.status_code < 300, (operation, answer.status_code, answer.text)
        said = answer.json() if answer.headers["content-type"] == "application/json" else answer.text
        self.came[operation], self.answers[operation] = said, answer
        if body is not None:
            self.sent[operation] = body
        return said


async def walk(made: Service) -> Walk:
    """All of them but the stream and the pictures."""
    keys = {"police": made.officer, "partner": made.key, "operator": made.operator, "metrics": made.house.metrics_token}
    steps = Walk(made, keys)
    async with yes_man() as url:
        hook = await made.hook(f"{url}/huijia")
        await _outlets(steps, hook)
        await _alert(steps, hook)
        await _drill(steps)
    for operation in ("get /health/live", "get /health/ready", "get /v1/keys"):
        await steps.call(operation, "")
    await steps.call("get /metrics", "metrics")
    return steps


async def _outlets(steps: Walk, hook: int) -> None:
    await steps.call("post /v1/outlets", "operator", ROSTER)
    await steps.call("get /v1/outlets", "partner")
    await steps.call("post /v1/outlets/{outlet}/check", "partner", outlet=hook)
    await steps.call("get /v1/outlets/{outlet}/checks", "partner", outlet=hook)
    await steps.call("post /v1/outlets/{outlet}/rotate", "partner", {"hours": 24}, outlet=hook)


async def _alert(steps: Walk, hook: int) -> None:
    made, record = steps.made, sample_record()
    code = (await steps.call("post /v1/alerts", "police", record))["id"]
    await until(lambda: _is_taken(made, code))
    await steps.call("get /v1/missed", "partner")
    found = await steps.call("get /v1/deliveries", "partner", query=f"?outlet={hook}")
    delivery = found["deliveries"][0]["id"]
    await _airs(steps, delivery)
    await steps.call("get /v1/deliveries/{delivery}", "partner", delivery=delivery)
    await steps.call("get /v1/deliveries/{delivery}/notice", "partner", delivery=delivery)
    await steps.call("post /v1/deliveries/{delivery}/replay", "partner", delivery=delivery)
    await until(lambda: _is_taken(made, code))
    since = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    await steps.call("post /v1/outlets/{outlet}/replay", "partner", since, outlet=hook)
    await until(lambda: _is_taken(made, code))
    await steps.call("get /v1/partners", "operator")
    await steps.call("get /v1/alerts/{id}", "police", id=code)
    await steps.call("get /v1/alerts/{id}/deliveries", "police", id=code)
    await steps.call("get /v1/feed", "partner")
    await steps.call("get /v1/feed.atom", "partner")
    await steps.call("get /v1/alerts/{id}/cap/{number}.xml", "partner", id=code, number=1)
    changed = {**record, "minor": {**record["minor"], "clothing": "蓝色雨衣"}}
    await steps.call("post /v1/alerts/{id}/update", "police", changed, id=code)
    said = {"reason": "found", "line": "感谢广大市民的帮助"}
    await steps.call("post /v1/alerts/{id}/retract", "police", said, id=code)


async def _drill(steps: Walk) -> None:
    code = (await steps.call("post /v1/drills", "operator", {"channels": ["tv", "screen"], "minutes": 3}))["id"]
    await until(lambda: _is_taken(steps.made, code))
    await _airs(steps, next(d["id"] for d in await steps.made.deliveries(code) if d["channel"] == "tv"))
    await steps.call("get /v1/drills", "partner")
    await steps.call("get /v1/drills/{id}", "partner", id=code)
    await steps.call("get /v1/drills/{id}.csv", "partner", id=code)


async def _airs(steps: Walk, delivery: str) -> None:
    receipt = {"delivery": delivery, "kind": "aired", "at": datetime.now(UTC).isoformat(), "note": "一套"}
    await steps.call("post /v1/receipts", "partner", receipt)


async def _is_taken(made: Service, code: str) -> bool:
    states = [d["state"] for d in await made.deliveries(code) if d["carrier"] == "webhook"]
    return states in (["accepted"], ["confirmed"])
