"""A bound on what one partner is sent at once: it protects the partner, and the others from its hanging outlets."""

import asyncio
from dataclasses import replace

from app.dispatch.crowd import Crowds
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
    """Something has always just left it when a claim looks. Once it has come to its fill the next claim passes it over all
    the same, and the one after that comes at once and does not."""
    crowds, fill = Crowds(), [_order(partner=7, at_once=3)] * 3
    crowds.enter(fill)
    crowds.leave(fill[:1])
    crowd, again = crowds.now()
    assert (crowd.full, crowd.crammed, crowd.under_way, again) == ([7], [], {7: 2}, True)
    crowd, again = crowds.now()
    assert (crowd.full, crowd.crammed, again) == ([], [], False)
    crowds.enter([*fill, fill[0]])  # with retractions it comes to six
    crowds.leave(fill[:1])
    crowd, again = crowds.now()
    assert (crowd.full, crowd.crammed, again) == ([7], [7], True)
    crowd, again = crowds.now()
    assert (crowd.full, crowd.crammed, again) == ([7], [], False)


def _order(partner: int, at_once: int) -> Order:
    """Of which only the host counts here."""
    return Order(None, None, None, None, 0.0, Host(partner, at_once))  # type: ignore[arg-type]


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


async def _aired(house: House, far: Far, count: int) -> str:
    for n in range(count):
        await make_place(house, f"p{n}")
    code = await make_alert(house)
    async with dispatching(house, far):
        await until(lambda: len(far.calls) == count)
    return code
