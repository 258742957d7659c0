"""The random walk over the real ledger. 20,000 steps; HUIJIA_MACHINE=long takes other 20,000, nightly a million."""

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
EXAMPLES, AT_LEAST = {"ci": (130, 9_000), "long": (250, 15_000), "nightly": (12_000, 1_000_000)}[PROFILE]


def test_the_ledger_keeps_its_promises(
    site: Building, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)  # each rescue warns
    Machine.building, Machine.runner, Machine.walked = site, runner, 0
    walk = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, print_blob=True, database=None,
        derandomize=PROFILE == "ci",
        report_multiple_bugs=False, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=walk)
    print(f"{Machine.walked} steps")
    assert Machine.walked >= AT_LEAST
