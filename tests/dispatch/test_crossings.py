"""What crosses in the database: a claim and a retraction, a settle and a look, and whoever holds an outlet's row for long."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.db import claims, tending
from app.db.claims import Claimed, Leases
from app.db.engine import Session, StoreUnavailable, transaction
from app.dispatch import dispatcher as engine
from app.dispatch.send import Finished, send_together
from app.dispatch.settle import settle
from app.dispatch.sweeps import Sweeps
from app.dispatch.timeouts import Timeouts
from app.domain.words import EndReason
from app.flows.end import retract
from app.flows.house import House
from app.flows.ports import Press
from channels.contract import Reason, WireError
from tests.dispatch.far import Far, all_are, dispatching, made, make_place, reply, rows, until
from tests.flows.acts import retracted
from tests.making import make_alert, police

LEASES = Leases(timedelta(seconds=15))
STALLS = (
    "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF current_setting('test.stalls', true) = 'yes' THEN PERFORM pg_sleep(2); END IF; RETURN NULL; END $$",
    "CREATE TRIGGER stall BEFORE UPDATE ON delivery FOR EACH STATEMENT EXECUTE FUNCTION stall()",
)
Claim = Callable[[Session], Awaitable[Sequence[Claimed]]]


async def claim_slowly(house: House, claim: Claim) -> tuple[int, list[Reason | str | None]]:
    """A claim whose statement has looked, and takes two seconds more to write its leases: how many orders come of it, and
    why the others do not."""
    preparer = made(house, Far())._preparer
    async with transaction(house.engine) as session:
        await session.execute(text("SELECT set_config('test.stalls', 'yes', true)"))
        now = await claims.begin(session)
        taken = await claim(session)
        assert taken, "it saw the alert before its end"
        orders, broken = await preparer.orders(session, taken, time.monotonic(), now)
    return len(orders), [result.reason for result in broken]


async def tell_the_end(house: House) -> None:
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("one") == ["retract"], 1.2)
        await until(lambda: accepted(house, 2), 1.2)


async def accepted(house: House, number: int) -> bool:
    found = await rows(house, "SELECT state FROM delivery WHERE number = :number", number=number)
    return [r.state for r in found] == ["accepted"]


async def test_a_look_that_was_claimed_before_the_end_was_told_does_not_begin(house: House) -> None:
    await make_place(house, "one")
    for statement in STALLS:
        await rows(house, statement)
    code = await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: all_are(house, "accepted"))
    await rows(house, "UPDATE delivery SET tend_at = now()")

    async def look(session: Session) -> Sequence[Claimed]:
        found = await tending.claim(session, worker="slow", leases=LEASES, room=10, renewing=[])
        return [t.claimed for t in found]

    slow = asyncio.create_task(claim_slowly(house, look))
    await asyncio.sleep(0.4)
    await retracted(house, code)
    await tell_the_end(house)
    assert not slow.done(), "the end was not told within the claim"
    assert await slow == (0, [Reason.OVERTAKEN])


async def test_a_send_that_was_claimed_before_the_end_was_told_does_not_begin(house: House) -> None:
    """It waits again, for another process has just settled it, when the retraction is not yet committed."""
    await make_place(house, "one")
    for statement in STALLS:
        await rows(house, statement)
    code = await make_alert(house)

    async def send(session: Session) -> Sequence[Claimed]:
        return await claims.claim(session, worker="slow", leases=LEASES, room=10, only_retractions=False)

    async with transaction(house.engine) as session:
        assert await send(session)
    async with transaction(house.engine) as session:
        await retract(session, police(), code, EndReason.FOUND, "", press=house.press)
        await rows(house, "UPDATE delivery SET state = 'pending', lease_until = NULL, due_at = now() WHERE number = 1")
        slow = asyncio.create_task(claim_slowly(house, send))
        await asyncio.sleep(0.4)
    await tell_the_end(house)
    assert not slow.done(), "the end was not told within the claim"
    assert await slow == (0, [Reason.OVERTAKEN])


async def test_a_settle_whose_answer_was_lost_does_not_end_the_look_that_came_after(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_place(house, "one")
    await make_alert(house)
    dispatcher, far, times = made(house, Far()), Far(), []
    async with transaction(house.engine) as session:
        now = await claims.begin(session)
        taken = await claims.claim(session, worker=dispatcher.worker, leases=LEASES, room=10, only_retractions=False)
        orders, _ = await dispatcher._preparer.orders(session, taken, time.monotonic(), now)
    done = list(await send_together(orders, wire=far, clock=dispatcher.clock, timeouts=Timeouts()))

    async def loses_the_first_answer(session: Session, batch: Sequence[Finished], worker: str, press: Press) -> None:
        times.append(len(batch))
        await settle(session, batch, worker, press)
        if len(times) == 1:
            await session.commit()
            await rows(house, "UPDATE delivery SET tend_at = now()")
            async with transaction(house.engine) as other:
                assert await tending.claim(other, worker="other", leases=LEASES, room=10, renewing=[])
            raise StoreUnavailable("the answer to the commit was lost")

    monkeypatch.setattr(engine, "settle", loses_the_first_answer)
    await dispatcher._settle(done)
    (row,) = await rows(house, "SELECT worker, lease_until, (SELECT count(*) FROM attempt) AS attempts FROM delivery")
    assert row.lease_until is not None, "a retraction would be sent beside the look"
    assert (row.worker, row.attempts) == ("other", 1)


async def test_a_look_that_ends_leaves_the_earlier_one_that_was_asked_for_meanwhile(house: House) -> None:
    one = await make_place(house, "one")
    await make_alert(house)
    async with dispatching(house, Far()):
        await until(lambda: all_are(house, "accepted"))
    minute = timedelta(minutes=1)
    for cleared in (True, False):
        await rows(house, "UPDATE delivery SET tend_at = now()")
        async with transaction(house.engine) as session:
            (look,) = await tending.claim(session, worker="w", leases=LEASES, room=5, renewing=[])
        if cleared:
            async with transaction(house.engine) as session:
                await tending.again(session, [one])
        async with transaction(house.engine) as session:
            await tending.release(session, "w", [(look.claimed.id, minute)])
        (row,) = await rows(
            house, "SELECT extract(epoch FROM tend_at - now())::float AS left, lease_until FROM delivery"
        )
        assert row.lease_until is None
        assert row.left < 2 if cleared else 58 < row.left < 61


@asynccontextmanager
async def held(house: House, outlet_id: int) -> AsyncIterator[None]:
    """Somebody imports a long list of outlets."""
    async with transaction(house.engine) as session:
        await session.execute(text("UPDATE outlet SET name = name WHERE id = :id"), {"id": outlet_id})
        yield


async def test_whoever_holds_the_row_of_an_ill_outlet_holds_up_no_other(house: House) -> None:
    ill, _ = await make_place(house, "ill"), await make_place(house, "good")
    far = Far()
    far.script["ill"] = [WireError(Reason.UNREACHABLE)]
    async with held(house, ill), dispatching(house, far):
        code = await make_alert(house)
        await until(lambda: len(far.at("good")) == 1 and len(far.at("ill")) >= 2)
        await retracted(house, code)
        await until(lambda: far.kinds("good") == ["publish", "retract"], 3)
        await until(lambda: good_is_down(house), 3)


async def good_is_down(house: House) -> bool:
    found = await rows(house, "SELECT d.state FROM delivery d JOIN outlet o ON o.id = d.outlet_id "
                              "WHERE o.name = 'good' AND d.number = 2")  # fmt: skip
    return [r.state for r in found] == ["accepted"]


async def test_whoever_holds_the_row_of_a_paced_outlet_does_not_hold_up_its_retraction(house: House) -> None:
    robot = await make_place(house, "robot", channel="dingtalk", carrier="dingtalk_robot")
    far = Far()
    far.script["robot"] = [reply(200, {"errcode": 0})]
    code = await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: all_are(house, "accepted"))
        async with held(house, robot):
            await retracted(house, code)
            await until(lambda: far.kinds("robot") == ["publish", "retract"], 3)


@pytest.mark.parametrize("mode", ["SHARE", "ACCESS EXCLUSIVE"])
async def test_whoever_takes_over_lets_senders_settle_first_once_a_lock_is_gone(house: House, mode: str) -> None:
    """The leases of all have ended while everybody waited for it."""
    await make_place(house, "one")
    await make_alert(house)
    async with transaction(house.engine) as session:
        await claims.claim(session, worker="w", leases=LEASES, room=10, only_retractions=False)
    await rows(house, "UPDATE delivery SET lease_until = now() - interval '1 s'")
    sweeps = Sweeps(house.engine, house.press, "rescuer")
    async with transaction(house.engine) as holding:
        await holding.execute(text(f"LOCK TABLE delivery IN {mode} MODE"))
        rescuing = asyncio.create_task(sweeps.rescue())
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(rescuing, 3)
    await sweeps.rescue()
    assert not await rows(house, "SELECT FROM attempt"), "the sender lives, and is about to say what came of its send"
