"""The same request twice is one act, also when both come at once."""

import asyncio
from dataclasses import replace

import pytest

from app.db import keys
from app.domain.errors import KeyReused, LiveAlertExists
from app.flows.house import House
from app.flows.submit import Issued
from tests.flows.acts import amended, record, submitted
from tests.flows.ledger import one, rows
from tests.making import make_organ, make_outlet, police


@pytest.fixture(autouse=True)
async def place(house: House) -> None:
    await make_organ(house)
    await make_outlet(house, channel="tv")


async def test_again_gives_the_first_answer(house: House) -> None:
    first = await submitted(house, record(), key="k")
    again = await submitted(house, record(), key="k")
    assert (first.again, again) == (False, Issued(first.code, 0, again=True))
    assert await one(house, "SELECT count(*) FROM delivery") == 1


async def test_two_at_once_with_one_key_are_one_alert(house: House) -> None:
    """Without the key the later ones would be refused: the case has a live alert."""
    ends = await asyncio.gather(*(submitted(house, record(), key="k") for _ in range(6)))
    assert len({e.code for e in ends}) == 1
    assert sorted(e.again for e in ends) == [False] + [True] * 5
    assert await one(house, "SELECT count(*) FROM alert") == 1


async def test_two_at_once_of_which_the_first_fails(house: House) -> None:
    """The second waits for the first to end, finds no trace of it, and goes ahead."""
    async with house.engine.connect() as first:
        await keys.remember(first, police().actor, "k", b"b")
        second = asyncio.create_task(submitted(house, record(), key="k"))
        await asyncio.sleep(0.3)
        assert not second.done()
        await first.rollback()
        assert not (await second).again


async def test_one_key_with_another_body_is_refused(house: House) -> None:
    await submitted(house, record(), key="k", body=b"one")
    with pytest.raises(KeyReused):
        await submitted(house, record(), key="k", body=b"another")
    assert await one(house, "SELECT count(*) FROM alert") == 1


async def test_a_key_belongs_to_who_used_it(house: House) -> None:
    await submitted(house, record(), key="k")
    with pytest.raises(LiveAlertExists):
        await submitted(house, record(), key="k", who=replace(police(), actor="key:other"))


async def test_a_request_that_failed_may_be_made_again(house: House) -> None:
    live = await submitted(house, record())
    with pytest.raises(LiveAlertExists):
        await submitted(house, record(), key="k")
    await rows(house, "UPDATE alert SET state = 'expired', ended_at = now() WHERE code = :code", code=live.code)
    assert not (await submitted(house, record(), key="k")).again


async def test_without_a_key_nothing_is_remembered(house: House) -> None:
    await submitted(house, record())
    with pytest.raises(LiveAlertExists):
        await submitted(house, record())
    assert await one(house, "SELECT count(*) FROM idempotency") == 0


async def test_an_update_made_twice_is_one_notice(house: House) -> None:
    live = await submitted(house, record(), key="k1")
    facts = record(minor__clothing="蓝色外套")
    ends = await asyncio.gather(*(amended(house, live.code, facts, key="k2") for _ in range(4)))
    assert sorted(e.again for e in ends) == [False, True, True, True]
    assert await one(house, "SELECT head FROM alert") == 2


async def test_a_key_of_a_submission_is_not_one_of_an_update(house: House) -> None:
    live = await submitted(house, record(), key="k", body=b"submission")
    with pytest.raises(KeyReused):
        await amended(house, live.code, record(), key="k", body=b"update")
    assert await one(house, "SELECT head FROM alert") == 1
