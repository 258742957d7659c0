"""An operator sends again what failed: of the newest notice alone, one delivery or all of them."""

import asyncio

import pytest

from app.db.engine import transaction
from app.domain.errors import NotFound, WrongState
from app.domain.words import Scope
from app.flows.ask_again import ask_again
from app.flows.house import House
from app.flows.principal import Principal
from tests.flows.acts import amended, record, retracted, submitted
from tests.flows.ledger import aired, dump, one, rows
from tests.making import make_organ, make_outlet, police

OPERATOR = Principal("operator:王", Scope.OPERATOR, live=True)
FAIL = "UPDATE delivery SET state = 'failed', tries = 1, reason = 'http', detail = '500', give_up_at = now() "


async def asked(house: House, code: str, delivery: int | None = None, who: Principal = OPERATOR) -> int:
    async with transaction(house.engine) as session:
        return await ask_again(session, who, code, delivery)


async def ids(house: House, number: int = 1) -> list[int]:
    return [r.id for r in await rows(house, "SELECT id FROM delivery WHERE number = :n ORDER BY id", n=number)]


async def states(house: House, number: int = 1) -> list[str]:
    return [r.state for r in await rows(house, "SELECT state FROM delivery WHERE number = :n ORDER BY id", n=number)]


@pytest.fixture
async def code(house: House) -> str:
    """Three outlets; the first two failed, the third took it."""
    await make_organ(house)
    for name in ("a", "b", "c"):
        await make_outlet(house, name=name, channel="tv")
    issued = await submitted(house, record())
    first = await ids(house)
    await rows(house, FAIL + "WHERE id = ANY(:ids)", ids=first[:2])
    await aired(house)
    return issued.code


async def test_all_that_failed(house: House, code: str) -> None:
    assert await asked(house, code) == 2
    assert await states(house) == ["pending", "pending", "accepted"]
    again = await rows(
        house,
        "SELECT reason, detail, tries, due_at <= now() AS due, give_up_at > now() + interval '59 min' AS lasts "
        "FROM delivery WHERE state = 'pending'",
    )
    assert [tuple(r) for r in again] == [(None, None, 1, True, True)] * 2, (
        "the tries are not forgotten: one may have aired"
    )
    assert await one(house, "SELECT actor FROM audit WHERE act = 'ask_again'") == OPERATOR.actor


async def test_one_of_them(house: House, code: str) -> None:
    _, second, _ = await ids(house)
    assert await asked(house, code, second) == 1
    assert await states(house) == ["failed", "pending", "accepted"]


async def test_one_that_did_not_fail_is_refused(house: House, code: str) -> None:
    *_, third = await ids(house)
    before = await dump(house)
    for wrong in (third, 999_999):
        with pytest.raises(WrongState):
            await asked(house, code, wrong)
    assert await dump(house) == before


async def test_one_of_another_alert_is_refused(house: House, code: str) -> None:
    other = await submitted(house, record(case_number="A6101130000002026110002"))
    mine = (await ids(house))[0]
    with pytest.raises(WrongState):
        await asked(house, other.code, mine)
    assert (await states(house))[0] == "failed"


async def test_what_a_newer_notice_replaced_stays_failed(house: House, code: str) -> None:
    await amended(house, code, record(minor__clothing="蓝色外套"))
    await rows(house, "UPDATE delivery SET state = 'accepted' WHERE number = 2")
    with pytest.raises(WrongState):
        await asked(house, code, (await ids(house))[0])
    assert await asked(house, code) == 0
    assert await states(house) == ["failed", "failed", "accepted"]


async def test_a_take_down_that_failed_is_sent_again_after_the_end(house: House, code: str) -> None:
    await retracted(house, code)
    await rows(house, FAIL + "WHERE kind = 'retract'")
    assert await asked(house, code) == len(await ids(house, 2))
    assert set(await states(house, 2)) == {"pending"}
    assert "pending" not in await states(house), "the publish that failed does not come back with it"


async def test_twice_at_once_is_once(house: House, code: str) -> None:
    assert sorted(await asyncio.gather(*(asked(house, code) for _ in range(3)))) == [0, 0, 2]


async def test_asked_while_it_is_being_retracted(house: House, code: str) -> None:
    """Whichever is first: the failed publish is never due after the end."""
    await asyncio.gather(asked(house, code), retracted(house, code))
    assert set(await states(house)) <= {"failed", "superseded", "accepted"}


@pytest.mark.parametrize(
    "who",
    [police(organ="610112000000", area="610112"), Principal("key:p", Scope.PARTNER, live=True, partner_id=1)],
)
async def test_who_may_not_see_it_cannot_ask(house: House, code: str, who: Principal) -> None:
    with pytest.raises(NotFound):
        await asked(house, code, who=who)
    with pytest.raises(NotFound):
        await asked(house, "HJ-2026-999999")
    assert await states(house) == ["failed", "failed", "accepted"]
