"""The same of what goes wrong in silence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.db import alerts, keys, receipts, settling
from app.db.alerts import AlertRow
from app.db.engine import Session
from app.dispatch import settle, sweeps
from app.dispatch.clock import Steps
from app.domain import routing
from app.domain.machines import Settled, after_attempt
from app.domain.words import AlertState, DeliveryState, Outcome
from app.flows import confirm, end
from app.flows.ports import Press
from tests.machine import silent_runs
from tests.machine.far_end import Violation
from tests.machine.test_bites import Remove, Run, _let_sends_overlap
from tests.machine.world import World


async def _nothing(*_: object, **__: object) -> int:
    return 0


async def _none(*_: object, **__: object) -> Sequence[Any]:
    return []


async def _tell_nobody(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(routing, "may_disseminate", lambda *_: False)


async def _never_extend(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(sweeps, "extend", _nothing)


def _give_up(patch: pytest.MonkeyPatch, longer_than: timedelta) -> None:
    def at_once(outcome: Outcome, **known: Any) -> Settled:
        if outcome is Outcome.RETRY and known["give_up_at"] - known["now"] > longer_than:
            return Settled(DeliveryState.FAILED)
        return after_attempt(outcome, **known)

    patch.setattr(settle, "after_attempt", at_once)


async def _give_up_at_once(patch: pytest.MonkeyPatch, world: World) -> None:
    _give_up(patch, timedelta(0))


async def _give_up_an_end_at_once(patch: pytest.MonkeyPatch, world: World) -> None:
    _give_up(patch, timedelta(days=2))


async def _end_all_at_once(patch: pytest.MonkeyPatch, world: World) -> None:
    async def live(session: Session) -> Sequence[int]:
        return list((await session.execute(text("SELECT id FROM alert WHERE state = 'active'"))).scalars())

    async def at_once(session: Session, alert_id: int, *, press: Press) -> None:
        alert = await alerts.lock_by_id(session, alert_id)
        await end._end(session, alert, AlertState.EXPIRED, None, "", "clock", press)

    patch.setattr(alerts, "overdue_to_expire", live)
    patch.setattr(sweeps, "expire", at_once)


async def _end_nothing(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(alerts, "overdue_to_expire", _none)


async def _let_receipts_change_nothing(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(receipts, "apply", _none)


async def _let_any_receipt_confirm(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(confirm, "after_receipt", lambda *_: DeliveryState.CONFIRMED)


async def _settle_once_more(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(settling, "recorded", _none)


async def _forget_requests(patch: pytest.MonkeyPatch, world: World) -> None:
    async def new(*_: object) -> None:
        return None

    patch.setattr(keys, "remember", new)


async def _end_what_has_ended(patch: pytest.MonkeyPatch, world: World) -> None:
    lock = alerts.lock

    async def as_if_live(session: Session, code: str) -> AlertRow | None:
        alert = await lock(session, code)
        return alert and replace(alert, state=AlertState.ACTIVE)

    patch.setattr(alerts, "lock", as_if_live)


async def _see_no_step(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(Steps, "seen", lambda *_: 0.0)


BITES: list[tuple[Run, Remove, str]] = [
    (silent_runs.issued, _tell_nobody, "was not told"),
    (silent_runs.not_found_within_the_hour, _never_extend, "was not told"),
    (silent_runs.not_taken, _give_up_at_once, "may become"),
    (silent_runs.lost_and_asked_for, _give_up_at_once, "nobody refused it"),
    (silent_runs.end_not_taken, _give_up_an_end_at_once, "may become"),
    (silent_runs.end_lost, _give_up_an_end_at_once, "nobody refused it"),
    (silent_runs.time_up, _end_all_at_once, "is over, and is to end"),
    (silent_runs.time_up, _end_nothing, "is live, and is to end"),
    (silent_runs.every_receipt, _let_receipts_change_nothing, "must make it"),
    (silent_runs.every_receipt, _let_any_receipt_confirm, "must make it"),
    (silent_runs.settled_and_not_known, _settle_once_more, "settled twice"),
    (silent_runs.ended_while_looking, _let_sends_overlap, "still looked after"),
    (silent_runs.submitted_twice, _forget_requests, "is a conflict"),
    (silent_runs.drilled_twice, _forget_requests, "the same again is"),
    (silent_runs.updated_twice, _forget_requests, "has had 2 notices, the ledger holds 3"),
    (silent_runs.ended_twice, _end_what_has_ended, "has had 2 notices, the ledger holds 3"),
    (silent_runs.set_forward, _see_no_step, "still being sent"),
]


@pytest.mark.parametrize("run", list(dict.fromkeys(run for run, *_ in BITES)), ids=lambda run: run.__name__)
async def test_it_ends_well(run: Run, world: World) -> None:
    await run(world)


@pytest.mark.parametrize(
    ("run", "remove", "says"), BITES, ids=[f"{run.__name__}{remove.__name__}" for run, remove, _ in BITES]
)
async def test_it_ends_badly_without_the_protection(
    run: Run, remove: Remove, says: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remove(monkeypatch, world)
    with pytest.raises(Violation, match=says):
        await run(world)
