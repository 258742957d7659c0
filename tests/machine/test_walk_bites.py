"""The walk itself finds what is wrong, not only runs that were written to. The same walk every time."""

import asyncio
import logging

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

WALK = settings(
    max_examples=500, stateful_step_count=50, deadline=None, derandomize=True, database=None, print_blob=False,
    report_multiple_bugs=False, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.mark.parametrize("remove", [_let_sends_overlap, _let_a_receipt_end_the_lease])
def test_the_walk_finds_it(
    remove: Remove,
    site: Building,
    runner: asyncio.Runner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    runner.run(remove(monkeypatch, runner.run(site.world())))
    Machine.building, Machine.runner = site, runner
    with pytest.raises(Violation):
        run_state_machine_as_test(Machine, settings=WALK)
