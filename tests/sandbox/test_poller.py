"""The app that polls: its cursor, its doubles, and a huijia that is not always there."""

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import state
from sandbox.faults import Mode
from sandbox.outlets import APP_OWNER
from sandbox.poller import EVERY_SECONDS, LONGEST_WAIT, SLOW_SECONDS, Poller
from tests.sandbox.stage import ALERT, Huijia, Stage, payload, stage, until


@dataclass
class Reading:
    """A stage with a poller that is turned by hand."""

    at: Stage
    poller: Poller
    kept: list[str] = field(default_factory=list)

    def mode(self, mode: Mode) -> None:
        self.at.town.sites["app-1"].switch.turn(mode)


@asynccontextmanager
async def reading(path: Path, *contents: Any) -> AsyncIterator[Reading]:
    async with stage(path) as at, at.huijia.client() as client:
        at.huijia.items = [item(number, content) for number, content in enumerate(contents, start=1)]
        site, kept = at.town.sites["app-1"], list[str]()
        poller = Poller(client, "http://huijia", at.town, site, "key-app", None, kept.append)
        yield Reading(at, poller, kept)


def item(sequence: int, content: Any) -> dict[str, Any]:
    return {"sequence": sequence, "delivery": f"dlv_{sequence}", "outlet": "沙盒·长安出行App", "payload": content}


async def test_it_shows_what_it_reads_and_goes_on_from_there(tmp_path: Path) -> None:
    async with reading(tmp_path, payload(), payload(2, "update")) as one:
        assert await one.poller.turn() == EVERY_SECONDS
        assert await one.at.showing("app-1") == [(ALERT, 2)]
        one.at.huijia.items.append(item(3, payload(3, "retract")))
        await one.poller.turn()
        await one.poller.turn()
        assert await one.at.showing("app-1") == []
        assert one.at.huijia.cursors == [None, "2", "3"]
        assert one.kept == ["2", "3"]
        await until(lambda: len(one.at.huijia.receipts) == 6)
        assert sorted(one.at.huijia.receipts)[-2:] == [("dlv_3", "received"), ("dlv_3", "taken_down")]
        assert "Bearer key-app" in one.at.huijia.keys


async def test_the_cursor_outlives_the_process(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    async with stage(tmp_path) as at, at.huijia.client() as client:
        at.huijia.items = [item(17, payload())]
        site, keep = at.town.sites["app-1"], partial(state.keep_cursor, file, APP_OWNER)
        await Poller(client, "http://huijia", at.town, site, "key", None, keep).turn()
        before = state.load(file)
        assert before.cursors == {APP_OWNER: "17"}
        assert before.secrets["tv-1"] == at.secret("tv-1")
        assert file.stat().st_mode & 0o777 == 0o600
        await Poller(client, "http://huijia", at.town, site, "key", before.cursors[APP_OWNER], keep).turn()
        assert at.huijia.cursors == [None, "17"]


async def test_a_cursor_that_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    """The disk is full: it goes on by what it remembers."""

    def full(cursor: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with reading(tmp_path, payload()) as one:
        poller = Poller(one.poller._client, "http://huijia", one.at.town, one.poller._site, "key-app", None, full)
        await poller.turn()
        one.at.huijia.items.append(item(2, payload(2, "retract")))
        await poller.turn()
        assert await one.at.showing("app-1") == []
        assert one.at.huijia.cursors == [None, "1"]


async def test_an_item_that_is_no_payload_does_not_stop_the_next(tmp_path: Path) -> None:
    async with reading(tmp_path, {"type": "?"}, payload()) as one:
        one.at.huijia.items.insert(0, {"sequence": 0})
        one.at.huijia.items[0]["sequence"] = 1
        await one.poller.turn()
        assert await one.at.verdicts() == ["malformed", "malformed", "shown"]
        assert one.kept == ["2"]


async def test_an_unmarked_exercise_is_rejected_by_receipt(tmp_path: Path) -> None:
    async with reading(tmp_path, payload(status="test", rendition={"texts": {"body": "寻人"}})) as one:
        await one.poller.turn()
        assert await one.at.showing("app-1") == []
        await until(lambda: one.at.huijia.receipts == [("dlv_1", "rejected")])


async def test_it_waits_longer_while_huijia_is_away_and_loses_nothing(tmp_path: Path) -> None:
    async with reading(tmp_path, payload()) as one:
        one.at.huijia.answers.extend([0, 503, 0, 401, 0, 0])
        assert [await one.poller.turn() for _ in range(6)] == [1.0, 2.0, 4.0, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]
        assert await one.poller.turn() == EVERY_SECONDS
        assert await one.at.showing("app-1") == [(ALERT, 1)]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"cursor":1,"items":[]}', b'{"cursor":"1","items":{}}'])
async def test_an_answer_that_is_no_feed_moves_nothing(tmp_path: Path, body: bytes) -> None:
    async with stage(tmp_path) as at:
        kept = list[str]()
        client = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(200, content=body)))
        poller = Poller(client, "http://huijia", at.town, at.town.sites["app-1"], "key", None, kept.append)
        assert await poller.turn() == 1.0
        assert kept == []


async def test_flaky_loses_an_answer_and_then_acts_twice_on_one(tmp_path: Path) -> None:
    async with reading(tmp_path, payload()) as one:
        one.mode(Mode.FLAKY)
        await one.poller.turn()  # the answer is lost
        assert await one.at.calls() == []
        await one.poller.turn()
        one.at.huijia.items.append(item(2, payload(2, "update")))
        await one.poller.turn()  # acted on, but the cursor is lost
        assert one.kept == ["1"]
        await one.poller.turn()
        assert one.kept == ["1", "2"]
        assert await one.at.verdicts() == ["shown", "shown", "duplicate"]


async def test_the_other_modes_of_somebody_who_asks(tmp_path: Path) -> None:
    async with reading(tmp_path, payload()) as one:
        for mode in (Mode.DOWN, Mode.HANGING):
            one.mode(mode)
            await one.poller.turn()
        assert one.at.huijia.cursors == []
        one.mode(Mode.LYING)
        await one.poller.turn()
        assert one.kept == ["1"]
        assert await one.at.verdicts() == ["unheard"]
        assert await one.at.showing("app-1") == []
        one.mode(Mode.SLOW)
        assert await one.poller.turn() == SLOW_SECONDS


def test_the_fake_huijia_itself_pages_by_cursor() -> None:
    huijia = Huijia(items=[item(1, {}), item(2, {})])
    assert [one["sequence"] for one in huijia._feed("1").json()["items"]] == [2]
    assert huijia._feed("2").json() == {"cursor": "2", "items": []}
