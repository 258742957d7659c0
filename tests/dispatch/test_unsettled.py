"""What is finished is written in batches, and soon."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.db.claims import Claimed
from app.db.settling import Result
from app.dispatch.send import Finished
from app.dispatch.unsettled import Unsettled
from app.domain.words import Kind, Lane, Outcome

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def finished(n: int) -> list[Finished]:
    claimed = Claimed(
        1, 1, 1, 1, Kind.PUBLISH, Lane.PUSH, 1, NOW + timedelta(hours=1), "p", None, timedelta(seconds=15)
    )
    return [(Result(claimed._replace(id=id), "webhook", Outcome.ACCEPTED, None, "", NOW, NOW), None) for id in range(n)]


async def test_nobody_waits_for_company_that_cannot_come() -> None:
    unsettled = Unsettled(500, 30.0, lambda: 0)
    unsettled.put(finished(1))
    assert len(await asyncio.wait_for(unsettled.batch(), 1)) == 1


async def test_while_others_are_under_way_they_are_waited_for_but_not_long() -> None:
    unsettled = Unsettled(500, 3.0, lambda: 1)
    unsettled.put(finished(1))
    waiting = asyncio.create_task(unsettled.batch())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    unsettled.put(finished(2))
    assert len(await asyncio.wait_for(waiting, 30)) == 3


async def test_a_full_batch_waits_no_longer_and_none_is_larger_than_it_may_be() -> None:
    unsettled = Unsettled(10, 30.0, lambda: 1)
    unsettled.put(finished(20))
    first = await asyncio.wait_for(unsettled.batch(), 1)
    assert [r.claimed.id for r, _ in first] == list(range(10))
    unsettled.written()
    second = await asyncio.wait_for(unsettled.batch(), 1)
    assert [r.claimed.id for r, _ in second] == list(range(10, 20)), "in the order in which they ended, and none twice"


async def test_all_is_written_when_the_last_batch_is() -> None:
    unsettled = Unsettled(2, 0.0, lambda: 0)
    await asyncio.wait_for(unsettled.all_written(), 1)
    unsettled.put([])
    await asyncio.wait_for(unsettled.all_written(), 1)
    unsettled.put(finished(3))
    for left in (3, 1):
        assert len(unsettled) == left
        await unsettled.batch()
        assert len(unsettled) == left, "what is being written is not written"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(unsettled.all_written(), 0.05)
        unsettled.written()
    assert len(unsettled) == 0
    await asyncio.wait_for(unsettled.all_written(), 1)
