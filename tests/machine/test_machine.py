"""The random walk over the real ledger. 20,000 steps; HUIJIA_MACHINE=long takes other 20,000, nightly a million in ten walks."""

import asyncio
import logging
import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.building import Building
from tests.machine.machine import Machine

STEPS = 100
# The walk of CI is the same each time; the long ones find new ways.
PROFILE = os.environ.get("HUIJIA_MACHINE", "ci")
WALKS, EXAMPLES, AT_LEAST = {"ci": (1, 280, 20_000), "long": (1, 280, 20_000), "nightly": (10, 1_260, 100_000)}[PROFILE]


@pytest.mark.parametrize("walk", range(WALKS))
def test_the_ledger_keeps_its_promises(
    walk: int, site: Building, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)  # each rescue warns
    Machine.building, Machine.runner, Machine.walked = site, runner, 0
    how = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, print_blob=True, database=None,
        derandomize=PROFILE == "ci",
        report_multiple_bugs=False, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=how)
    print(f"walk {walk}: {Machine.walked} steps")
    assert Machine.walked >= AT_LEAST
