"""What must hold after every step, and what must hold when all is quiet and every wire is healthy."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from app.domain.words import Kind, Lane, Outcome, ReceiptKind
from tests.machine.far_end import Place, Violation
from tests.machine.known import LONGEST_WAIT, Known
from tests.machine.world import World

_LEDGER = text(
    "SELECT a.code, a.state, a.head, (SELECT count(*) FROM notice n WHERE n.alert_id = a.id) AS notices, "
    "(SELECT count(*) FROM delivery d WHERE d.alert_id = a.id) AS deliveries, "
    "(SELECT count(*) FROM record r WHERE r.alert_id = a.id) AS records FROM alert a"
)
_DELIVERIES = text(
    "SELECT d.id, a.code, d.outlet_id, d.number, a.head, d.kind, d.lane, d.state, d.tries, d.refusals, d.lease_until "
    "FROM delivery d JOIN alert a ON a.id = d.alert_id ORDER BY d.id"
)
ROUNDS = 120


async def check_each(world: World) -> None:
    """Nothing that was accepted is lost, and nothing is there that was not accepted."""
    rows = {r.code: r for r in await world.watch.execute(_LEDGER)}
    if set(rows) != set(world.known):
        raise Violation(f"accepted were {sorted(world.known)}, the ledger holds {sorted(rows)}")
    for code, alert in world.known.items():
        row = rows[code]
        if (row.head, row.notices) != (alert.head, alert.head):
            raise Violation(f"{code} has had {alert.head} notices, the ledger holds {row.notices}, head {row.head}")
        if row.records < 1 or row.deliveries < alert.deliveries:
            raise Violation(f"records or deliveries of {code} have gone")
        if (alert.ended is None) != (row.state == "active"):
            raise Violation(f"{code} is {row.state}")
        alert.deliveries = row.deliveries


async def drive(world: World) -> None:
    """Let everything come to rest with healthy wires: what is claimed arrives and is accepted, who polls gets an answer, and
    whoever refused and aired it all the same says so."""
    for place, of in world.lied:
        await world.say(place, of, ReceiptKind.AIRED, world.now)
    for _ in range(ROUNDS):
        await one_round(world)
        rows = await _rows(world)
        for row in rows:
            if row.state == "failed":
                world.check_failed(row.code, row.id, Kind(row.kind))
        waiting = [r for r in rows if r.state in ("pending", "sending") or r.lease_until is not None]
        failed = {r.code for r in rows if r.state == "failed" and r.number == r.head}
        if not waiting and not failed and not world.sends:
            return
        for code in sorted(failed):
            await world.ask_again(code)
        await world.jump(LONGEST_WAIT, lambda _: True)
    raise Violation(f"stuck after {ROUNDS} rounds: {[tuple(r) for r in waiting]}")


async def one_round(world: World) -> None:
    """Everybody does what he does once."""
    for look in list(world.looks):
        await world.looked(look)
    await world.claim("a", room=50)
    for send in world.sends:
        if send.result is None:
            world.answer(send, Outcome.ACCEPTED)
    for worker in sorted({s.worker for s in world.sends}):
        await world.settle([s for s in world.sends if s.worker == worker])
    for place in world.places.values():
        if place.lane is Lane.POLLED:
            await world.poll(place)
    for name in ("rescue_all", "expire", "put_right", "look_again", "extend"):
        await world.sweep(name)


async def check_end(world: World) -> None:
    """After ``drive``."""
    rows = await _rows(world)
    _check_counts(world, rows)
    for place in world.places.values():
        for code, number in place.shown.items():
            alert = world.known[code]
            if alert.ended is not None:
                raise Violation(f"place {place.id} still shows {code}, which ended at step {alert.ended}")
            if number != alert.head:
                raise Violation(f"place {place.id} shows notice {number} of {code}, the newest is {alert.head}")
        for code, alert in world.known.items():
            if alert.ended is not None and place.ever_showed(code):
                _check_told(rows, place.id, code)
            if _is_to_know(place, alert) and place.shown.get(code) != alert.head:
                raise Violation(
                    f"place {place.id} is to show {code} and was not told: it shows {place.shown.get(code)}"
                )


def _is_to_know(place: Place, alert: Known) -> bool:
    return alert.ended is None and alert.status in place.takes and not place.paused and place.km <= alert.reach


def _check_told(rows: Sequence[Any], place: int, code: str) -> None:
    told = [r for r in rows if (r.outlet_id, r.code, r.kind) == (place, code, "retract")]
    if [r.state for r in told] not in (["accepted"], ["confirmed"]):
        raise Violation(f"place {place} showed {code} and was not told to take it down: {[tuple(r) for r in told]}")


def _check_counts(world: World, rows: Sequence[Any]) -> None:
    """Every attempt that was begun is counted: the take-down rests on it."""
    for row in rows:
        if row.lane != Lane.POLLED and row.tries != world.begun.get(row.id, 0):
            raise Violation(f"{tuple(row)} counts {row.tries} tries, {world.begun.get(row.id, 0)} were begun")
        if row.refusals > row.tries:
            raise Violation(f"{tuple(row)} counts more refusals than tries")


async def _rows(world: World) -> Sequence[Any]:
    return (await world.watch.execute(_DELIVERIES)).all()
