"""Runs that end badly when one protection is missing, and well as things are."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from app.db import alerts
from app.db.engine import Session, clock
from app.domain.words import Kind, Lane, Outcome, ReceiptKind, Status
from tests.machine.far_end import Arrival, Place, Violation
from tests.machine.invariants import check_each, check_end, drive, one_round
from tests.machine.known import Send
from tests.machine.world import World


def never(_: Send) -> bool:
    return False


def seconds(n: float) -> timedelta:
    return timedelta(seconds=n)


async def rest(world: World) -> None:
    await drive(world)
    await check_each(world)
    await check_end(world)


def first(world: World) -> Place:
    return next(iter(world.places.values()))


async def one_flying(world: World, worker: str = "a") -> Send:
    """What is due is claimed; the send to the first place is under way, the others are done."""
    await world.claim(worker, room=50)
    (mine,) = [s for s in world.sends if s.claimed.outlet_id == first(world).id]
    others = [s for s in world.sends if s is not mine]
    for send in others:
        world.answer(send, Outcome.ACCEPTED)
    await world.settle(others)
    return mine


async def aired_then_refused(world: World) -> None:
    """The first attempt aired and timed out; the second was refused; then the alert ends."""
    code = await world.submit(Status.ACTUAL)
    send = await one_flying(world)
    world.arrive(send)
    world.answer(send, Outcome.RETRY)
    await world.settle([send])
    await world.jump(seconds(3), never)
    again = await one_flying(world)
    world.answer(again, Outcome.REFUSED)
    await world.settle([again])
    await world.retract(code)
    await rest(world)


async def ended_while_sending(world: World) -> None:
    """The alert ends while its publish is on the way; whoever claims next must wait."""
    code = await world.submit(Status.ACTUAL)
    late = await one_flying(world)
    await world.retract(code)
    await world.claim("b", room=50)
    for send in [s for s in world.sends if s is not late]:
        world.answer(send, Outcome.ACCEPTED)
    world.arrive(late)
    await rest(world)


async def ended_while_settling(world: World) -> None:
    """The settle read the newest number before the end was committed, and wrote after it: a publish is pending again."""
    code = await world.submit(Status.ACTUAL)
    send = await one_flying(world)
    world.answer(send, Outcome.RETRY)
    await world.retract(code)
    with pytest.MonkeyPatch.context() as race:
        race.setattr(alerts, "heads", _heads_before_the_end)
        await world.settle([send], crossed=True)
    await world.claim("b", room=50, only_retractions=True)
    for send in world.sends:
        world.answer(send, Outcome.ACCEPTED)
    await world.settle(world.sends)
    await world.jump(seconds(3), never)
    await world.claim("b", room=50)
    for send in world.sends:
        world.arrive(send)
    await rest(world)


async def _heads_before_the_end(
    session: Session, alert_ids: Iterable[int], tell: str | None = None
) -> tuple[datetime, dict[int, int]]:
    return await clock(session), dict.fromkeys(alert_ids, 1)


async def slow_answer(world: World) -> None:
    """A send takes six seconds, which its deadline allows; meanwhile the rescue sweep runs and the alert ends."""
    code = await world.submit(Status.ACTUAL)
    await one_flying(world)
    await world.jump(seconds(6), never)
    await world.sweep("rescue")
    await world.retract(code)
    await world.claim("b", room=50)
    await rest(world)


async def late_settle(world: World) -> None:
    """The first worker settles when its lease is long over and a second worker is sending; then the alert ends."""
    code = await world.submit(Status.ACTUAL)
    first_try = await one_flying(world)
    world.answer(first_try, Outcome.RETRY)
    await world.jump(seconds(16), never)
    await world.sweep("rescue")
    await world.jump(seconds(3), never)
    await world.claim("b", room=50)
    await world.settle([first_try])
    await world.retract(code)
    await world.claim("c", room=50)
    await rest(world)


async def set_back(world: World) -> None:
    """By an hour, with one whose sender is gone, those that are tried again, and one that has not been fetched. They are told
    within two minutes all the same."""
    code = await world.submit(Status.ACTUAL)
    await world.claim("a", room=50)
    gone, *others = world.sends
    for send in others:
        world.answer(send, Outcome.RETRY)
    await world.settle(others)
    world.crash(gone.worker, never)
    await world.set_back(timedelta(hours=1))
    for _ in range(2):
        await one_round(world)
        await world.jump(seconds(61), never)
    await one_round(world)
    told = {place.id for place in world.places.values() if place.ever_showed(code)}
    if late := {send.claimed.outlet_id for send in (gone, *others)} - told:
        raise Violation(f"places {late} wait for a time that has been already")
    await rest(world)


async def early_receipt(world: World) -> None:
    """A receipt for the first attempt confirms the delivery while the second attempt is on the way; the alert ends."""
    code = await world.submit(Status.ACTUAL)
    send = await one_flying(world)
    world.arrive(send)
    world.answer(send, Outcome.RETRY)
    await world.settle([send])
    await world.jump(seconds(3), never)
    again = await one_flying(world)
    await world.say(first(world), first(world).arrivals[0], ReceiptKind.AIRED, world.now)
    await world.retract(code)
    await world.claim("b", room=50)
    world.arrive(again)
    await rest(world)


async def refused_and_aired(world: World) -> None:
    """An outlet refuses, airs it all the same, and says so when the alert has ended without a word to it."""
    code = await world.submit(Status.ACTUAL)
    send = await one_flying(world)
    world.answer(send, Outcome.REFUSED)
    world.arrive(send)
    await world.settle([send])
    await world.retract(code)
    await world.say(first(world), first(world).arrivals[0], ReceiptKind.AIRED, world.now)
    await rest(world)


async def drill(world: World) -> None:
    """An exercise, with places that never agreed to one."""
    await world.submit(Status.EXERCISE)
    await rest(world)


async def reader_with_an_old_cursor(world: World) -> None:
    """A poller loses its state, and asks for everything again when the alert is over."""
    code = await world.submit(Status.ACTUAL)
    reader = next(p for p in world.places.values() if p.lane is Lane.POLLED)
    await world.poll(reader)
    await world.retract(code)
    reader.cursor = 0
    await world.poll(reader)
    await rest(world)


async def silent_reader(world: World) -> None:
    """A poller whose answer was lost: it may have the notice, although it has never been heard of again."""
    code = await world.submit(Status.ACTUAL)
    reader = next(p for p in world.places.values() if p.lane is Lane.POLLED)
    await world.poll(reader, lost=True)
    reader.air(Arrival(0, code, 1, Kind.PUBLISH, world.step), Status.ACTUAL, None)
    await world.retract(code)
    await rest(world)
