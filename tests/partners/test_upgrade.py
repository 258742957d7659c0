"""What a partner kept from an earlier release is good for this one: keys, cursors, pages, ids and links, as they were written
down then (``python -m tests.partners.upgrade`` writes down those of today)."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
from sqlalchemy.engine import make_url

from app.flows.house import House
from app.main import build_app
from tests.api.served import Stream, listening
from tests.api.stage import BASE
from tests.conftest import migrate
from tests.partners.ledger import open_again
from tests.partners.upgrade import RECORDED, ask, furnished, promised

RELEASES = sorted(RECORDED.glob("*.json"))


def test_there_is_something_to_come_back_with() -> None:
    assert RELEASES
    assert all(len(orjson.loads(file.read_bytes())["answers"]) > 20 for file in RELEASES)


@pytest.fixture(params=RELEASES, ids=lambda file: file.stem)
def release(request: pytest.FixtureRequest) -> dict[str, Any]:
    file: Path = request.param
    said: dict[str, Any] = orjson.loads(file.read_bytes())
    return said


@pytest.fixture
async def upgraded(server: str, release: dict[str, Any]) -> AsyncIterator[House]:
    """The ledger of that release, brought to today's schema."""
    there, name = make_url(server), f"u_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(
        there.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    )
    await admin.execute(f"CREATE DATABASE {name}")
    url = there.set(database=name).render_as_string(hide_password=False)
    await asyncio.to_thread(migrate, url, release["revision"])
    since = datetime.now(UTC) - datetime.fromisoformat(release["at"])
    await open_again(url, release["ledger"], release["sequences"], since)
    await asyncio.to_thread(migrate, url)
    house = furnished(url)
    yield house
    await house.watch.dispose()
    await house.crowd.dispose()
    await house.engine.dispose()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def test_everything_is_answered_as_it_was(upgraded: House, release: dict[str, Any]) -> None:
    transport = httpx.ASGITransport(build_app(upgraded))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        for path, answer in release["answers"].items():
            key = release["keys"].get(release["whose"][path], "")
            assert await ask(client, path, key) == answer, path


async def test_and_it_goes_on_from_there(upgraded: House, release: dict[str, Any]) -> None:
    """New ids and numbers come after the old ones; an old delivery is answered for; an old secret is opened."""
    mine, police = ({"authorization": f"Bearer {release['keys'][who]}"} for who in ("partner", "police"))
    cursor = release["answers"]["/v1/feed?cursor=0"][1]["cursor"]
    last = release["answers"]["/v1/deliveries"][1]["deliveries"][0]["id"]
    transport = httpx.ASGITransport(build_app(upgraded))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        receipt = {"delivery": last, "kind": "received"}
        taken = (await client.post("/v1/receipts", json=receipt, headers=mine)).json()["results"]
        assert [one["outcome"] for one in taken] == ["recorded"]
        shift = (datetime.now(UTC) - datetime.fromisoformat(release["at"])).total_seconds()
        issued = await client.post("/v1/alerts", json=later(release["record"], shift), headers=police)
        assert issued.status_code == 201, issued.text
        page = (await client.get("/v1/feed", params={"cursor": cursor}, headers=mine)).json()
        assert [item["payload"]["data"]["alert"] for item in page["items"]] == [issued.json()["id"]]
        assert page["items"][0]["sequence"] > int(cursor)
        assert int(page["items"][0]["delivery"].removeprefix("dlv_")) > int(last.removeprefix("dlv_"))
        rotated = await client.post("/v1/outlets/1/rotate", json={"hours": 1}, headers=mine)
        assert rotated.json()["secret"].startswith("whsec_"), "the old secret was opened, and signs beside the new one"


async def test_a_stream_goes_on_after_an_event_of_then(upgraded: House, release: dict[str, Any]) -> None:
    page = release["answers"]["/v1/feed?cursor=1"][1]
    headers = {"authorization": f"Bearer {release['keys']['partner']}", "last-event-id": "1"}
    async with (
        listening(build_app(upgraded)) as address,
        httpx.AsyncClient(base_url=address, timeout=30) as client,
        client.stream("GET", "/v1/feed/stream", headers=headers) as answer,
    ):
        stream = Stream(answer.aiter_lines())
        beat = await stream.next("heartbeat")
        told = [(event.id, event.data["notice"]) for event in stream.seen if event.kind == "notice"]
    assert told == [(str(item["sequence"]), item["notice"]) for item in page["items"]]
    assert told
    assert beat.id == page["cursor"]


async def test_nothing_that_was_documented_is_gone(upgraded: House, release: dict[str, Any]) -> None:
    """No address, no parameter, no member: whoever built on it finds it where it was."""
    today = promised(build_app(upgraded).openapi())
    gone = {
        name: lost for name, said in release.get("promises", {}).items() if (lost := {*said} - {*today.get(name, ())})
    }
    assert not gone
    assert len(today["get /v1/feed"]) > 50, "the whole payload among it"
    assert {"/items/payload/data/person/name", "/heartbeat/at", "query cursor"} <= {*today["get /v1/feed"]}
    assert "/data/rendition/texts" in today["webhook notice"]


def later(record: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The recorded record, as recent as it was then."""

    def moved(at: str) -> str:
        return datetime.fromtimestamp(datetime.fromisoformat(at).timestamp() + seconds, UTC).isoformat()

    loss = {**record["loss"], "at": moved(record["loss"]["at"])}
    return {**record, "verified_at": moved(record["verified_at"]), "loss": loss}
