"""The second factor: a code once, a recovery code once; and argon2 never on the event loop."""

import asyncio
import threading
import time
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher

from app.db.engine import transaction
from app.domain.errors import Conflict, Invalid
from app.flows import own_account, second_factor, sign_in
from app.flows.house import House
from app.flows.second_factor import by_code
from app.flows.sign_in import Half, Operator, by_link, by_password, one_time_link, set_password, who_is
from tests.flows.ledger import dump, one, rows
from tests.flows.test_sign_in import PASSWORD, did


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "_hasher", PasswordHasher(time_cost=1, memory_cost=1024))


async def me(house: House) -> Operator:
    await did(house, set_password, "王敏", PASSWORD)
    who = await did(house, who_is, await did(house, by_password, "王敏", PASSWORD))
    assert who is not None
    return who


def code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


async def coded(house: House, half: Half, said: str) -> str | None:
    async with transaction(house.engine) as session:
        return await by_code(session, half, said, "192.0.2.7", seal=house.seal)


async def enrolled(house: House) -> tuple[Half, str, list[str]]:
    """Somebody who has enrolled a minute ago: their secret and recovery codes."""
    who, secret = await me(house), second_factor.new_secret()
    async with transaction(house.engine) as session:
        codes = await second_factor.enrol(session, who, secret, code(secret), seal=house.seal)
    assert codes is not None
    await rows(house, "UPDATE account SET totp_step = totp_step - 3")
    half = await did(house, by_password, "王敏", PASSWORD)
    assert isinstance(half, Half), "the password alone opens nothing now"
    return half, secret, list(codes)


async def test_enrolled_only_with_a_code_that_fits(house: House) -> None:
    who, secret = await me(house), second_factor.new_secret()
    for wrong in ("", "000000" if code(secret) != "000000" else "111111", code(secret, 5), "abc"):
        async with transaction(house.engine) as session:
            assert await second_factor.enrol(session, who, secret, wrong, seal=house.seal) is None
    assert await one(house, "SELECT totp_sealed FROM account") is None
    async with transaction(house.engine) as session:
        codes = await second_factor.enrol(session, who, secret, code(secret), seal=house.seal)
    assert codes is not None
    assert len(set(codes)) == 10
    kept = repr(await dump(house))
    for said in (secret, *codes, *(c.replace("-", "") for c in codes)):
        assert said not in kept
    async with transaction(house.engine) as session:
        with pytest.raises(Conflict):
            await second_factor.enrol(session, who, secret, code(secret, 1), seal=house.seal)


async def test_a_code_works_once(house: House) -> None:
    half, secret, _ = await enrolled(house)
    said = code(secret)
    ends = await asyncio.gather(*(coded(house, half, said) for _ in range(5)))
    assert sum(e is not None for e in ends) == 1
    assert await coded(house, half, said) is None
    assert await coded(house, half, code(secret, -1)) is None, "nor does an earlier one after a later one"
    assert await one(house, "SELECT count(*) FROM audit WHERE act = 'code_wrong'") == 6
    assert await one(house, "SELECT detail->>'how' FROM audit WHERE act = 'sign_in' ORDER BY id DESC LIMIT 1") == (
        "password+totp"
    )


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (1, True), (2, False), (20, False)])
async def test_a_clock_may_be_half_a_minute_wrong(house: House, steps: int, taken: bool) -> None:
    half, secret, _ = await enrolled(house)
    if (left := 30 - time.time() % 30) < 3:  # or the step would change under us
        await asyncio.sleep(left)
    assert (await coded(house, half, code(secret, steps)) is not None) is taken


async def test_a_recovery_code_stands_in_once(house: House) -> None:
    half, _, codes = await enrolled(house)
    assert await coded(house, half, codes[0].lower().replace("-", " ")) is not None
    assert await coded(house, half, codes[0]) is None
    assert await coded(house, half, "AAAA-BBBB-CCCC-DDDD") is None
    assert await one(house, "SELECT count(*) FROM recovery") == 9


async def test_a_recovery_code_is_its_owner_s(house: House) -> None:
    half, _, codes = await enrolled(house)
    await did(house, set_password, "李四", PASSWORD)
    await rows(house, "UPDATE account SET totp_sealed = (SELECT totp_sealed FROM account WHERE name = '王敏')")
    other = await did(house, by_password, "李四", PASSWORD)
    assert isinstance(other, Half)
    assert await coded(house, other, codes[0]) is None
    assert await coded(house, half, codes[0]) is not None


