"""A bound on what one partner is sent at once: it protects the partner, and the others from its hanging outlets."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.db import claims
from app.db.claims import Leases
from app.db.crowd import Crowd
from app.db.engine import transaction
from app.dispatch.crowd import LONGEST_REST, Crowds, Room
from app.dispatch.send import Host, Order
from app.flows.house import House
from channels.contract import Reply
from tests.dispatch.far import QUICK, Far, dispatching, make_place, reply, rows, until
from tests.flows.acts import retracted
from tests.making import make_alert


class Gate:
    """Answers when it is opened; counts how many wait."""

    def __init__(self) -> None:
        self.open, self.waiting, self.most = asyncio.Event(), 0, 0

    async def __call__(self) -> Reply:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.open.wait()
        self.waiting -= 1
        return reply(200)


async def bound(house: House, partner: str, at_once: int) -> None:
    await rows(house, "UPDATE partner SET at_once = :n WHERE name = :name", n=at_once, name=partner)


async def test_never_more_at_once_and_all_of_them_in_the_end(house: House) -> None:
    far, gate = Far(), Gate()

    async def a_moment() -> Reply:
        gate.waiting += 1
        gate.most = max(gate.most, gate.waiting)
        await asyncio.sleep(0.01)
        gate.waiting -= 1
        return reply(200)

    for n in range(30):
        await make_place(house, f"p{n}", partner="小单位")
        far.script[f"p{n}"] = [a_moment]
    await bound(house, "小单位", 3)
    await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: len(far.calls) == 30)
    assert gate.most == 3


async def test_a_partner_that_has_its_fill_holds_up_no_other(house: House) -> None:
    """More of its notices are due before the other's than a claim takes at all."""
    far, gate = Far(), Gate()
    for n in range(12):
        await make_place(house, f"p{n}", partner="挂起单位")
        far.script[f"p{n}"] = [gate]
    await make_place(house, "other", partner="另一单位")
    await bound(house, "挂起单位", 2)
    await make_alert(house)
    async with dispatching(house, far, replace(QUICK, batch=4)):
        await until(lambda: len(far.at("other")) == 1, 4)
        assert gate.most == 2
        gate.open.set()
        await until(lambda: len(far.calls) == 13)


def test_a_partner_that_answers_all_the_time_holds_up_no_other() -> None:
    """Something has always just left it when a claim looks. Whom a claim has brought to its fill the next one passes over all
    the same, and the one after that comes soon and does not."""
    crowds, order = Crowds(), _order(partner=7, at_once=3)
    _claimed(crowds, order, 2)
    _claimed(crowds, order, 1, left=2)  # it had two when the claim began, which took one more; meanwhile they left
    crowd, again = crowds.now()
    assert (crowd.full, crowd.crammed, crowd.under_way, again) == ([7], [], {7: 1}, True)
    crowd, again = crowds.now()
    assert (crowd.full, crowd.crammed, again) == ([], [], False)
    crowds.enter([order] * 5)  # with retractions it comes to six
    crowds.leave([order])
    crowd, again = crowds.now()
    assert (crowd.full, crowd.crammed, again) == ([7], [7], True)
    crowd, again = crowds.now()
    assert (crowd.full, crowd.crammed, again) == ([7], [], False)


@pytest.mark.parametrize(
    ("at_once", "took", "over"), [(3, 3, "full"), (2, 4, "crammed")], ids=["notices", "retractions"]
)
def test_two_that_answer_all_the_time_hold_up_no_third(at_once: int, took: int, over: str) -> None:
    """While one is passed over the other comes to its fill: then both are."""
    crowds, one, other = Crowds(), _order(partner=7, at_once=at_once), _order(partner=8, at_once=at_once)
    _claimed(crowds, one, took, left=took)
    assert getattr(_claimed(crowds, other, took, left=took), over) == [7]
    assert getattr(_claimed(crowds, one, 0), over) == [7, 8]
    assert getattr(crowds.now()[0], over) == []


def _claimed(crowds: Crowds, order: Order, took: int, left: int = 0) -> Crowd:
    """A claim that took so many, while so many left. What it knew of the crowd."""
    crowd, _ = crowds.now()
    crowds.leave([order] * min(left, crowd.under_way.get(order.host.partner_id, 0)))
    crowds.enter([order] * took)
    crowds.leave([order] * max(0, left - crowd.under_way.get(order.host.partner_id, 0)))
    return crowd


