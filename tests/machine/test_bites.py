"""The machine bites: without a protection the same run ends badly, with it well.

The first five are the rules of ``app/db/claims.py``; the others guard what the rules rest on.
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from app.db import claims, deliveries, feed, receipts, set_back, settling
from app.db.engine import Session, transaction
from app.dispatch import sweeps
from app.domain import routing
from app.domain.board import Board
from app.domain.routing import History
from app.domain.words import Kind
from app.flows import confirm
from tests.machine import bad_runs
from tests.machine.far_end import Violation
from tests.machine.world import World

Run = Callable[[World], Awaitable[None]]
Remove = Callable[[pytest.MonkeyPatch, World], Coroutine[Any, Any, None]]

# The two halves of what a claim must find: the newest notice, and no send that is alive.
_NEWEST = claims._FREE[claims._FREE.index(" AND d.number = ") : claims._FREE.index("\n  AND (SELECT s.id")]
_ALIVE = claims._FREE[claims._FREE.index("\n  AND (SELECT s.id") :].rstrip()


def without(statement: TextClause, *parts: str) -> TextClause:
    said = statement.text
    for part in parts:
        assert part in said, "the protection is not written like this any more"
        said = said.replace(part, "")
    return text(said)


async def _look_at_the_last_attempt_only(patch: pytest.MonkeyPatch, world: World) -> None:
    async def last_only(session: Session, alert_id: int) -> Mapping[int, History]:
        found = await session.execute(
            text(
                "SELECT DISTINCT ON (d.outlet_id) d.outlet_id, d.tries, t.outcome = 'refused' AS refused FROM delivery d "
                "LEFT JOIN attempt t ON t.delivery_id = d.id WHERE d.alert_id = :alert AND d.kind <> 'retract' "
                "ORDER BY d.outlet_id, d.number DESC, t.id DESC"
            ),
            {"alert": alert_id},
        )
        return {r.outlet_id: History(min(r.tries, 1), int(bool(r.refused)), heard=False) for r in found}

    patch.setattr(deliveries, "histories", last_only)
    patch.setattr(deliveries, "may_still_show", _nobody)


async def _nobody(*_: object) -> Sequence[tuple[int, int]]:
    return []


async def _let_sends_overlap(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(claims, "_CLAIM", without(claims._CLAIM, _ALIVE))
    patch.setattr(claims, "_CLAIM_PACED", without(claims._CLAIM_PACED, _ALIVE))
    async with transaction(world.house.engine) as session:
        await session.execute(text("DROP INDEX delivery_one_live_send"))


async def _claim_older_notices(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(claims, "_CLAIM", without(claims._CLAIM, _NEWEST))
    patch.setattr(claims, "_CLAIM_PACED", without(claims._CLAIM_PACED, _NEWEST))


async def _lease_shorter_than_the_deadline(patch: pytest.MonkeyPatch, world: World) -> None:
    world.lease = bad_runs.seconds(5)


async def _settle_without_a_fence(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(
        settling,
        "_SETTLE",
        without(settling._SETTLE, " AND d.tries = u.tries AND coalesce(d.lease_until, '-infinity') <> '-infinity'"),
    )


async def _let_a_receipt_end_the_lease(patch: pytest.MonkeyPatch, world: World) -> None:
    apply = receipts.apply

    async def and_end_it(session: Session, changes: Sequence[receipts.Change]) -> Sequence[tuple[Kind, float]]:
        proven = await apply(session, changes)
        for change in changes:
            await session.execute(text("UPDATE delivery SET lease_until = NULL WHERE id = :id"), {"id": change.id})
        return proven

    patch.setattr(receipts, "apply", and_end_it)


async def _forget_latecomers(patch: pytest.MonkeyPatch, world: World) -> None:
    async def nothing(*_: Any, **__: Any) -> int:
        return 0

    patch.setattr(confirm, "take_down_latecomer", nothing)
    patch.setattr(sweeps, "take_down_latecomers", nothing)


async def _send_drills_to_everyone(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(routing, "may_disseminate", lambda *_: True)


async def _feed_what_is_over(patch: pytest.MonkeyPatch, world: World) -> None:
    async def all_of_it(session: Session, ids: Collection[int]) -> Mapping[int, bool]:
        return dict.fromkeys(ids, True)

    patch.setattr(Board, "replace", lambda *_: False)
    patch.setattr(feed, "standing", all_of_it)


async def _do_not_count_fetches(patch: pytest.MonkeyPatch, world: World) -> None:
    take = feed.take

    async def uncounted(session: Session, ids: Collection[int], heads: Mapping[int, int]) -> feed.Taken:
        taken = await take(session, ids, heads)
        await session.execute(text("UPDATE delivery SET tries = 0 WHERE lane = 'polled'"))
        return taken

    patch.setattr(feed, "take", uncounted)


async def _bring_nothing_forward(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(set_back, "LATER", ())


BITES: list[tuple[Run, Remove, str]] = [
    (bad_runs.aired_then_refused, _look_at_the_last_attempt_only, "still shows"),
    (bad_runs.ended_while_sending, _let_sends_overlap, "still being sent"),
    (bad_runs.ended_while_settling, _claim_older_notices, "after the end"),
    (bad_runs.slow_answer, _lease_shorter_than_the_deadline, "still being sent"),
    (bad_runs.late_settle, _settle_without_a_fence, "may become"),
    (bad_runs.early_receipt, _let_a_receipt_end_the_lease, "changes the attempts"),
    (bad_runs.refused_and_aired, _forget_latecomers, "still shows"),
    (bad_runs.drill, _send_drills_to_everyone, "never agreed"),
    (bad_runs.reader_with_an_old_cursor, _feed_what_is_over, "after the end"),
    (bad_runs.set_back, _bring_nothing_forward, "a time that has been already"),
    (bad_runs.silent_reader, _do_not_count_fetches, "still shows"),
]
NAMES = [run.__name__ for run, *_ in BITES]


@pytest.mark.parametrize("run", [run for run, *_ in BITES], ids=NAMES)
async def test_it_ends_well(run: Run, world: World) -> None:
    await run(world)


@pytest.mark.parametrize(("run", "remove", "says"), BITES, ids=NAMES)
async def test_it_ends_badly_without_the_protection(
    run: Run, remove: Remove, says: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remove(monkeypatch, world)
    with pytest.raises(Violation, match=says):
        await run(world)


async def test_latecomers_are_found_by_the_sweep_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence that crosses the end of its alert is not seen by ``confirm``."""

    async def nothing(*_: Any, **__: Any) -> int:
        return 0

    monkeypatch.setattr(confirm, "take_down_latecomer", nothing)
    await bad_runs.refused_and_aired(world)
