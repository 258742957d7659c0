"""How long the next try has to wait, whichever process it comes to."""

import asyncio

import httpx
import pytest
from sqlalchemy import text

from app.console.live import Live
from app.console.slowing import Count, Slowing, succeeded
from app.db import slowed
from app.db.engine import transaction
from app.db.slowed import FORGOTTEN, Failing
from app.flows.house import House
from tests.console.conftest import NAME, application, browser
from tests.flows.ledger import one, rows


def test_the_waits_double_up_to_the_longest() -> None:
    slowing, waits, failures = Slowing("name", free=3, longest=30), [], 0
    for _ in range(8):
        failures, wait = slowing.after(Failing(failures, 1.0, 0.0))
        waits.append(wait)
    assert waits == [0, 0, 2, 4, 8, 16, 30, 30]
    assert slowing.after(Failing(8, FORGOTTEN, 0.0)) == (1, 0), "time forgets"
    assert slowing.after(Failing(8, FORGOTTEN - 1, 0.0)) == (9, 30)


async def test_the_wait_that_is_said_is_enough_and_refused_tries_do_not_count(house: House) -> None:
    count, try_ = Count(house), Slowing("name", free=1, longest=30).of("a")
    assert await count.begin(try_) == 0
    assert [await count.begin(try_) for _ in range(5)] == [2] * 5
    await asyncio.sleep(2.0)
    assert await count.begin(try_) == 0
    assert await count.begin(try_) == 4


async def test_one_does_not_slow_another_nor_what_is_counted_apart(house: House) -> None:
    count, by_name = Count(house), Slowing("name", free=1, longest=30)
    assert await count.begin(by_name.of("a")) == 0
    assert await count.begin(by_name.of("a")) == 2
    assert await count.begin(by_name.of("b")) == 0
    assert await count.begin(Slowing("code", free=1, longest=30).of("a")) == 0


async def test_success_forgets(house: House) -> None:
    count, try_ = Count(house), Slowing("name", free=2, longest=30).of("a")
    assert await count.begin(try_) == 0
    async with transaction(house.engine) as session:
        await succeeded(session, try_)
    assert [await count.begin(try_) for _ in range(3)] == [0, 0, 2]


async def test_where_one_of_two_has_to_wait_neither_counts(house: House) -> None:
    count, by_name, by_address = Count(house), Slowing("name", free=1, longest=30), Slowing("address", 3, 60)
    here = by_address.of("10.0.0.7")
    assert await count.begin(by_name.of("a"), here) == 0
    for _ in range(9):
        assert await count.begin(by_name.of("a"), here) > 0
    assert await count.begin(by_name.of("b"), here) == 0
    assert await count.begin(by_name.of("c"), here) == 0
    assert await count.begin(by_name.of("d"), here) == 2, "three failures came from there"


async def test_many_processes_at_once_gain_nothing(house: House) -> None:
    """In whatever order each names the two."""
    name, address = Slowing("name", free=4, longest=30).of("a"), Slowing("address", free=20, longest=60).of("b")
    counts = [Count(house) for _ in range(4)]
    said = await asyncio.gather(*(c.begin(*((name, address)[:: 1 - n % 2 * 2])) for n in range(8) for c in counts))
    assert sorted(said) == [0] * 4 + [2] * 28


@pytest.mark.parametrize("processes", [2])
async def test_wrong_passwords_at_one_process_slow_another(house: House, password: str, processes: int) -> None:
    """The password is right, the failures were all over the place."""
    apps = [application(house, Live()) for _ in range(processes)]
    for n in range(4):
        async with browser(apps[n % processes]) as someone:
            assert (await _try(someone, "wrong")).status_code == 401
    for app in apps:
        async with browser(app) as someone:
            slowed_down = await _try(someone, password)
            assert slowed_down.status_code == 429
            assert int(slowed_down.headers["retry-after"]) >= 1


async def _try(someone: httpx.AsyncClient, password: str) -> httpx.Response:
    return await someone.post("/console/sign-in", data={"name": NAME, "password": password})


async def test_nothing_that_was_typed_is_kept_and_what_is_old_goes(house: House) -> None:
    count, by_name = Count(house), Slowing("name", free=4, longest=30)
    for whom in ("mein-Passwort-im-falschen-Feld", "a\x00b", "\udcff"):
        assert await count.begin(by_name.of(whom)) == 0
    kept = await rows(house, "SELECT key FROM slowed")
    assert {len(r.key) for r in kept} == {32}
    assert "mein" not in str(kept)
    statement = text("UPDATE slowed SET last_at = now() - make_interval(secs => :s) WHERE key <> :key")
    async with transaction(house.engine) as session:
        await session.execute(statement, {"s": FORGOTTEN + 1, "key": by_name.of("a\x00b").key})
        await slowed.sweep(session)
    assert await one(house, "SELECT count(*) FROM slowed") == 1
