"""Whoever comes back after an hour, in the middle of a retraction: it learns of the end of what it had, and never of the
beginning of what it had not."""

from dataclasses import dataclass

import pytest

from tests.api.hours import goes_by
from tests.api.records import fresh, issue, items, new_partner
from tests.api.served import streaming
from tests.api.stage import Stage

NAME = "欧阳明"


@dataclass(frozen=True)
class Return:
    """``shown`` was fetched an hour ago, with ``cursor`` and ``tag``; ``unseen`` began since; both have ended."""

    stage: Stage
    who: str
    shown: str
    unseen: str
    cursor: str
    tag: str
    last: int

    def learns(self, notices: list[str], said: str) -> None:
        """What it is given, and all that was said."""
        assert notices == [f"{self.shown}/{self.last}"]
        assert self.unseen not in said
        assert NAME not in said


@pytest.fixture(params=["retracted", "updated and retracted"])
async def back(request: pytest.FixtureRequest, live_stage: Stage) -> Return:
    stage, who = live_stage, await new_partner(live_stage)
    body = fresh(minor__name=NAME)
    shown = (await stage.post("/v1/alerts", body)).json()["id"]
    first = await stage.get("/v1/feed", who)
    assert [i["notice"] for i in first.json()["items"]] == [f"{shown}/1"]
    await goes_by(stage.house, "30 minutes")
    unseen = await issue(stage, minor__name=NAME)
    await goes_by(stage.house, "30 minutes")
    if request.param != "retracted":
        assert (await stage.post(f"/v1/alerts/{shown}/update", body)).status_code == 200
    for code in (shown, unseen):
        assert (await stage.post(f"/v1/alerts/{code}/retract", {"reason": "found"})).status_code == 200
    last = 2 if request.param == "retracted" else 3
    return Return(stage, who, shown, unseen, first.json()["cursor"], first.headers["etag"], last)


async def test_with_a_cursor_an_hour_old(back: Return) -> None:
    for query in ({}, {"wait": "5"}, {"limit": "1"}, {"all": "1"}):
        answer = await back.stage.get("/v1/feed", back.who, cursor=back.cursor, **query)
        back.learns([i["notice"] for i in answer.json()["items"]], answer.text)
        (item,) = answer.json()["items"]
        assert item["payload"]["type"] == "alert.retract"
        assert item["payload"]["data"]["ends"] == list(range(1, back.last))
    assert await items(back.stage, back.who, answer.json()["cursor"]) == []


async def test_with_the_tag_of_an_hour_ago(back: Return) -> None:
    sent = back.stage.bearer(back.who) | {"if-none-match": back.tag}
    answer = await back.stage.client.get("/v1/feed", params={"cursor": back.cursor}, headers=sent)
    assert answer.status_code == 200
    back.learns([i["notice"] for i in answer.json()["items"]], answer.text)


async def test_with_nothing_left(back: Return) -> None:
    """It has lost its disk: from the beginning, or the newest first."""
    for query in ({"cursor": "0"}, {"order": "newest"}):
        answer = await back.stage.get("/v1/feed", back.who, **query)
        back.learns([i["notice"] for i in answer.json()["items"]], answer.text)


@pytest.mark.parametrize("path", ["/v1/feed/stream", "/v1/feed"])
async def test_a_stream_with_the_last_event_of_an_hour_ago(back: Return, path: str) -> None:
    headers = {"accept": "text/event-stream"}
    async with streaming(back.stage, back.who, path, last_event_id=back.cursor, **headers) as stream:
        beat = await stream.next("heartbeat")
        told = [event for event in stream.seen if event.kind == "notice"]
        back.learns([event.data["notice"] for event in told], repr(stream.seen))
        (end,) = told
        assert end.data["payload"]["type"] == "alert.retract"
        assert int(beat.id) >= int(end.id) > int(back.cursor)
        assert beat.data["last"] == [f"{back.shown}/{back.last}"]


async def test_atom_and_cap(back: Return) -> None:
    """An aggregator that asks the index, and a player that asks for the message it had."""
    atom = await back.stage.get("/v1/feed.atom", back.who)
    assert f"{back.shown}.{back.last}" in atom.text
    assert NAME not in atom.text
    assert back.unseen not in atom.text
    for code in (back.shown, back.unseen):
        assert (await back.stage.get(f"/v1/alerts/{code}/cap/1.xml", back.who)).status_code == 410
