"""Operators sign in: by password, or by a link that works once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from argon2 import PasswordHasher

from app.db import accounts
from app.db.engine import Session, StoreUnavailable, transaction
from app.flows import sign_in
from app.flows.house import House
from app.flows.sign_in import by_link, by_password, one_time_link, set_password, sign_out, who_is
from tests.flows.ledger import dump, one, rows

T = TypeVar("T")
PASSWORD = "correct horse 回家"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As argon2 is set in production one hash takes a tenth of a second, by design."""
    quick = PasswordHasher(time_cost=1, memory_cost=1024)
    monkeypatch.setattr(sign_in, "_hasher", quick)
    monkeypatch.setattr(sign_in, "_nobody", lambda: quick.hash("nobody"))


async def did(house: House, act: Callable[..., Awaitable[T]], *given: object) -> T:
    async with transaction(house.engine) as session:
        return await act(session, *given)


async def test_by_password(house: House) -> None:
    await did(house, set_password, "王敏", PASSWORD)
    token = await did(house, by_password, "王敏", PASSWORD)
    assert token is not None
    operator = await did(house, who_is, token)
    assert operator is not None
    assert (operator.name, operator.principal.actor) == ("王敏", "operator:王敏")
    assert operator.owns(operator.csrf)
    assert not operator.owns("")


@pytest.mark.parametrize(
    ("name", "password"), [("王敏", "correct horse"), ("王敏", ""), ("李四", PASSWORD), ("", PASSWORD)]
)
async def test_a_wrong_name_or_password_opens_nothing(house: House, name: str, password: str) -> None:
    await did(house, set_password, "王敏", PASSWORD)
    assert await did(house, by_password, name, password) is None
    assert await one(house, "SELECT count(*) FROM console_session") == 0


async def test_a_new_password_ends_the_old_one(house: House) -> None:
    first = await did(house, set_password, "王敏", PASSWORD)
    assert await did(house, set_password, "王敏", "another one entirely") == first
    assert await did(house, by_password, "王敏", PASSWORD) is None
    assert await did(house, by_password, "王敏", "another one entirely") is not None


async def test_an_account_without_a_password_has_links_alone(house: House) -> None:
    await did(house, set_password, "王敏", None)
    assert await did(house, by_password, "王敏", "") is None
    assert await did(house, by_link, await did(house, one_time_link, "王敏")) is not None


async def test_a_link_keeps_the_password(house: House) -> None:
    await did(house, set_password, "王敏", PASSWORD)
    await did(house, one_time_link, "王敏")
    assert await did(house, by_password, "王敏", PASSWORD) is not None


async def test_a_link_works_once_also_when_two_click_at_once(house: House) -> None:
    link = await did(house, one_time_link, "王敏")
    ends = await asyncio.gather(*(did(house, by_link, link) for _ in range(5)))
    assert sum(e is not None for e in ends) == 1
    assert await did(house, by_link, link) is None


async def test_links_and_sessions_run_out(house: House) -> None:
    link = await did(house, one_time_link, "王敏")
    token = await did(house, by_link, await did(house, one_time_link, "王敏"))
    assert token is not None
    await rows(house, "UPDATE login_link SET expires_at = now()")
    assert await did(house, by_link, link) is None
    await rows(house, "UPDATE console_session SET expires_at = now()")
    assert await did(house, who_is, token) is None
    await did(house, accounts.sweep)
    assert await one(house, "SELECT count(*) FROM console_session") == 0


async def test_whose_account_is_closed_is_out_at_once(house: House) -> None:
    await did(house, set_password, "王敏", PASSWORD)
    token = await did(house, by_password, "王敏", PASSWORD)
    assert token is not None
    await rows(house, "UPDATE account SET disabled_at = now()")
    assert await did(house, who_is, token) is None
    assert await did(house, by_password, "王敏", PASSWORD) is None


async def test_signing_out_ends_one_session(house: House) -> None:
    await did(house, set_password, "王敏", PASSWORD)
    here, there = [await did(house, by_password, "王敏", PASSWORD) for _ in range(2)]
    assert here is not None
    assert there is not None
    await did(house, sign_out, here)
    assert await did(house, who_is, here) is None
    assert await did(house, who_is, there) is not None


async def test_no_token_is_kept_as_it_is(house: House) -> None:
    """Whoever reads the database cannot sign in with what is in it."""
    await did(house, set_password, "王敏", PASSWORD)
    link = await did(house, one_time_link, "王敏")
    token = await did(house, by_password, "王敏", PASSWORD)
    kept = repr(await dump(house))
    for secret in (PASSWORD, link, str(token)):
        assert secret not in kept
        assert repr(secret.encode()) not in kept


async def test_a_sign_in_that_is_cut_off_leaves_nothing(house: House) -> None:
    await did(house, set_password, "王敏", PASSWORD)
    before = await dump(house)

    async def broken(session: Session) -> None:
        await by_password(session, "王敏", PASSWORD)
        raise ConnectionResetError

    with pytest.raises(StoreUnavailable):
        await did(house, broken)
    assert await dump(house) == before
