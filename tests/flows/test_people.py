"""People: whoever is locked is out at once, and there is always an administrator who may act."""

import asyncio
from typing import Any

import pytest
from argon2 import PasswordHasher

from app.db.engine import transaction
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.words import Role
from app.flows import people, sign_in
from app.flows.house import House
from app.flows.people import NewPerson, PersonFacts
from app.flows.sign_in import by_link, by_password, one_time_link, set_password, who_is
from tests.flows.ledger import dump, one, rows
from tests.flows.test_sign_in import PASSWORD, did
from tests.making import ORGAN, make_organ

ADMIN = PersonFacts(role=Role.ADMIN)
OFFICER = PersonFacts(role=Role.OFFICER, organ_code=ORGAN, number="010233", phone="029-85250110")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "_hasher", PasswordHasher(time_cost=1, memory_cost=1024))


async def account(house: House, name: str, role: str = "operator") -> int:
    async with transaction(house.engine) as session:
        id = await set_password(session, name, PASSWORD)
    await rows(house, "UPDATE account SET role = :role WHERE id = :id", role=role, id=id)
    return id


async def test_added_with_a_link_that_works(house: House) -> None:
    await make_organ(house)
    facts = NewPerson(name="王敏", **OFFICER.model_dump())
    _, token = await did(house, people.add, "operator:甲", facts)
    opened = await did(house, by_link, token)
    who = await did(house, who_is, opened)
    assert who is not None
    assert (who.name, who.role, who.officer.organ_code) == ("王敏", Role.OFFICER, ORGAN)
    with pytest.raises(Conflict):
        await did(house, people.add, "operator:甲", facts)
    assert await one(house, "SELECT actor FROM audit WHERE act = 'person_add'") == "operator:甲"
    assert token not in repr(await dump(house))


@pytest.mark.parametrize("missing", ["organ_code", "number", "phone"])
async def test_an_officer_needs_all_three(house: House, missing: str) -> None:
    await make_organ(house)
    said = OFFICER.model_dump() | {missing: None if missing == "organ_code" else ""}
    with pytest.raises(Invalid) as refused:
        await did(house, people.add, "x", NewPerson(name="王敏", **said))
    assert [f.pointer for f in refused.value.faults] == [f"/{missing}"]
    assert await rows(house, "SELECT 1 FROM account") == []


async def test_an_organ_that_there_is_not(house: House) -> None:
    id = await account(house, "王敏")
    with pytest.raises(Invalid):
        await did(house, people.change, "x", 0, id, OFFICER)


async def test_whoever_is_locked_is_out_and_stays_out(house: House) -> None:
    await account(house, "甲", "admin")
    id = await account(house, "王敏")
    token = await did(house, by_password, "王敏", PASSWORD)
    link = await did(house, one_time_link, "王敏")
    assert await did(house, people.lock, "operator:甲", 0, id) is True
    assert await did(house, people.lock, "operator:甲", 0, id) is False
    assert await did(house, who_is, token) is None
    assert await did(house, by_password, "王敏", PASSWORD) is None
    assert await did(house, people.unlock, "operator:甲", id) is True
    assert await did(house, who_is, token) is None, "an old session does not come back"
    assert await did(house, by_link, link) is None
    assert await did(house, by_password, "王敏", PASSWORD) is not None


async def test_a_reset_voids_password_sessions_and_links(house: House) -> None:
    id = await account(house, "王敏")
    token, old = await did(house, by_password, "王敏", PASSWORD), await did(house, one_time_link, "王敏")
    fresh = await did(house, people.reset_password, "operator:甲", 0, id)
    assert await did(house, who_is, token) is None
    assert await did(house, by_password, "王敏", PASSWORD) is None
    assert await did(house, by_link, old) is None
    assert await did(house, by_link, fresh) is not None
    await account(house, "乙", "admin")
    await did(house, people.lock, "operator:甲", 0, id)
    with pytest.raises(Conflict):
        await did(house, people.reset_password, "operator:甲", 0, id)


async def test_the_last_administrator_can_neither_be_locked_nor_demoted(house: House) -> None:
    id, other = await account(house, "甲", "admin"), await account(house, "乙", "admin")
    await rows(house, "UPDATE account SET disabled_at = now() WHERE id = :id", id=other)
    before = await dump(house)
    for role in (Role.VIEWER, Role.OPERATOR):
        with pytest.raises(Conflict, match="last"):
            await did(house, people.change, "cli", 0, id, PersonFacts(role=role))
    with pytest.raises(Conflict, match="last"):
        await did(house, people.lock, "cli", 0, id)
    with pytest.raises(Conflict, match="last"):
        await did(house, people.from_outside, "甲", Role.VIEWER, None, None, None)
    assert await dump(house) == before
    await did(house, people.change, "x", 0, id, ADMIN)


@pytest.mark.parametrize("way", ["lock", "demote", "both"])
async def test_two_administrators_at_once_leave_one(house: House, way: str) -> None:
    first, second = await account(house, "甲", "admin"), await account(house, "乙", "admin")
    viewer = PersonFacts(role=Role.VIEWER)

    def act(me: int, id: int, how: str) -> Any:
        return did(house, people.lock, "x", me, id) if how == "lock" else did(house, people.change, "x", me, id, viewer)

    ways = {"lock": ("lock", "lock"), "demote": ("demote", "demote"), "both": ("lock", "demote")}[way]
    for _ in range(5):
        await rows(house, "UPDATE account SET role = 'admin', disabled_at = NULL")
        ends = await asyncio.gather(act(first, second, ways[0]), act(second, first, ways[1]), return_exceptions=True)
        assert sum(isinstance(e, Conflict) for e in ends) == 1, ends
        assert await one(house, "SELECT count(*) FROM account WHERE role = 'admin' AND disabled_at IS NULL") == 1


async def test_nobody_does_it_to_themselves(house: House) -> None:
    id = await account(house, "甲", "admin")
    await account(house, "乙", "admin")
    for act in (people.lock, people.reset_password, people.reset_factor):
        with pytest.raises(Conflict, match="own"):
            await did(house, act, "x", id, id)
    with pytest.raises(Conflict, match="own"):
        await did(house, people.change, "x", id, id, PersonFacts(role=Role.VIEWER))


async def test_somebody_who_is_not_there(house: House) -> None:
    for act in (people.unlock, people.end_sessions):
        with pytest.raises(NotFound):
            await did(house, act, "x", 99)
    for one_s_own in (people.lock, people.reset_password, people.reset_factor):
        with pytest.raises(NotFound):
            await did(house, one_s_own, "x", 0, 99)


async def test_the_command_line_states_some_of_it(house: House) -> None:
    await make_organ(house)
    await account(house, "甲", "admin")
    await did(house, people.from_outside, "王敏", Role.OFFICER, ORGAN, "010233", "029-85250110")
    await did(house, people.from_outside, "王敏", None, None, None, "029-1")
    found = await rows(house, "SELECT role, organ_code, number, phone FROM account WHERE name = '王敏'")
    assert [tuple(r) for r in found] == [("officer", ORGAN, "010233", "029-1")]
    with pytest.raises(Invalid):
        await did(house, people.from_outside, "王敏", None, "x", None, None)
    assert await did(house, people.let_back_in, "没有") is False
