"""Waiting for news: long polls and streams, woken at once, and nothing asked of the database meanwhile."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from app.db import keys
from app.db.engine import transaction
from tests.api.records import fresh, issue, new_partner, retract
from tests.api.served import streaming
from tests.api.stage import Stage


async def poll(stage: Stage, who: str, cursor: str, wait: int = 20, tag: str = "") -> httpx.Response:
    headers = stage.bearer(who) | ({"if-none-match": tag} if tag else {})
    return await stage.client.get("/v1/feed", params={"cursor": cursor, "wait": wait}, headers=headers)


async def test_a_long_poll_is_answered_when_there_is_something(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    waiting = asyncio.create_task(poll(live_stage, who, "0"))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    code = await issue(live_stage)
    at = time.monotonic()
    answer = await waiting
    assert time.monotonic() - at < 1
    assert [i["payload"]["data"]["alert"] for i in answer.json()["items"]] == [code]
    waiting = asyncio.create_task(poll(live_stage, who, answer.json()["cursor"]))
    await asyncio.sleep(0.1)
    await retract(live_stage, code)
    (item,) = (await waiting).json()["items"]
    assert item["payload"]["type"] == "alert.retract"


async def test_a_long_poll_ends_with_nothing_in_its_time(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    at = time.monotonic()
    answer = await poll(live_stage, who, "0", 1)
    assert 0.9 < time.monotonic() - at < 3
    assert (answer.status_code, answer.json()["items"], answer.json()["stale"]) == (200, [], False)


async def test_a_conditional_long_poll_ends_with_304(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    tag = (await live_stage.get("/v1/feed", who)).headers["etag"]
    at = time.monotonic()
    answer = await poll(live_stage, who, "0", 1, tag)
    assert (answer.status_code, answer.content) == (304, b"")
    assert time.monotonic() - at > 0.9
    waiting = asyncio.create_task(poll(live_stage, who, "0", tag=tag))
    await asyncio.sleep(0.1)
    await issue(live_stage)
    assert (await waiting).status_code == 200


async def test_what_is_not_for_a_reader_leaves_it_waiting(live_stage: Stage) -> None:
    """An actual alert and a test key."""
    who = await new_partner(live_stage)
    waiting = asyncio.create_task(poll(live_stage, f"{who}-test", "0"))
    await asyncio.sleep(0.1)
    await issue(live_stage)
    await asyncio.sleep(0.3)
    assert not waiting.done()
    drill = await issue(live_stage, "police-test", status="exercise")
    assert [i["payload"]["data"]["alert"] for i in (await waiting).json()["items"]] == [drill]


async def test_nothing_is_taken_for_a_reader_who_has_left(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    waiting = asyncio.create_task(poll(live_stage, who, "0"))
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0.2)
    await issue(live_stage)
    await asyncio.sleep(0.5)
    assert await live_stage.rows("SELECT state FROM delivery") == [("pending",)]


async def test_a_stream_tells_all_of_it_in_order(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    async with streaming(live_stage, who) as stream:
        beat = await stream.next()
        assert (beat.kind, beat.data["head"], beat.data["cursor"]) == ("heartbeat", 0, "0")
        assert 1000 <= stream.retry <= 4000
        body = fresh()
        code = (await live_stage.post("/v1/alerts", body)).json()["id"]
        first = await stream.next("notice")
        assert (first.id, first.data["notice"]) == ("1", f"{code}/1")
        await live_stage.post(f"/v1/alerts/{code}/update", body)
        assert (await stream.next("notice")).data["notice"] == f"{code}/2"
        await retract(live_stage, code)
        assert (await stream.next("notice")).data["payload"]["type"] == "alert.retract"
    states = await live_stage.rows("SELECT state, feed_seq FROM delivery ORDER BY id")
    assert states == [("accepted", 1), ("accepted", 2), ("accepted", 3)]


async def test_a_stream_goes_on_after_the_last_event_that_was_heard(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    codes = [await issue(live_stage) for _ in range(3)]
    async with streaming(live_stage, who, "/v1/feed", accept="text/event-stream") as stream:
        assert [(await stream.next("notice")).data["payload"]["data"]["alert"] for _ in codes] == codes
    await retract(live_stage, codes[2])
    async with streaming(live_stage, who, last_event_id="1") as stream:
        heard = [(await stream.next("notice")).data["notice"] for _ in range(2)]
        assert heard == [f"{codes[1]}/1", f"{codes[2]}/2"]
        left = [event.data for event in stream.seen if event.kind == "left_out"]
        assert left == [[[3, 3]]]
        assert (await stream.next("heartbeat")).id == "4"


async def test_many_streams_of_one_key_hear_the_same(live_stage: Stage) -> None:
    who = await new_partner(live_stage)

    async def hears() -> str:
        async with streaming(live_stage, who) as stream:
            await stream.next("heartbeat")
            ready.release()
            return str((await stream.next("notice")).data["notice"])

    ready = asyncio.Semaphore(0)
    listeners = [asyncio.create_task(hears()) for _ in range(40)]
    for _ in listeners:
        await ready.acquire()
    code = await issue(live_stage)
    assert await asyncio.gather(*listeners) == [f"{code}/1"] * 40
    assert await live_stage.rows("SELECT tries FROM delivery") == [(1,)]


async def test_a_revoked_key_is_refused_within_a_second_and_its_streams_end(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    waiting = asyncio.create_task(poll(live_stage, who, "0"))
    async with streaming(live_stage, who) as stream:
        await stream.next("heartbeat")
        at = time.monotonic()
        async with transaction(live_stage.house.engine) as session:
            await keys.revoke(session, live_stage.keys[who].split("_")[2])
        with pytest.raises(EOFError):
            await stream.next("notice", seconds=2)
        assert (await waiting).status_code == 401
        assert time.monotonic() - at < 1
    assert (await live_stage.get("/v1/feed", who)).status_code == 401


async def test_a_revocation_that_nobody_announced_is_found_too(live_stage: Stage) -> None:
    """As when LISTEN is lost at that moment: the look each second is the truth."""
    who = await new_partner(live_stage)
    assert (await live_stage.get("/v1/feed", who)).status_code == 200
    await live_stage.change(
        "UPDATE api_key SET revoked_at = now() WHERE id = :id", id=live_stage.keys[who].split("_")[2]
    )
    await asyncio.sleep(1.5)
    assert (await live_stage.get("/v1/feed", who)).status_code == 401


async def test_news_that_nobody_announced_is_found_too(live_stage: Stage) -> None:
    who = await new_partner(live_stage)
    await live_stage.change("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    waiting = asyncio.create_task(poll(live_stage, who, "0"))
    await asyncio.sleep(0.1)
    code = await issue(live_stage)
    answer = await asyncio.wait_for(waiting, 3)
    assert [i["payload"]["data"]["alert"] for i in answer.json()["items"]] == [code]


async def test_waiting_and_asking_again_cost_the_database_nothing(live_stage: Stage) -> None:
    """But for the look once a second, however many ask."""
    who = await new_partner(live_stage)
    await issue(live_stage)
    first = await live_stage.get("/v1/feed", who)
    cursor, tag = first.json()["cursor"], first.headers["etag"]
    waiting = [asyncio.create_task(poll(live_stage, who, cursor)) for _ in range(20)]
    await asyncio.sleep(0.5)
    with counted(live_stage) as statements:
        begun = time.monotonic()
        for _ in range(100):
            assert (await live_stage.get("/v1/feed", who, cursor=cursor)).json()["items"] == []
            again = await live_stage.client.get("/v1/feed", headers=live_stage.bearer(who) | {"if-none-match": tag})
            assert again.status_code == 304
        looks = time.monotonic() - begun + 1
    assert len(statements) <= 4 * looks, statements
    assert not [s for s in statements if "feed_seq" in s]
    for one in waiting:
        one.cancel()


@contextmanager
def counted(stage: Stage) -> Iterator[list[str]]:
    """What the API asks the database within the block."""
    found: list[str] = []
    engine = stage.house.engine.sync_engine

    def keep(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", keep)
