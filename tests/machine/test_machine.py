"""The random walk over the real ledger. HUIJIA_MACHINE=nightly takes a million steps."""

import asyncio
import base64
import os
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.db.engine import connect
from app.dispatch.press import HousePress
from app.dispatch.wiring import wire
from app.flows.house import House
from app.flows.ports import Seal
from tests.machine.building import build
from tests.machine.machine import Machine

STEPS = 50
EXAMPLES = {"ci": int(os.environ.get("EX","400")), "nightly": 20_000}[os.environ.get("HUIJIA_MACHINE", "ci")]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


def test_the_ledger_keeps_its_promises(database: str, runner: asyncio.Runner) -> None:
    secret = base64.b64encode(b"m" * 32)
    house = House(
        engine=connect(database, pool=2), seal=Seal(Fernet.generate_key().decode()),
        press=HousePress("http://huijia.test", secret), wire=wire, base_url="http://huijia.test", media_secret=secret,
    )  # fmt: skip
    Machine.building, Machine.runner = runner.run(build(house)), runner
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, print_blob=True, database=None,
            phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    runner.run(house.engine.dispose())
