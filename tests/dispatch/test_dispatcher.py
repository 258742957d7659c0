"""The engine on a real ledger, with a far end that answers as it is told to."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.db import claims
from app.db.engine import Session, transaction
from app.dispatch import dispatcher as engine_room
from app.dispatch.dispatcher import Limits
from app.domain.words import EndReason
from app.flows.end import retract
from app.flows.house import House
from channels.contract import Reason, Reply, WireError
from tests.dispatch.far import Far, all_are, dispatching, make_place, never, reply, rows, states, until
from tests.making import make_alert, police


async def end(house: House, code: str) -> None:
    async with transaction(house.engine) as session:
        await retract(session, police(), code, EndReason.FOUND, "", press=house.press)


async def test_a_failed_attempt_is_made_again_until_it_is_taken(house: House) -> None:
    await make_place(house, "one")
    far = Far()
    far.script["one"] = [reply(503), WireError(Reason.TIMEOUT), reply(200, {"reference": "r-77"})]
    await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: all_are(house, "accepted"))
    (delivery,) = await rows(house, "SELECT tries, refusals, reference, reason, lease_until FROM delivery")
    assert tuple(delivery) == (3, 0, "r-77", None, None)
    attempts = await rows(house, "SELECT number, outcome, reason, stale FROM attempt ORDER BY id")
    assert [tuple(a) for a in attempts] == [
        (1, "retry", "server_error", False), (2, "retry", "timeout", False), (3, "accepted", None, False),
    ]  # fmt: skip
    assert {c.key for c in far.calls} == {far.calls[0].key}, "the same key at every try"


@pytest.mark.parametrize(
    "answer", [reply(400), reply(401), reply(410), reply(200, {"errcode": 310000, "errmsg": "sign not match"})]
)
async def test_a_refusal_is_final_and_no_success(house: House, answer: Reply) -> None:
    await make_place(house, "one")
    far = Far()
    far.script["one"] = [answer]
    await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: all_are(house, "failed"))
        await asyncio.sleep(1.3)
    assert len(far.calls) == 1
    (delivery,) = await rows(house, "SELECT tries, refusals, accepted_at FROM delivery")
    assert tuple(delivery) == (1, 1, None)


async def test_what_was_refused_everywhere_is_not_taken_down(house: House) -> None:
    await make_place(house, "no")
    await make_place(house, "yes")
    far = Far()
    far.script["no"] = [reply(400)]
    code = await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: all_are(house, "failed", "accepted"))
        await end(house, code)
        await until(lambda: far.kinds("yes") == ["publish", "retract"])
        await asyncio.sleep(0.2)
    assert far.kinds("no") == ["publish"]


async def test_a_hanging_outlet_delays_nobody(house: House) -> None:
    """Twenty good ones are done before the hanging ones have timed out."""
    for n in range(20):
        await make_place(house, f"good{n}")
    for n in range(5):
        await make_place(house, f"hangs{n}")
    far = Far()
    for n in range(5):
        far.script[f"hangs{n}"] = [never]
    await make_alert(house)
    async with dispatching(house, far):
        begun = time.monotonic()
        await until(lambda: _count(house, "accepted", 20))
        assert time.monotonic() - begun < 2
        assert far.under_way == 5


async def test_a_retraction_overtakes_whatever_waits(house: House) -> None:
    """Four places in flight, one of them kept free: with three hanging and forty waiting, the retraction goes next."""
    await make_place(house, "known")
    far = Far()
    code = await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: all_are(house, "accepted"))
    for n in range(40):
        await make_place(house, f"more{n}")
        far.script[f"more{n}"] = [never]
    far.script["known"] = [reply()]
    await make_alert(house)
    limits = Limits(in_flight=4, late=0, reserve=1, batch=10, grace=timedelta(seconds=0.2))
    async with dispatching(house, far, limits):
        await until(lambda: far.under_way == 3)
        await end(house, code)
        begun = time.monotonic()
        await until(lambda: "retract" in far.kinds("known"))
        assert time.monotonic() - begun < 1.5
        assert (await states(house, 1)).count("pending") >= 37, "the others still wait"


async def test_those_that_hang_give_their_places_up_to_those_that_answer(house: House) -> None:
    """Three places, twelve outlets that never answer before twelve that do: nobody waits for a deadline."""
    far = Far()
    for n in range(12):
        await make_place(house, f"hangs{n}")
        far.script[f"hangs{n}"] = [never]
    for n in range(12):
        await make_place(house, f"well{n}")
    limits = Limits(in_flight=4, late=100, patience=0.05, reserve=1, batch=10, grace=timedelta(seconds=0.2))
    await make_alert(house)
    async with dispatching(house, far, limits):
        await until(lambda: _count(house, "accepted", 12), 4)
        assert far.under_way == 12, "and those that hang still have until their deadline"


async def test_a_publish_that_waits_is_dropped_when_the_alert_ends(house: House) -> None:
    await make_place(house, "one")
    code = await make_alert(house)
    await end(house, code)
    far = Far()
    async with dispatching(house, far):
        await asyncio.sleep(0.4)
    assert far.calls == []
    assert await states(house) == ["superseded"], "never told, so there is nothing to take down"


async def test_a_retraction_waits_for_the_publish_under_way(house: House) -> None:
    """It would be overtaken otherwise: the publish may still reach the outlet."""
    await make_place(house, "one")
    far, let_go = Far(), asyncio.Event()

    async def slow() -> Reply:
        await let_go.wait()
        return reply()

    far.script["one"] = [slow, reply()]
    code = await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: far.under_way == 1)
        await end(house, code)
        await asyncio.sleep(1.3)
        assert far.kinds("one") == ["publish"]
        let_go.set()
        await until(lambda: far.kinds("one") == ["publish", "retract"])
        await until(lambda: all_are(house, "accepted"))


async def test_a_carrier_that_crashes_is_recorded_and_tried_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await make_place(house, "bad")
    await make_place(house, "good")
    far = Far()
    far.script["bad"] = [RuntimeError("the token is whsec_secret"), reply()]
    await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: all_are(house, "accepted"))
    attempts = await rows(house, "SELECT outcome, reason, detail FROM attempt WHERE reason = 'crash'")
    assert [tuple(a) for a in attempts] == [("retry", "crash", "传输模块出错，详见日志")]
    assert any(r.exc_info for r in caplog.records), "its traceback is in the log"


async def test_settings_that_do_not_open_stop_nobody_else(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "huijia")
    bad = await make_place(house, "bad")
    for n in range(3):
        await make_place(house, f"good{n}")
    await rows(house, "UPDATE outlet SET settings_sealed = 'no seal' WHERE id = :id", id=bad)
    far = Far()
    await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: _count(house, "accepted", 3))
        await until(lambda: _attempts(house, 1))
    (delivery,) = await rows(house, "SELECT state, reason FROM delivery WHERE outlet_id = :id", id=bad)
    assert tuple(delivery) == ("pending", "crash"), "counted, shown, and tried again"


async def test_a_rendition_that_cannot_be_read_stops_nobody_else(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "huijia")
    await make_place(house, "bad", channel="radio")
    for n in range(3):
        await make_place(house, f"good{n}")
    await make_alert(house)
    await rows(house, """UPDATE rendition SET body = '{"channel": "radio"}' WHERE profile LIKE 'radio:%'""")
    far = Far()
    async with dispatching(house, far):
        await until(lambda: _count(house, "accepted", 3))
        await until(lambda: _attempts(house, 1))
    assert far.at("bad") == []


async def _count(house: House, state: str, wanted: int) -> bool:
    return (await states(house)).count(state) == wanted


async def _attempts(house: House, wanted: int) -> bool:
    found = await rows(house, "SELECT count(*) AS n FROM attempt WHERE reason = 'crash'")
    return bool(found[0].n >= wanted)


async def test_a_receipt_in_the_answer_is_written_with_it(house: House) -> None:
    await make_place(house, "one")
    far = Far()
    far.script["one"] = [
        reply(200, {"reference": "r1", "receipt": {"kind": "aired", "at": "2026-11-23T15:04:05+08:00", "note": "头屏"}})
    ]
    code = await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: all_are(house, "confirmed"))
        far.script["one"] = [reply(200, {"receipt": {"kind": "taken_down"}})]
        await end(house, code)
        await until(lambda: all_are(house, "confirmed"))
    said = await rows(
        house, "SELECT d.kind AS notice, r.kind, r.note FROM receipt r JOIN delivery d ON d.id = delivery_id"
    )
    assert {tuple(r) for r in said} == {("publish", "aired", "头屏"), ("retract", "taken_down", "")}
    (publish,) = await rows(house, "SELECT heard, accepted_at, confirmed_at, reference FROM delivery WHERE number = 1")
    assert publish.heard
    assert publish.reference == "r1"
    assert publish.accepted_at == publish.confirmed_at, "one transaction, one moment"


async def test_two_dispatchers_share_the_work_and_send_nothing_twice(house: House) -> None:
    for n in range(60):
        await make_place(house, f"p{n}")
    far = Far()

    async def a_moment() -> Reply:
        await asyncio.sleep(0.01)
        return reply()

    for n in range(60):
        far.script[f"p{n}"] = [a_moment]
    limits = Limits(in_flight=8, reserve=1, batch=5, grace=timedelta(seconds=1))
    async with dispatching(house, far, limits) as one, dispatching(house, far, limits) as other:
        await make_alert(house)
        await until(lambda: all_are(house, "accepted"))
    assert len(far.calls) == len({c.key for c in far.calls}) == 60
    workers = {r.worker: r.n for r in await rows(house, "SELECT worker, count(*) AS n FROM attempt GROUP BY worker")}
    assert set(workers) == {one.worker, other.worker}, "both had a share"


async def test_claimers_that_cross_try_again_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unique index stops one of two; with the poll half a minute away the send still goes out at once."""
    monkeypatch.setattr(engine_room, "POLL_SECONDS", 30.0)
    await make_place(house, "one")
    await make_alert(house)
    crossed = 0
    claim = claims.claim

    async def crossing(session: Session, **more: Any) -> Sequence[claims.Claimed]:
        nonlocal crossed
        crossed += 1
        if crossed == 1:
            raise claims.Crossed("delivery_one_live_send")
        return await claim(session, **more)

    monkeypatch.setattr(claims, "claim", crossing)
    far = Far()
    async with dispatching(house, far):
        await until(lambda: all_are(house, "accepted"), 5)
    assert crossed >= 2


