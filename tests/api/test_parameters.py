"""A parameter that there is not is refused by every address of the API that is read: ignored, ``curser`` would begin anew."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from app.api.reference.completing import OPERATIONS, operations
from tests.api.records import issue, new_partner
from tests.api.served import streaming
from tests.api.stage import Stage

IDS = {"id": "YL-2026-000001", "number": "1", "outlet": "1", "delivery": "dlv_1"}
READ = sorted(name.removeprefix("get ") for name in OPERATIONS if name.startswith("get /v1/"))


def test_there_are_addresses_to_read() -> None:
    assert len(READ) >= 17
    assert {"/v1/feed", "/v1/feed/stream", "/v1/feed.atom", "/v1/keys"} <= set(READ)


def key_for(stage: Stage, path: str) -> dict[str, str]:
    keys = OPERATIONS[f"get {path}"]["keys"]
    return stage.bearer(keys[0]) if keys else {}


async def known(stage: Stage, path: str) -> list[str]:
    document = (await stage.client.get("/openapi.json")).json()
    operation = dict(operations(document))[f"get {path}"]
    assert "422" in operation["responses"], "what it may answer is documented"
    return [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]


def misspelt(name: str) -> Iterator[str]:
    yield name[:-1] + ("x" if name[-1] != "x" else "y")
    yield name.capitalize()
    yield name[0] + name


def faults(answer: Any) -> dict[str, dict[str, str]]:
    assert answer.status_code == 422, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:huijia:problem:invalid"
    return {fault["pointer"]: fault for fault in answer.json()["errors"]}


@pytest.mark.parametrize("path", READ)
async def test_it_is_refused_and_the_right_one_named(stage: Stage, path: str) -> None:
    names, address = await known(stage, path), path.format(**IDS)
    for wrong, right in [("zzz", ""), *((word, name) for name in names for word in misspelt(name))]:
        async with asyncio.timeout(10):  # a stream that is not refused never ends
            answer = await stage.client.get(address, params={wrong: "1"}, headers=key_for(stage, path))
        (fault,) = faults(answer).values()
        assert (fault["pointer"], fault["code"]) == (f"/query/{wrong}", "unknown_parameter")
        assert wrong in fault["detail"]
        assert wrong in fault["detail_en"]
        for remedy in (fault["remedy"], fault["remedy_en"]):
            assert all(name in remedy for name in names), "all of them are named"
            assert not right or remedy.index(right) < 20, f"the nearest comes first: {remedy}"
    for name in names:
        answer = await stage.client.get(address, params={name: "~"}, headers=key_for(stage, path))
        said = answer.json().get("errors", []) if answer.status_code == 422 else []
        assert "unknown_parameter" not in [fault["code"] for fault in said], f"{name} is documented"


async def test_every_fault_is_told_at_once(stage: Stage) -> None:
    for path in ("/v1/feed", "/v1/deliveries"):
        answer = await stage.get(path, "partner", outlet="x", limit="0", befor="1", zzz="1")
        assert sorted(faults(answer)) == ["/query/befor", "/query/limit", "/query/outlet", "/query/zzz"]
    many = "&".join(f"x{n}=1" for n in range(500))
    assert 0 < len(faults(await stage.client.get(f"/v1/feed?{many}", headers=stage.bearer("partner")))) < 50


async def test_of_two_outlets_none_is_read(stage: Stage) -> None:
    """The feed of the first would be taken for read."""
    twice = faults(await stage.client.get("/v1/feed?outlet=1&outlet=2&limit=0", headers=stage.bearer("partner")))
    assert {pointer: fault["code"] for pointer, fault in twice.items()} == {
        "/query/outlet": "named_twice", "/query/limit": "greater_than_equal",
    }  # fmt: skip
    async with asyncio.timeout(10):
        again = await stage.client.get("/v1/feed/stream?cursor=1&cursor=1", headers=stage.bearer("partner"))
    assert list(faults(again)) == ["/query/cursor"]


async def test_the_key_is_asked_first_and_nothing_is_taken(stage: Stage) -> None:
    who = await new_partner(stage)
    await issue(stage)
    assert (await stage.client.get("/v1/feed?curser=1")).status_code == 401
    assert (await stage.client.get("/v1/outlets?curser=1")).status_code == 401
    for path in ("/v1/feed", "/v1/feed/stream", "/v1/feed.atom"):
        async with asyncio.timeout(10):
            faults(await stage.get(path, who, curser="1"))
    assert await stage.rows("SELECT DISTINCT state FROM delivery") == [("pending",)]


async def test_memory_does_not_answer_what_is_misspelt(live_stage: Stage) -> None:
    """Where most askers are told that nothing has changed, before the application."""
    who = await new_partner(live_stage)
    tag = {"if-none-match": (await live_stage.get("/v1/feed", who)).headers["etag"]} | live_stage.bearer(who)
    assert (await live_stage.client.get("/v1/feed?cursor=0", headers=tag)).status_code == 304
    assert "/query/curser" in faults(await live_stage.client.get("/v1/feed?curser=0", headers=tag))


async def test_a_stream_has_no_pages(live_stage: Stage) -> None:
    """What would be ignored is refused, at both of its addresses."""
    who = await new_partner(live_stage)
    accept = {"accept": "text/event-stream"} | live_stage.bearer(who)
    for name, value in (("limit", "5"), ("wait", "5"), ("order", "newest"), ("before", "9")):
        for path in ("/v1/feed", "/v1/feed/stream"):
            async with asyncio.timeout(10):
                answer = await live_stage.client.get(path, params={name: value}, headers=accept)
            assert list(faults(answer)) == [f"/query/{name}"]
    async with streaming(live_stage, who, "/v1/feed?cursor=0&all=1", accept="text/event-stream") as stream:
        assert (await stream.next("heartbeat")).data["cursor"] == "0"


async def test_a_link_that_somebody_has_lengthened_still_leads_to_the_picture(stage: Stage) -> None:
    """Signed links travel through other people's programs, which hang things onto them."""
    answer = await stage.client.get("/media/HJ-2026-000001/00?expires=1&signature=x&utm_source=app")
    assert answer.json()["type"] == "urn:huijia:problem:media-expired"
