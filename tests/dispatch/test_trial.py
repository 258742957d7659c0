"""The connection test of one outlet: what it may have put on a screen it takes off again."""

import asyncio
from datetime import timedelta

import pytest

from app.db import outlets
from app.db.engine import transaction
from app.db.outlets import Enrolled
from app.dispatch.trial import try_outlet
from app.domain.errors import Conflict
from app.flows.house import House
from channels.carriers.webhook import Webhook
from tests.dispatch.loopback import read_json, serving
from tests.making import make_outlet

OK, BUSY, NO = b"200 OK", b"503 Busy", b"400 No"


async def tried(house: House, *answers: bytes | None) -> tuple[str, list[tuple[str, str]]]:
    """The outcome, and kind and status of what the outlet was sent; it hangs where the answer is ``None``."""
    heard: list[tuple[str, str]] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = (await read_json(reader))["data"]
        heard.append((said["kind"], said["status"]))
        answer = answers[len(heard) - 1]
        if answer is None:
            await asyncio.sleep(3600)
        writer.write(b"HTTP/1.1 " + (answer or b"") + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    async with serving(behave) as url:
        key = "whsec_" + "a" * 43 + "="
        id = await make_outlet(house, channel="tv", settings={"url": url, "secret": key})
        trial = await try_outlet(house, await _outlet(house, id))
    return trial.outcome, heard


async def _outlet(house: House, id: int) -> Enrolled:
    async with transaction(house.engine) as session:
        return (await outlets.enrolled(session, [id]))[id]


async def test_published_and_taken_down(house: House) -> None:
    assert await tried(house, OK, OK) == ("accepted", [("publish", "test"), ("retract", "test")])


async def test_what_was_refused_did_not_air(house: House) -> None:
    assert await tried(house, NO) == ("refused", [("publish", "test")])


async def test_a_failed_take_down_is_told(house: House) -> None:
    assert await tried(house, OK, BUSY) == ("retry", [("publish", "test"), ("retract", "test")])


@pytest.mark.parametrize("answer", [BUSY, None])
async def test_what_may_have_aired_is_taken_down(
    house: House, answer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer in time does not mean that nothing was shown."""
    monkeypatch.setattr(Webhook, "timeout", timedelta(seconds=0.3))
    assert await tried(house, answer, OK) == ("retry", [("publish", "test"), ("retract", "test")])


async def test_who_takes_no_tests_or_polls_is_not_tried(house: House) -> None:
    strict = await make_outlet(house, takes_tests=False)
    polls = await make_outlet(house, carrier="feed", channel="partner")
    for id in (strict, polls):
        with pytest.raises(Conflict):
            await try_outlet(house, await _outlet(house, id))
