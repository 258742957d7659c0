"""One ``huijia serve --sandbox`` for all tests of commands that need one."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.commands.terminal import Serving, Terminal
from tests.faults.processes import Processes


@dataclass(frozen=True, slots=True)
class Served:
    terminal: Terminal
    serving: Serving


@pytest.fixture(scope="package")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with Processes(tmp_path_factory.mktemp("commands")) as made:
        yield made


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory, processes: Processes) -> Iterator[Served]:
    terminal = Terminal(processes, tmp_path_factory.mktemp("served") / "data")
    yield Served(terminal, serving := terminal.serve("--sandbox"))
    serving.interrupt()
