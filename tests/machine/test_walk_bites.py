"""The walk itself finds what is wrong, not only runs that were written to. The same walk every time."""

import asyncio
import logging
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.building import Building
from tests.machine.far_end import Violation
from tests.machine.machine import Machine
from tests.machine.test_bites import (
    Remove,
    _let_a_receipt_end_the_lease,
    _let_sends_overlap,
)
from tests.machine.test_machine import PROFILE
from tests.machine.test_silent_bites import (
    _end_all_at_once,
    _forget_requests,
    _give_up_an_end_at_once,
    _give_up_at_once,
    _let_any_receipt_confirm,
    _let_receipts_change_nothing,
    _never_extend,
    _settle_once_more,
    _tell_nobody,
)

WALK = settings(
    max_examples=240, stateful_step_count=100, deadline=None, derandomize=True, database=None, print_blob=False,
    report_multiple_bugs=False, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip

# In CI some, for each takes seconds; all where the walk is long. The end that nobody sees to, or sees to twice, and latecomers
# forgotten take thousands of steps: runs that are written to them find those (``test_silent_bites``, ``test_bites``).
FOUND: Sequence[Remove] = [
    _let_sends_overlap, _let_a_receipt_end_the_lease, _tell_nobody, _end_all_at_once, _give_up_an_end_at_once,
    _give_up_at_once, _never_extend, _let_receipts_change_nothing, _let_any_receipt_confirm, _settle_once_more,
    _forget_requests,
][: 2 if PROFILE == "ci" else None]  # fmt: skip


@pytest.mark.parametrize("remove", FOUND, ids=[remove.__name__.strip("_") for remove in FOUND])
def test_the_walk_finds_it(
    remove: Remove,
    site: Building,
    runner: asyncio.Runner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    runner.run(remove(monkeypatch, runner.run(site.world())))
    Machine.building, Machine.runner, Machine.walked = site, runner, 0
    with pytest.raises(Violation):
        run_state_machine_as_test(Machine, settings=WALK)
    print(f"found after {Machine.walked} steps")