def _order(partner: int, at_once: int) -> Order:
    """Of which only the host counts here."""
    return Order(None, None, None, None, 0.0, Host(partner, at_once))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at_once", "under_way", "room"),
    [
        (1, 1, [Room.ENOUGH]),
        (8, 8, [Room.SOME, Room.ENOUGH, Room.NONE, Room.NONE]),
        (8, 7, [Room.ENOUGH, Room.NONE]),
        (8, 6, [Room.NONE]),
        (8, 16, [Room.SOME, Room.ENOUGH, *[Room.SOME] * 7, Room.ENOUGH, Room.NONE]),  # retractions, up to as much again
    ],
)
def test_a_claim_is_worth_it_when_some_places_are_free(at_once: int, under_way: int, room: list[Room]) -> None:
    crowds, order = Crowds(), _order(partner=7, at_once=at_once)
    crowds.enter([order] * under_way)
    assert [crowds.leave([order]) for _ in room] == room


def test_many_that_leave_together_are_enough() -> None:
    crowds, order = Crowds(), _order(partner=7, at_once=8)
    crowds.enter([order] * 8)
    assert crowds.leave([order] * 5) is Room.ENOUGH


class Watch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _looked_past(crowds: Crowds) -> Crowd:
    """A claim that brought partner 7 to its fill, of eight, and one that passed over it and found nothing in 0.03 s."""
    _claimed(crowds, _order(partner=7, at_once=8), 8)
    crowd, _ = crowds.now()
    assert crowd.full == [7]
    crowds.looked(crowd, 800, 0, 0.03)
    return crowd


def test_a_look_that_has_found_nothing_is_not_made_again_at_once() -> None:
    """It walks over all that waits for a partner that has its fill."""
    watch = Watch()
    crowds, order = Crowds(watch), _order(partner=7, at_once=8)
    _looked_past(crowds)
    assert crowds.rest() == pytest.approx(0.3)
    crowds.leave([order] * 3)
    assert _claimed(crowds, order, 3).full == []
    assert crowds.waits()
    crowds.leave([order] * 2)
    assert not crowds.waits(), "it has room: the next claim takes what waits for it"
    crowd, again = crowds.now()
    assert (crowd.full, again) == ([], False), "it had its fill, and is not passed over"
    crowds.enter([order] * 2)
    watch.now += 0.31
    assert not crowds.waits()
    crowds.leave([order] * 2)
    assert crowds.now()[0].full == [7], "now it is: others may have come behind it"


def test_one_that_hangs_lets_no_other_wait() -> None:
    """It had its fill when a look past both found nothing. The other has room again, and more that waits."""
    crowds, hangs, answers = Crowds(Watch()), _order(partner=7, at_once=8), _order(partner=9, at_once=8)
    _looked_past(crowds)
    _claimed(crowds, answers, 4)
    assert (crowds.rest() > 0, crowds.waits()) == (True, False)
    _claimed(crowds, answers, 4)
    assert crowds.waits(), "until one of its own leaves"
    assert crowds.leave([answers] * 2) is Room.ENOUGH
    assert _claimed(crowds, hangs, 0).full == [7]
    assert not crowds.waits(), "nothing came"


def test_none_of_two_that_answer_has_it_all_while_a_look_rests() -> None:
    """Both had their fill when the look past them found nothing, and both have a long queue: whoever is first in it would be
    served alone until the rest ends."""
    crowds, first, second = Crowds(Watch()), _order(partner=7, at_once=8), _order(partner=9, at_once=8)
    _claimed(crowds, first, 8)
    _claimed(crowds, second, 8)
    crowd, _ = crowds.now()
    assert crowd.full == [7, 9]
    crowds.looked(crowd, 800, 0, 0.03)
    crowds.leave([first, second] * 4)
    _claimed(crowds, first, 4)
    assert not crowds.waits()
    assert crowds.now()[0].full == [7], "for the second has room"