async def test_a_link_is_no_way_round_it(house: House) -> None:
    half, _, _ = await enrolled(house)
    entered = await did(house, by_link, await did(house, one_time_link, "王敏"))
    assert entered == Half(half.account_id, "link")


async def test_whoever_was_locked_meanwhile_stays_out(house: House) -> None:
    half, secret, codes = await enrolled(house)
    await rows(house, "UPDATE account SET disabled_at = now()")
    assert await coded(house, half, code(secret)) is None
    assert await coded(house, half, codes[0]) is None


async def test_turned_off_and_renewed_by_a_code_alone(house: House) -> None:
    half, secret, codes = await enrolled(house)
    who = Operator("王敏", "x", half.account_id)

    async def off(said: str) -> bool:
        async with transaction(house.engine) as session:
            return await second_factor.turn_off(session, who, said, seal=house.seal)

    async with transaction(house.engine) as session:
        assert await second_factor.renew(session, who, "000", seal=house.seal) is None
    async with transaction(house.engine) as session:
        fresh = await second_factor.renew(session, who, codes[0], seal=house.seal)
    assert fresh is not None
    assert await off(codes[1]) is False, "the old ones are void"
    assert await off("") is False
    assert await off(code(secret)) is True
    assert await one(house, "SELECT count(*) FROM recovery") == 0
    assert isinstance(await did(house, by_password, "王敏", PASSWORD), str)


NEW = "rote Felder 秦岭"


@pytest.mark.parametrize(
    ("old", "new", "again", "at"),
    [
        (PASSWORD, "kurz", "kurz", "/new"),
        (PASSWORD, "x" * 201, "x" * 201, "/new"),
        (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "/new"),
        (PASSWORD, "王敏" * 6, "王敏" * 6, "/new"),
        (PASSWORD, PASSWORD, PASSWORD, "/new"),
        (PASSWORD, NEW, NEW + "x", "/again"),
        ("wrong", NEW, NEW, "/old"),
        ("", NEW, NEW, "/old"),
    ],
)
async def test_a_password_that_will_not_do(house: House, old: str, new: str, again: str, at: str) -> None:
    who = await me(house)
    with pytest.raises(Invalid) as refused:
        await did(house, own_account.change_password, who, "t", old, new, again)
    assert [f.pointer for f in refused.value.faults] == [at]
    assert isinstance(await did(house, by_password, "王敏", PASSWORD), str)


async def test_a_new_password_ends_every_other_session(house: House) -> None:
    who = await me(house)
    here, there = [await did(house, by_password, "王敏", PASSWORD) for _ in range(2)]
    assert isinstance(here, str)
    await did(house, own_account.change_password, who, here, PASSWORD, NEW, NEW)
    assert await did(house, who_is, here) is not None
    assert await did(house, who_is, there) is None
    assert await did(house, by_password, "王敏", PASSWORD) is None
    assert await did(house, by_password, "王敏", NEW) is not None


async def test_only_one_s_own_session_is_ended(house: House) -> None:
    who = await me(house)
    await did(house, set_password, "李四", PASSWORD)
    theirs = await did(house, by_password, "李四", PASSWORD)
    id = await one(house, "SELECT encode(token_hash, 'hex') FROM console_session ORDER BY created_at DESC LIMIT 1")
    assert await did(house, own_account.end_session, who, id) is False
    assert await did(house, own_account.end_session, who, "") is False
    assert await did(house, who_is, theirs) is not None
    mine = await one(house, "SELECT encode(token_hash, 'hex') FROM console_session ORDER BY created_at LIMIT 1")
    assert await did(house, own_account.end_session, who, mine) is True


async def test_argon2_never_holds_up_the_loop(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, seen = threading.get_ident(), []

    class Watched(PasswordHasher):
        def hash(self, *said: Any, **more: Any) -> str:
            seen.append(threading.get_ident())
            return super().hash(*said, **more)

        def verify(self, *said: Any) -> Any:
            seen.append(threading.get_ident())
            return super().verify(*said)

    monkeypatch.setattr(sign_in, "_hasher", Watched(time_cost=1, memory_cost=1024))
    sign_in._nobody.cache_clear()
    who = await me(house)
    await did(house, by_password, "没有这个人", PASSWORD)
    await did(house, own_account.change_password, who, "t", PASSWORD, NEW, NEW)
    sign_in._nobody.cache_clear()
    assert len(seen) >= 6
    assert loop not in seen