async def test_what_waits_is_claimed_as_soon_as_there_is_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of the first batch finish while the second is being claimed, and nothing is left that could wake the
    dispatcher: with the poll half a minute away all goes out at once."""
    monkeypatch.setattr(engine_room, "POLL_SECONDS", 30.0)
    claim = claims.claim

    async def slow(session: Session, **more: Any) -> Sequence[claims.Claimed]:
        await asyncio.sleep(0.05)
        return await claim(session, **more)

    async def a_moment() -> Reply:
        await asyncio.sleep(0.02)
        return reply()

    far = Far()
    for n in range(100):
        await make_place(house, f"p{n}")
        if 19 <= n < 38:
            far.script[f"p{n}"] = [a_moment]
    monkeypatch.setattr(claims, "claim", slow)
    async with dispatching(house, far, Limits(in_flight=40, reserve=2, batch=50, grace=timedelta(seconds=0.3))):
        await make_alert(house)
        await until(lambda: all_are(house, "accepted"), 10)
    assert len(far.calls) == 100


async def test_the_index_stops_a_second_live_send(house: House) -> None:
    """Were two claimers blind to each other, the ledger itself would refuse the second."""
    await make_place(house, "one")
    code = await make_alert(house)
    await rows(house, "UPDATE delivery SET state = 'sending', lease_until = now() + interval '15 s', tries = 1")
    await end(house, code)
    with pytest.raises(Exception, match="delivery_one_live_send"):
        async with transaction(house.engine) as session:
            await session.execute(
                text("UPDATE delivery SET state = 'sending', lease_until = now() + interval '15 s' WHERE number = 2")
            )
