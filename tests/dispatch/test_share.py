"""Of what waits alike a dispatcher takes its own outlets first: those that keep a connection open keep it for one process."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.db import claims
from app.db.claims import ALL, Leases, Share
from app.db.engine import transaction
from app.dispatch import dispatcher as engine_room
from app.flows.house import House
from tests.dispatch.far import Far, made, make_place, rows, until
from tests.making import make_alert

LEASES = Leases(timedelta(seconds=15))
FIRST, SECOND = Share(0, 2), Share(1, 2)


async def _take(house: House, share: Share, room: int) -> Sequence[claims.Claimed]:
    async with transaction(house.engine) as session:
        return await claims.claim(session, worker="w", leases=LEASES, room=room, only_retractions=False, share=share)


async def test_its_own_go_first_and_the_others_are_not_left(house: House) -> None:
    places = [await make_place(house, f"p{n}") for n in range(8)]
    await make_alert(house)
    own = {place for place in places if place % 2 == 1}
    assert {c.outlet_id for c in await _take(house, SECOND, 3)} < own
    assert {c.outlet_id for c in await _take(house, SECOND, 3)} & own, "one of its own was left"
    assert len(await _take(house, SECOND, 10)) == 2, "nobody else is there: the others are taken too"
    assert not await _take(house, FIRST, 10)


async def test_what_is_another_dispatchers_goes_before_what_matters_less(house: House) -> None:
    """Whose share it is may be dead, and not yet missed: its retractions do not wait until all alerts have gone."""
    for n in range(6):
        await make_place(house, f"p{n}")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET priority = 0 WHERE outlet_id % 2 = 0")
    assert {c.outlet_id % 2 for c in await _take(house, SECOND, 3)} == {0}
    assert {c.outlet_id % 2 for c in await _take(house, SECOND, 3)} == {1}


async def test_anybodys_first_attempt_goes_before_a_retry_of_its_own(house: House) -> None:
    for n in range(2):
        await make_place(house, f"p{n}")
    await make_alert(house)
    await rows(house, "UPDATE delivery SET tries = 1 WHERE outlet_id % 2 = 1")
    assert [c.tries for c in await _take(house, SECOND, 1)] == [1]
    assert [c.tries for c in await _take(house, SECOND, 1)] == [2]


async def test_a_partner_is_sent_no_more_at_once_for_it(house: House) -> None:
    """Counted over its own and the others together."""
    for n in range(8):
        await make_place(house, f"p{n}", partner="小单位")
    await make_alert(house)
    await rows(house, "UPDATE partner SET at_once = 5 WHERE name = '小单位'")
    assert len(await _take(house, SECOND, 20)) == 5


@pytest.mark.parametrize("share", [ALL, FIRST, SECOND, Share(2, 3)])
async def test_whatever_its_share_one_alone_takes_all(house: House, share: Share) -> None:
    for n in range(7):
        await make_place(house, f"p{n}")
    await make_alert(house)
    taken: list[int] = []
    while found := await _take(house, share, 2):
        taken += [c.id for c in found]
    assert len(taken) == len(set(taken)) == 7


async def test_each_knows_how_many_are_at_work(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_room, "PULSE_SECONDS", 0.05)
    monkeypatch.setattr(engine_room, "POLL_SECONDS", 0.02)  # it is there as long as it turns
    one, other = made(house, Far()), made(house, Far())
    stop, stop_other = asyncio.Event(), asyncio.Event()
    running, running_other = asyncio.create_task(one.run(stop)), asyncio.create_task(other.run(stop_other))
    await until(lambda: _are(one, other, of=2))
    assert {one._share, other._share} == {FIRST, SECOND}
    stop_other.set()
    await running_other
    await until(lambda: _are(one, of=1))
    stop.set()
    await running


def _are(*dispatchers: engine_room.Dispatcher, of: int) -> bool:
    return all(one._share.of == of for one in dispatchers)
