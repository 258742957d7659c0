"""The doctor finds what is wrong, and says what to do."""

import re
from pathlib import Path

import pytest

from tests.commands.terminal import Said, Terminal
from tests.faults.processes import Processes


@pytest.fixture
def terminal(processes: Processes, tmp_path: Path) -> Terminal:
    return Terminal(processes, tmp_path / "data")


def words(said: Said) -> str:
    """What the table says, whatever the width of the terminal."""
    return re.sub(r"[\s│]", "", said.out)


def test_from_nothing_to_running(terminal: Terminal) -> None:
    first = terminal.huijia("doctor", COLUMNS="200")
    assert first.code == 1
    assert "请运行huijiamigrate" in words(first)
    assert "Traceback" not in first.out + first.err
    assert terminal.huijia("migrate").code == 0
    second = terminal.huijia("doctor", COLUMNS="200")
    assert second.code == 1
    assert "没有投递进程在运行" in words(second)
    assert "请运行huijiamigrate" not in words(second)
    assert "最久的事务正常0分钟" in words(second)
    (key,) = terminal.data.glob("seal.key")
    key.chmod(0o644)
    assert "seal.key别人也能读" in words(terminal.huijia("doctor", COLUMNS="200"))
