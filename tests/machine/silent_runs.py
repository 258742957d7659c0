"""Runs that end badly in silence when one protection is missing: nobody is told, or too early, or a word counts for nothing."""

from datetime import timedelta

from app.domain.words import Outcome, ReceiptKind, Status
from tests.machine.bad_runs import first, never, one_flying, rest, seconds
from tests.machine.invariants import check_each, one_round
from tests.machine.known import LASTS
from tests.machine.world import World


async def issued(world: World) -> None:
    """One that is real, and an exercise."""
    await world.submit(Status.ACTUAL)
    await world.submit(Status.EXERCISE)
    await rest(world)


async def not_found_within_the_hour(world: World) -> None:
    """The circle grows past a place that was out of reach."""
    await world.submit(Status.ACTUAL)
    await one_round(world)
    await world.jump(timedelta(hours=1), never)
    await rest(world)


async def not_taken(world: World) -> None:
    """A place does not answer in time, once."""
    await world.submit(Status.ACTUAL)
    send = await one_flying(world)
    world.answer(send, Outcome.RETRY)
    await world.settle([send])
    await rest(world)


async def lost_and_asked_for(world: World) -> None:
    """A sender vanishes, and an operator asks again for whatever has failed."""
    code = await world.submit(Status.ACTUAL)
    await world.claim("a", room=50)
    world.crash("a", never)
    await world.jump(seconds(16), never)
    await world.sweep("rescue")
    await world.ask_again(code)
    await rest(world)


async def end_not_taken(world: World) -> None:
    """Nobody answers in time when the alert has ended."""
    await _ending(world)
    for send in world.sends:
        world.answer(send, Outcome.RETRY)
    await world.settle(world.sends)
    await rest(world)


async def end_lost(world: World) -> None:
    """Whoever tells of the end vanishes."""
    await _ending(world)
    world.crash("b", never)
    await world.jump(seconds(16), never)
    await rest(world)


async def _ending(world: World) -> None:
    """All that showed the alert are being told of its end."""
    code = await world.submit(Status.ACTUAL)
    await one_round(world)
    await world.retract(code)
    assert await world.claim("b", room=50)


async def time_up(world: World) -> None:
    """One ends by the clock, and one that was issued an hour later does not."""
    await world.submit(Status.ACTUAL)
    await world.jump(timedelta(hours=1), never)
    await world.submit(Status.ACTUAL)
    await one_round(world)
    await world.jump(LASTS - timedelta(hours=1), never)
    await rest(world)


async def every_receipt(world: World) -> None:
    """Of a notice and of its end."""
    code = await world.submit(Status.ACTUAL)
    await one_round(world)
    await _say_all(world)
    await world.retract(code)
    await one_round(world)
    await _say_all(world)
    await rest(world)


async def _say_all(world: World) -> None:
    for n, kind in enumerate(ReceiptKind):
        await world.say(first(world), first(world).arrivals[-1], kind, world.at(seconds=n))


async def settled_and_not_known(world: World) -> None:
    """The answer to a settle is lost; when its worker settles again the notice is being looked after."""
    code = await world.submit(Status.ACTUAL)
    send = await one_flying(world)
    world.answer(send, Outcome.ACCEPTED)
    await world.settle([send], unsure=True)
    await world.jump(seconds(6), never)
    await world.look("b")
    assert world.looks
    await world.settle_again(*world.unsure.pop())
    await world.amend(code)
    await world.claim("c", room=50)
    await rest(world)


async def ended_while_looking(world: World) -> None:
    """A notice is being looked after when its alert ends; whoever claims must wait."""
    code = await world.submit(Status.ACTUAL)
    await one_round(world)
    await world.jump(seconds(6), never)
    await world.look("a")
    assert world.looks
    await world.retract(code)
    await world.claim("b", room=50)
    await rest(world)


async def submitted_twice(world: World) -> None:
    """A system that was not answered submits the same once more."""
    await world.submit(Status.ACTUAL, unsure=True)
    await rest(world)


async def drilled_twice(world: World) -> None:
    """The same with an exercise, of which a case may have many."""
    await world.submit(Status.EXERCISE, unsure=True)
    await rest(world)


async def updated_twice(world: World) -> None:
    code = await world.submit(Status.ACTUAL)
    await world.amend(code, unsure=True)
    await rest(world)


async def ended_twice(world: World) -> None:
    code = await world.submit(Status.ACTUAL)
    await one_round(world)
    await world.retract(code, unsure=True)
    await check_each(world)
    await rest(world)


async def set_forward(world: World) -> None:
    """By an hour, while a notice is under way: its lease seems to be over."""
    code = await world.submit(Status.ACTUAL)
    await one_flying(world)
    await world.set_forward(timedelta(hours=1))
    await world.jump(seconds(3), never)
    await world.retract(code)
    await world.claim("b", room=50)
    await rest(world)
