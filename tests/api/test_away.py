"""When the database is away, and when we fail ourselves."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.db.engine import connect, connect_to_watch
from app.domain.media_url import media_path
from app.flows.house import House
from app.main import build_app
from tests.api.records import fresh
from tests.api.stage import Stage, client_of, set_stage
from tests.dispatch.far import until
from tests.making import make_outlet

KEY = "hj_live_0123456789ab_" + "0" * 64


@pytest.fixture
async def deaf() -> AsyncIterator[int]:
    """A port on which somebody takes the call and never answers."""
    held: list[asyncio.StreamWriter] = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    for writer in held:
        writer.close()
    server.close()
    await server.wait_closed()


async def answers(house: House) -> AsyncIterator[httpx.Response]:
    """Every kind of call that needs the database."""
    async with client_of(house) as client:
        bearer = {"authorization": f"Bearer {KEY}"}
        yield await client.get("/health/ready")
        yield await client.post("/v1/alerts", json=fresh(), headers=bearer)
        yield await client.get("/v1/alerts/HJ-2026-000001", headers=bearer)
        yield await client.post("/v1/alerts/HJ-2026-000001/retract", json={"reason": "found"}, headers=bearer)
        yield await client.get("/v1/feed", headers=bearer)
        yield await client.post("/v1/receipts", json={"delivery": "dlv_1", "kind": "aired"}, headers=bearer)
        yield await client.get(
            media_path(house.media_secret, "HJ-2026-000001", "0" * 64, datetime.now(UTC) + timedelta(hours=1))
        )


async def test_503_when_nobody_answers_the_call(house: House) -> None:
    nowhere = connect("postgresql://nobody:secret-word@127.0.0.1:1/none")
    away = replace(house, engine=nowhere, crowd=nowhere, watch=nowhere)
    async for answer in answers(away):
        assert answer.status_code == 503, answer.request.url
        assert answer.headers["retry-after"] == "2"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:huijia:problem:store-unavailable"
        assert "Idempotency-Key" in answer.json()["remedy"]
        assert "secret-word" not in answer.text
        assert "127.0.0.1" not in answer.text
    async with client_of(away) as client:
        assert (await client.get("/health/live")).json() == {"status": "ok"}
    await away.engine.dispose()


async def test_503_when_the_call_is_taken_and_never_answered(house: House, deaf: int) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{deaf}/none"
    away = replace(house, engine=connect(nowhere), watch=connect_to_watch(nowhere))
    async with client_of(away) as client:
        for path in ("/health/ready", "/v1/feed"):
            answer = await asyncio.wait_for(client.get(path, headers={"authorization": f"Bearer {KEY}"}), 10)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    await away.engine.dispose()
    await away.watch.dispose()


async def test_ready_tells_the_age_of_what_waits(stage: Stage) -> None:
    calm = await stage.client.get("/health/ready")
    assert (calm.status_code, calm.json()["undelivered"]) == (200, 0)
    await make_outlet(stage.house)
    await stage.post("/v1/alerts", fresh())

    async def is_told() -> bool:
        waiting = (await stage.client.get("/health/ready")).json()
        return bool(waiting["undelivered"] == 1 and 0 <= waiting["oldest_undelivered_seconds"] < 30)

    await until(is_told)


class BrokenPress:
    """Says what it was given, as an exception of ours might."""

    def render(self, notice: Any, channel: str, panel: Any, duty: Any) -> Any:
        raise RuntimeError(f"cannot render {notice.facts.name}")

    async def illustrate(self, notice: Any, profiles: Any, photo: Any) -> Any:
        raise RuntimeError("not reached")

    def payload(self, notice: Any, rendered: Any) -> Any:
        raise RuntimeError("not reached")


async def test_a_fault_of_ours_is_a_500_that_tells_nothing(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with client_of(replace(house, press=BrokenPress())) as client:
        stage = await set_stage(house, client)
        await make_outlet(house)
        before = await stage.footprint()
        answer = await stage.post("/v1/alerts", fresh(minor__name="欧阳知行"), idempotency_key="after-a-crash")
        assert await stage.footprint() == before
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:huijia:problem:internal"
    for told in (answer.text, caplog.text):
        assert "欧阳知行" not in told
        assert stage.keys["police"] not in told
    assert "RuntimeError" in caplog.text
    assert "/v1/alerts" in caplog.text
    assert "RuntimeError" not in answer.text


async def test_a_caller_that_leaves_in_the_middle_is_no_fault(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    sent: list[Any] = []
    parts = iter([{"type": "http.request", "body": b'{"status"', "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(parts)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"authorization", stage.bearer("police")["authorization"].encode()),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "type": "http", "method": "POST", "path": "/v1/alerts", "raw_path": b"/v1/alerts", "query_string": b"", "scheme": "http",
        "headers": headers, "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "root_path": "",
    }  # fmt: skip
    before = await stage.footprint()
    await build_app(stage.house)(scope, receive, send)
    assert sent == []
    assert caplog.records == []
    assert await stage.footprint() == before


@pytest.mark.parametrize("host", ["[::1", "a b", "..", "", "evil.example:99999"])
async def test_a_strange_host_is_no_fault(stage: Stage, host: str) -> None:
    for path in ("/v1/alerts/HJ-2026-999999", "/nowhere", "/v1/alerts/HJ-2026-999999?%ff=%ff"):
        answer = await stage.client.get(path, headers={"host": host, **stage.bearer("police")})
        assert answer.status_code < 500
