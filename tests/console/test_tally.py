"""What is counted is kept as long as it is true, and no longer."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.console.live import Live
from app.console.tally import Tally, by_stage, overdue_at
from app.db import alerts, progress
from app.db.engine import clock, transaction
from app.db.progress import Count
from app.flows.house import House
from tests.console.delivered import accepted, failed, newest
from tests.making import make_alert, make_outlet


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[int]]:
    """Which alerts the database was asked to count, each time."""
    seen: list[Sequence[int]] = []
    count = progress.counts

    async def counted(session: Any, ids: Sequence[int]) -> Any:
        seen.append(list(ids))
        return await count(session, ids)

    monkeypatch.setattr(progress, "counts", counted)
    return seen


async def _look(house: House, tally: Tally, codes: Sequence[str]) -> list[dict[str, int]]:
    async with transaction(house.engine) as session:
        rows = [await alerts.find(session, code) for code in codes]
        ids = {row.id: row.code for row in rows if row is not None}
        found = await tally.counts(session, ids, await clock(session))
    return [dict(by_stage(found[id])) for id in ids]


async def test_only_what_changed_is_counted_again(house: House, asked: list[Sequence[int]]) -> None:
    outlet = await make_outlet(house)
    codes = [await make_alert(house), await make_alert(house)]
    live = Live()
    live.hearing(True)
    tally = Tally(live)
    assert await _look(house, tally, codes) == [{"waiting": 1}, {"waiting": 1}]
    assert await _look(house, tally, codes) == [{"waiting": 1}, {"waiting": 1}]
    assert len(asked) == 1
    await failed(house, (await newest(house, codes[1]))[outlet])
    live.publish(codes[1])
    assert await _look(house, tally, codes) == [{"waiting": 1}, {"failed": 1}]
    assert len(asked[1]) == 1, "the other one alone"
    live.publish("")
    await _look(house, tally, codes)
    assert len(asked[2]) == 2, "anything may have changed"


async def test_while_nothing_is_heard_nothing_is_believed(house: House, asked: list[Sequence[int]]) -> None:
    outlet = await make_outlet(house)
    code = await make_alert(house)
    live = Live()
    tally = Tally(live)
    assert await _look(house, tally, [code]) == [{"waiting": 1}]
    await accepted(house, (await newest(house, code))[outlet])
    assert await _look(house, tally, [code]) == [{"accepted": 1}], "though nobody said that it changed"
    live.hearing(True)
    await _look(house, tally, [code])
    live.hearing(False)
    await failed(house, (await newest(house, code))[outlet])
    assert await _look(house, tally, [code]) == [{"failed": 1}]
    live.hearing(True)
    await _look(house, tally, [code])
    assert len(asked) == 5, "what was kept before the line was lost is not taken up again"


async def test_who_becomes_overdue_by_the_clock_is_moved_without_counting(
    house: House, asked: list[Sequence[int]]
) -> None:
    waits, late = await make_outlet(house), await make_outlet(house)
    code = await make_alert(house)
    given = await newest(house, code)
    await accepted(house, given[waits])
    await accepted(house, given[late], minutes_ago=4)
    live = Live()
    live.hearing(True)
    tally = Tally(live)
    (counts,) = [await _counts(house, tally, code, timedelta())]
    assert dict(by_stage(counts)) == {"accepted": 2}
    assert dict(by_stage(await _counts(house, tally, code, timedelta(minutes=2)))) == {"accepted": 1, "overdue": 1}
    assert dict(by_stage(await _counts(house, tally, code, timedelta(minutes=4, seconds=50)))) == {
        "accepted": 1, "overdue": 1,
    }  # fmt: skip
    assert len(asked) == 1


async def _counts(house: House, tally: Tally, code: str, later: timedelta) -> Sequence[Count]:
    async with transaction(house.engine) as session:
        row = await alerts.find(session, code)
        assert row is not None
        return (await tally.counts(session, {row.id: code}, await clock(session) + later))[row.id]


def test_all_of_a_stage_may_become_overdue() -> None:
    now = datetime.now(UTC)
    counts = [Count("down_accepted", True, 2, (now.timestamp() - 2, now.timestamp() - 1)), Count("aired", True, 3)]
    assert list(overdue_at(counts, now)) == [Count("down_overdue", True, 2), Count("aired", True, 3)]