def test_no_rest_is_long_and_what_is_new_ends_it() -> None:
    watch = Watch()
    crowds = Crowds(watch)
    crowd = _looked_past(crowds)
    crowds.looked(crowd, 800, 0, 60)
    assert crowds.rest() == LONGEST_REST
    crowds.news()
    assert crowds.rest() == 0
    crowd, _ = crowds.now()
    crowds.news()  # while the claim was under way, which may have begun too early to see it
    crowds.looked(crowd, 800, 0, 0.03)
    assert crowds.rest() == 0
    crowds.now()
    crowds.looked(crowd, 800, 0, 0.03)
    assert crowds.rest() > 0


def test_a_look_that_found_something_is_followed_by_another() -> None:
    crowds, order = Crowds(Watch()), _order(partner=7, at_once=8)
    _claimed(crowds, order, 8)
    crowd, _ = crowds.now()
    crowds.looked(crowd, 800, 5, 0.03)
    crowds.enter([_order(partner=9, at_once=5)] * 5)
    assert not crowds.waits()


def test_few_are_locked_where_few_were_taken() -> None:
    """A claim locks what it looks at, and takes no more than the partners bear."""
    crowds = Crowds(Watch())
    crowd, _ = crowds.now()
    assert crowds.most(800) == 800
    crowds.looked(crowd, 800, 100, 0.01)
    assert (crowds.most(800), crowds.most(50)) == (200, 50)
    crowds.looked(crowd, 200, 3, 0.01)
    assert crowds.most(800) == 64
    crowds.looked(crowd, 64, 64, 0.01)
    assert crowds.most(800) == 800, "all that were locked could be taken: there may be many"
    crowds.looked(crowd, 800, 3, 0.01)
    crowds.news()
    crowds.looked(crowd, 800, 3, 0.01)
    assert crowds.most(800) == 800, "the claim may have begun before what is new"


async def test_who_waits_behind_one_that_answers_all_the_time_is_told_soon(house: House) -> None:
    """Its queue is long, it bears two, and what the other waits for was not announced: it had failed before."""
    far = Far()
    for n in range(400):
        await make_place(house, f"p{n}", partner="快单位")
    await make_place(house, "other", partner="另一单位")
    far.script["other"] = [reply(503), reply(200)]
    await bound(house, "快单位", 2)
    await make_alert(house)
    await rows(
        house,
        "UPDATE delivery SET due_at = due_at - interval '1 minute' WHERE outlet_id <> (SELECT max(id) FROM outlet)",
    )

    async def due_again() -> bool:
        return bool(
            await rows(house, "UPDATE delivery SET due_at = now() WHERE tries = 1 AND state = 'pending' RETURNING id")
        )

    async with dispatching(house, far):
        await until(due_again)
        await until(lambda: len(far.at("other")) == 2)
        assert len(far.calls) < 402, "not only when the long queue is through"
        await until(lambda: len(far.calls) == 402)


async def test_retractions_have_room_of_their_own(house: House) -> None:
    far, gate = Far(), Gate()
    code = await _aired(house, far, 4)
    await bound(house, "测试协作单位", 2)
    for n in range(4):
        far.script[f"p{n}"] = [gate]
    async with dispatching(house, far):
        await make_alert(house)
        await until(lambda: gate.waiting == 2)
        await retracted(house, code)
        await until(lambda: gate.waiting == 4)
        assert sorted(c.kind for c in far.calls[-4:]) == ["publish", "publish", "retract", "retract"]
        await asyncio.sleep(0.2)
        assert gate.most == 4
        gate.open.set()
        await until(lambda: sum(c.kind == "retract" for c in far.calls) == 4)


async def test_who_is_passed_over_for_retractions_alone_is(house: House) -> None:
    """A notice it may still have."""
    far = Far()
    code = await _aired(house, far, 2)
    await retracted(house, code)
    await make_alert(house)
    (partner,) = await rows(house, "SELECT id FROM partner")
    async with transaction(house.engine) as session:
        taken = await claims.claim(
            session, worker="w", leases=Leases(timedelta(seconds=15)), room=10, only_retractions=False,
            crowd=Crowd(crammed=[partner.id]),
        )  # fmt: skip
    assert [c.kind for c in taken] == ["publish", "publish"]


async def _aired(house: House, far: Far, count: int) -> str:
    for n in range(count):
        await make_place(house, f"p{n}")
    code = await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: len(far.calls) == count)
    return code
