"""One rig for all fault tests, made whole again before each; the seed of a run, and the figures it saw."""

import os
import random
import secrets
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.faults.far_side import FarSide
from tests.faults.officer import Officer
from tests.faults.reader import Reader
from tests.faults.rig import Rig, running

SCREENS = int(os.environ.get("HUIJIA_TEST_SCREENS") or 500)
DISPATCHERS = 3

SEED = int(os.environ.get("HUIJIA_TEST_SEED") or secrets.randbelow(10**6))
FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="package")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("faults"), screens=SCREENS, dispatchers=DISPATCHERS) as made:
        yield made


@pytest.fixture
async def rig(installed: Rig) -> Rig:
    """With everything running, whatever the test before it has left."""
    installed.mend(DISPATCHERS)
    await installed.up()
    return installed


@pytest.fixture
async def officer(rig: Rig) -> AsyncIterator[Officer]:
    made = Officer(rig)
    yield made
    await made.close()


@pytest.fixture
async def far(rig: Rig) -> AsyncIterator[FarSide]:
    """A sandbox that has forgotten everything and is well."""
    made = FarSide(rig)
    await made.reset()
    yield made
    await made.close()


@pytest.fixture
async def reader(rig: Rig) -> AsyncIterator[Reader]:
    made = Reader(rig)
    yield made
    await made.close()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """HUIJIA_TEST_SEED repeats a run."""
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep a figure for the end of the run."""
    said = request.config.stash.setdefault(FIGURES, [])

    def keep(figure: str) -> None:
        print(figure)
        said.append(f"{request.node.name}: {figure}")

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if said := config.stash.get(FIGURES, []):
        terminalreporter.section(f"faults, HUIJIA_TEST_SEED={SEED}")
        for line in said:
            terminalreporter.write_line(line)
