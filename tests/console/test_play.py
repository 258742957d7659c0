"""The player's addresses: what they answer, to whom, and with which headers."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.console.live import Live
from app.console.play import files
from app.console.play.routes import PLAYERS, _events, play_pages
from app.db import outlets
from app.db.engine import connect, transaction
from app.flows import play
from app.flows.house import House
from tests.console.conftest import browser
from tests.flows.acts import retracted
from tests.flows.ledger import rows
from tests.making import make_alert, make_organ, make_outlet
from tests.player.stage import make_link, receipts


@pytest.fixture
async def outlet(house: House) -> int:
    await make_organ(house)
    return await make_outlet(house, name="屏", carrier="player", settings={"seconds": 7})


@pytest.fixture
async def token(house: House, outlet: int) -> str:
    return await make_link(house, outlet)


@pytest.fixture
async def screen(house: House, live: Live) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(openapi_url=None)
    app.include_router(play_pages(house, live))
    async with browser(app) as someone:
        yield someone


async def revoke(house: House, outlet: int) -> None:
    async with transaction(house.engine) as session:
        await play.revoke_links(session, (await outlets.enrolled(session, [outlet]))[outlet], "test")


async def test_the_page_is_small_strict_and_for_nobody_else(screen: httpx.AsyncClient, token: str) -> None:
    answer = await screen.get(f"/play/{token}")
    assert answer.status_code == 200
    assert token not in answer.text, "it lies in the address alone"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self' http://huijia.test" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "set-cookie" not in answer.headers
    assert "<script>" not in answer.text


async def test_of_several_answers_at_once_the_latest_knows_all(
    house: House, screen: httpx.AsyncClient, token: str
) -> None:
    """A page asks twice when it opens, and believes the answer of the later turn: it is not the one that found the notice
    just being taken by the other, and it knows of an end that came between."""
    for _ in range(5):
        code = await make_alert(house)
        found = await asyncio.gather(*(screen.get(f"/play/{token}/now") for _ in range(8)))
        answers = sorted((one.json() for one in found), key=lambda one: one["turn"])
        assert [len(one["items"]) for one in answers] == [1] * 8
        asked = [asyncio.create_task(screen.get(f"/play/{token}/now")) for _ in range(4)]
        await retracted(house, code)
        asked += [asyncio.create_task(screen.get(f"/play/{token}/now")) for _ in range(4)]
        answers = sorted((one.json() for one in await asyncio.gather(*asked)), key=lambda one: one["turn"])
        assert len({one["turn"] for one in answers}) == len(answers)
        kinds = [item["payload"]["type"] for one in answers for item in one["items"]]
        assert kinds == sorted(kinds, key=["alert.publish", "alert.retract"].index), "nothing after its end"
        assert kinds[-1] == "alert.retract"
        (end,) = answers[-1]["items"]
        body = {"receipts": [{"delivery": end["delivery"], "kind": "taken_down", "at": datetime.now(UTC).isoformat()}]}
        assert (await screen.post(f"/play/{token}/receipts", json=body)).status_code == 200
        await rows(house, "UPDATE alert SET ended_at = ended_at - interval '31 days'")


async def test_its_files_import_each_other_by_the_name_of_their_contents(screen: httpx.AsyncClient) -> None:
    for name in files.FILES:
        answer = await screen.get(f"/play/static/{files.EDITION}/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"] == files.TYPES[name[name.rindex(".") :]]
        for imported in re.findall(r'from "\./([^"]+)"', answer.text):
            assert imported in files.FILES
        assert "http://" not in answer.text.replace("http://www.w3.org", "")
        assert "https://" not in answer.text
    assert (await screen.get(f"/play/static/old/{name}")).headers["cache-control"] == "no-store"
    for nothing in ("../player.js", "nothing.js", "..%2Froutes.py"):
        assert (await screen.get(f"/play/static/{files.EDITION}/{nothing}")).status_code == 404


@pytest.mark.parametrize("stranger", ["x" * 43, "short", "x" * 44, "..", "%E5%B1%8F" * 43])
async def test_a_stranger_gets_nothing(screen: httpx.AsyncClient, stranger: str) -> None:
    page = await screen.get(f"/play/{stranger}")
    assert page.status_code == 404
    if stranger != "..":
        assert "没有这个播放页" in page.text
        assert "script" not in page.text
    for path in ("now", "events"):
        assert (await screen.get(f"/play/{stranger}/{path}")).status_code == 404
    assert (await screen.post(f"/play/{stranger}/receipts", json={"receipts": []})).status_code == 404


async def test_now_is_the_whole_truth(screen: httpx.AsyncClient, house: House, token: str, outlet: int) -> None:
    before = (await screen.get(f"/play/{token}/now")).json()
    assert before["items"] == []
    assert before["settings"]["seconds"] == 7
    assert before["edition"] == files.EDITION
    assert abs(datetime.fromisoformat(before["now"]) - datetime.now(UTC)) < timedelta(seconds=5)
    code = await make_alert(house)
    (item,) = (await screen.get(f"/play/{token}/now")).json()["items"]
    assert item["payload"]["data"]["alert"] == code
    await retracted(house, code)
    after = await screen.get(f"/play/{token}/now")
    assert "李小明" not in after.text
    assert [one["payload"]["data"]["kind"] for one in after.json()["items"]] == ["retract"]
    await revoke(house, outlet)
    assert (await screen.get(f"/play/{token}/now")).status_code == 404


def receipt(item: Any, kind: str = "aired", at: str | None = None) -> dict[str, str]:
    return {"delivery": item["delivery"], "kind": kind, "at": at or datetime.now(UTC).isoformat(), "note": "图"}


async def test_receipts_are_taken(screen: httpx.AsyncClient, house: House, token: str, outlet: int) -> None:
    await make_alert(house)
    (item,) = (await screen.get(f"/play/{token}/now")).json()["items"]
    said = [
        receipt(item),
        receipt(item, "received", "1970-01-01T00:00:00Z"),
        {**receipt(item), "delivery": "dlv_999999"},
    ]
    answer = await screen.post(f"/play/{token}/receipts", json={"receipts": said})
    assert answer.json() == {"results": ["recorded", "recorded", "unmatched"]}
    again = await screen.post(f"/play/{token}/receipts", json={"receipts": said[:1]})
    assert again.json() == {"results": ["duplicate"]}
    assert sorted(await receipts(house, outlet)) == [(1, "aired"), (1, "received")]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"receipts": [{}]}', b'{"receipts": [{"delivery": "dlv_1", "kind": "seen", "at": "x"}]}',
     b'{"receipts": [{"delivery": "dlv_1", "kind": "aired", "at": "2026-11-23T15:04:07"}]}', b"x" * 70_000],
)  # fmt: skip
async def test_what_is_no_report_is_refused(screen: httpx.AsyncClient, token: str, body: bytes) -> None:
    assert (await screen.post(f"/play/{token}/receipts", content=body)).status_code == 422


async def read(stream: Any) -> tuple[str, Any]:
    event, data = (await asyncio.wait_for(anext(stream), 3)).decode().strip().split("\n")
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def test_the_stream_says_what_is_new_and_otherwise_the_time(house: House, token: str, outlet: int) -> None:
    live = Live(pause=0.01, quiet=0.1)
    stream = _events(house, live, token)
    assert (await read(stream))[1]["items"] == []
    assert (await read(stream))[0] == "beat"
    code = await make_alert(house)
    live.publish(PLAYERS)
    name, told = await read(stream)
    assert (name, [i["payload"]["data"]["alert"] for i in told["items"]]) == ("now", [code])
    assert (await read(stream))[0] == "beat"
    await revoke(house, outlet)
    live.publish(PLAYERS)
    assert await read(stream) == ("gone", {})
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert live.watching == 0


async def test_while_the_store_is_away_the_page_waits(house: House, live: Live, token: str) -> None:
    lost = connect("postgresql://huijia@127.0.0.1:1/nothing")
    from_here = replace(house, engine=lost)
    app = FastAPI(openapi_url=None)
    app.include_router(play_pages(from_here, live))
    async with browser(app) as screen:
        assert (await screen.get(f"/play/{token}")).status_code == 200, "the page itself waits for better times"
        for path in ("now", "events"):
            assert (await screen.get(f"/play/{token}/{path}")).status_code == 503
        said = {"receipts": [{"delivery": "dlv_1", "kind": "aired", "at": datetime.now(UTC).isoformat()}]}
        assert (await screen.post(f"/play/{token}/receipts", json=said)).status_code == 503
    await lost.dispose()
