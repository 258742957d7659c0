"""Many submit at once, and drawing takes its time: whoever takes back does not wait for them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.db.engine import in_use
from app.dispatch.press import HousePress
from app.flows.house import ISSUING
from tests.api.records import fresh, issue, retract
from tests.api.stage import Stage

MANY = 60  # more than there are connections


async def test_a_retraction_finds_a_connection_whoever_submits(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    code = await issue(stage)
    drawn = asyncio.Event()

    async def slow(*_: Any) -> Mapping[str, Sequence[Any]]:
        await drawn.wait()
        return {}

    monkeypatch.setattr(HousePress, "illustrate", slow)
    submitting = [asyncio.create_task(stage.post("/v1/alerts", fresh(), "police")) for _ in range(MANY)]
    async with asyncio.timeout(20):
        while in_use(stage.house.engine) < ISSUING:  # noqa: ASYNC110 - a pool has a number, not an event
            await asyncio.sleep(0.02)
    await asyncio.wait_for(retract(stage, code), 5)
    assert in_use(stage.house.engine) <= ISSUING
    drawn.set()
    assert {answer.status_code for answer in await asyncio.gather(*submitting)} == {201}
