"""Many submit at once, or update, and drawing takes its time: whoever takes back does not wait for them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.db.engine import in_use
from app.dispatch.press import HousePress
from app.flows.house import ISSUING
from tests.api.records import fresh, issue, retract
from tests.api.stage import Stage
from tests.making import make_outlet

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


async def test_a_retraction_waits_for_no_update(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who updates is told that the alert is over, and not who takes it back that he has to come again."""
    await make_outlet(stage.house)
    body = fresh()
    code = (await stage.post("/v1/alerts", body)).json()["id"]
    drawing, drawn = asyncio.Event(), asyncio.Event()

    async def slow(*_: Any) -> Mapping[str, Sequence[Any]]:
        drawing.set()
        await drawn.wait()
        return {}

    monkeypatch.setattr(HousePress, "illustrate", slow)
    updating = asyncio.create_task(stage.post(f"/v1/alerts/{code}/update", body))
    await asyncio.wait_for(drawing.wait(), 5)
    assert in_use(stage.house.engine) == 0
    await asyncio.wait_for(retract(stage, code), 2)
    drawn.set()
    assert (await updating).status_code == 409
