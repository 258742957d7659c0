"""A robot takes twenty messages a minute and is blocked for ten when it gets more. Two are kept for retractions."""

import asyncio
from datetime import timedelta

import pytest

from app.db.engine import transaction
from app.domain.words import EndReason
from app.flows.end import retract
from app.flows.house import House
from channels.carriers.dingtalk_robot import DingTalkRobot
from tests.dispatch.far import Far, dispatching, make_place, reply, rows, until
from tests.machine.clock import move_clock, stop_the_clock
from tests.making import make_alert, police

pace = DingTalkRobot.pace
assert pace is not None
COUNT, RESERVE = pace.count, pace.reserve


@pytest.fixture
async def still(house: House) -> House:
    """A house whose ledger's clock stands still: a minute passes when the test says so."""
    await stop_the_clock(house.engine)
    return house


@pytest.fixture
def far() -> Far:
    made = Far()
    made.script["robot"] = [reply(200, {"errcode": 0, "errmsg": "ok"})]
    return made


async def alerts(house: House, count: int, since: int = 0) -> list[str]:
    return [await make_alert(house, case_number=f"A61011300000020261{n:05d}") for n in range(since, since + count)]


async def end(house: House, *codes: str) -> None:
    for code in codes:
        async with transaction(house.engine) as session:
            await retract(session, police(), code, EndReason.FOUND, "", press=house.press)


def test_the_pace_is_dingtalks() -> None:
    """机器人每分钟最多发送 20 条消息."""
    assert pace is not None
    assert (pace.count, pace.per) == (20, timedelta(minutes=1))
    assert pace.reserve >= 1


async def test_twenty_a_minute_of_which_two_are_for_retractions(still: House, far: Far) -> None:
    await make_place(still, "robot", channel="dingtalk", carrier="dingtalk_robot")
    first = await alerts(still, COUNT + 2)
    async with dispatching(still, far):
        await until(lambda: len(far.calls) >= COUNT - RESERVE)
        await asyncio.sleep(1.3)
        assert far.kinds("robot") == ["publish"] * (COUNT - RESERVE), "the reserve is not for them"
        sent = await rows(still, "SELECT a.code FROM alert a JOIN delivery d ON d.alert_id = a.id WHERE d.tries > 0")
        told = [r.code for r in sent]
        await end(still, *told[:3])
        await until(lambda: len(far.calls) >= COUNT)
        await asyncio.sleep(1.3)
        assert far.kinds("robot")[COUNT - RESERVE :] == ["retract"] * RESERVE, "one retraction too many waits as well"
        await move_clock(still.engine, timedelta(seconds=59))
        await asyncio.sleep(1.3)
        assert len(far.calls) == COUNT
        await move_clock(still.engine, timedelta(seconds=2))
        await until(lambda: len(far.calls) == COUNT + 1 + (len(first) - (COUNT - RESERVE)))
    assert far.kinds("robot")[COUNT] == "retract", "and goes first when the minute is over"


async def test_two_dispatchers_keep_one_pace(still: House, far: Far) -> None:
    await make_place(still, "robot", channel="dingtalk", carrier="dingtalk_robot")
    async with dispatching(still, far), dispatching(still, far):
        await alerts(still, COUNT + 5)
        await until(lambda: len(far.calls) >= COUNT - RESERVE)
        await asyncio.sleep(1.3)
    assert len(far.calls) == COUNT - RESERVE


async def test_a_robot_at_its_pace_holds_up_no_other_outlet(still: House, far: Far) -> None:
    await make_place(still, "robot", channel="dingtalk", carrier="dingtalk_robot")
    await make_place(still, "other", channel="dingtalk", carrier="dingtalk_robot")
    await make_place(still, "screen")
    far.script["other"] = far.script["robot"]
    async with dispatching(still, far):
        await alerts(still, COUNT + 5)
        await until(lambda: len(far.at("screen")) == COUNT + 5)
        await until(lambda: len(far.at("other")) == COUNT - RESERVE)
        await until(lambda: len(far.at("robot")) == COUNT - RESERVE)
