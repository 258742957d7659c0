"""One rig for all fault tests, made whole again before each; the seed of a run, and the figures it saw."""

import os
import random
import secrets
from collections.abc import AsyncIterator, Callable, Generator, Iterator

import pytest

from tests.faults.far_side import FarSide
from tests.faults.officer import Officer
from tests.faults.proof import assert_closed
from tests.faults.reader import Reader
from tests.faults.rig import Rig, running

SCREENS = int(os.environ.get("HUIJIA_TEST_SCREENS") or 500)
DISPATCHERS = 3

SEED = int(os.environ.get("HUIJIA_TEST_SEED") or secrets.randbelow(10**6))
FIGURES = pytest.StashKey[list[str]]()
PASSED = pytest.StashKey[bool]()


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
def clocks_agree() -> bool:
    """Whether the database goes by the clock that the test goes by."""
    return True


@pytest.fixture
async def far(rig: Rig, officer: Officer, clocks_agree: bool, request: pytest.FixtureRequest) -> AsyncIterator[FarSide]:
    """A sandbox that has forgotten everything and is well. When the cell is over it is asked what it has heard, and the
    database what is left; a cell that has failed has said enough."""
    made = FarSide(rig)
    await made.reset()
    (last,) = await rig.ask("SELECT coalesce(max(id), 0) AS id FROM alert")
    yield made
    try:
        if request.node.stash.get(PASSED, False):
            await assert_closed(rig, officer, made, last["id"], clocks_agree=clocks_agree)
    finally:
        await made.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


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


def pytest_sessionstart(session: pytest.Session) -> None:
    """The seed of a run that never comes to its end is known too, however quiet it is."""
    if (reporter := session.config.pluginmanager.get_plugin("terminalreporter")) is not None:
        reporter.write_line(f"faults: HUIJIA_TEST_SEED={SEED}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.section(f"faults, HUIJIA_TEST_SEED={SEED}")
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)
