"""The database goes away: partners keep reading what was known, are told so, and are given nothing that was never taken."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.db.engine import connect
from app.flows.house import House
from tests.api.cut import Cut
from tests.api.records import issue, new_partner, retract
from tests.api.served import served, streaming
from tests.api.stage import Stage


@pytest.fixture
async def wire(database: str, tmp_path: Path) -> AsyncIterator[Cut]:
    cut = Cut(database, tmp_path)
    await cut.start()
    yield cut
    await cut.stop()


@pytest.fixture
async def stage(house: House, wire: Cut) -> AsyncIterator[Stage]:
    """huijia on a wire that can be cut; the house beside it is always there."""
    away = replace(house, engine=connect(wire.url, pool=5))
    async with served(away) as stage:
        yield stage
        wire.mend()
    await away.engine.dispose()


async def is_stale(stage: Stage, who: str, stale: bool, seconds: float = 8) -> None:
    async with asyncio.timeout(seconds):
        while (await stage.get("/v1/feed", who)).json().get("stale") is not stale:  # noqa: ASYNC110 - asks over HTTP
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["cut", "hang"])
async def test_partners_keep_reading(stage: Stage, house: House, wire: Cut, how: str) -> None:
    who = await new_partner(stage)
    code = await issue(stage)
    before = await stage.get("/v1/feed", who)
    assert (before.json()["stale"], len(before.json()["items"])) == (False, 1)
    getattr(wire, how)()
    await is_stale(stage, who, True)
    begun = time.monotonic()
    away = await stage.get("/v1/feed", who)
    assert away.json()["items"] == before.json()["items"]
    later = await stage.get("/v1/feed", who, cursor=before.json()["cursor"])
    assert (later.status_code, later.json()["items"], later.json()["stale"]) == (200, [], True)
    assert later.json()["cursor"] == before.json()["cursor"]
    tagged = {"if-none-match": before.headers["etag"]} | stage.bearer(who)
    unchanged = await stage.client.get("/v1/feed", headers=tagged)
    assert (unchanged.status_code, unchanged.headers["huijia-stale"]) == (304, "true")
    assert time.monotonic() - begun < 8
    first, second = [(await stage.get("/v1/feed", who)).json()["heartbeat"]["at"] for _ in range(2)]
    assert first == second, "its time stands still: it says when this was known"
    stranger = await stage.client.get("/v1/feed", headers={"authorization": f"Bearer hj_live_{'0' * 12}_{'0' * 64}"})
    assert stranger.status_code == 503
    wire.mend()
    await is_stale(stage, who, False)
    await retract(stage, code)
    (item,) = (await stage.get("/v1/feed", who, cursor=before.json()["cursor"], wait=5)).json()["items"]
    assert item["payload"]["type"] == "alert.retract"


async def test_what_was_never_taken_is_not_given(stage: Stage, house: House, wire: Cut) -> None:
    """It could not be written down that it may have aired."""
    who = await new_partner(stage)
    await issue(stage)
    await stage.get("/v1/feed", who)
    await issue(stage)
    await asyncio.sleep(0.3)  # it is in memory, waiting
    wire.cut()
    await is_stale(stage, who, True)
    assert [i["sequence"] for i in (await stage.get("/v1/feed", who)).json()["items"]] == [1]
    wire.mend()
    await is_stale(stage, who, False)
    assert [i["sequence"] for i in (await stage.get("/v1/feed", who)).json()["items"]] == [1, 2]


async def test_a_stream_lives_through_it(stage: Stage, house: House, wire: Cut) -> None:
    who = await new_partner(stage)
    async with streaming(stage, who) as stream:
        await stream.next("heartbeat")
        wire.cut()
        await asyncio.sleep(2)
        wire.mend()
        await is_stale(stage, who, False)
        code = await issue(stage)
        assert (await stream.next("notice", seconds=8)).data["notice"] == f"{code}/1"


async def test_a_partner_of_whom_nothing_is_known_is_told_to_come_back(stage: Stage, house: House, wire: Cut) -> None:
    who = await new_partner(stage)
    wire.cut()
    answer = await stage.get("/v1/feed", who)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:huijia:problem:store-unavailable")
    assert int(answer.headers["retry-after"]) > 0
