"""Every command says in Chinese what it is for."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from app.cli import app
from tests.commands.terminal import Terminal
from tests.faults.processes import Processes


def commands(command: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The command and all below it, with the words that lead there."""
    yield way, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*way, name))


ALL = dict(commands(typer.main.get_command(app)))


def test_they_are_those_that_the_documentation_lists() -> None:
    listed = (Path(__file__).parent.parent.parent / "docs/running.md").read_text()
    named = {way for way, command in ALL.items() if not hasattr(command, "commands")}
    assert len(named) > 10
    for row in re.findall(r"^\| `huijia .*?\|", listed, re.MULTILINE):
        first, *others = re.findall(r"`([a-z ]+)`", row)
        words = first.split()[1:]
        named -= {tuple(words), *((*words[:-1], other) for other in others)}
    assert named == set()


@pytest.mark.parametrize("way", ALL, ids=lambda way: " ".join(way) or "huijia")
def test_help(way: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*way, "--help"], prog_name="huijia", env={"COLUMNS": "300"})
    assert done.exit_code == 0
    assert f"Usage: huijia {' '.join(way)}".rstrip() in done.output
    command = ALL[way]
    assert command.help
    assert command.help.splitlines()[0] in done.output
    assert re.search(r"[\u4e00-\u9fff]", command.help)
    for parameter in command.params:
        told = getattr(parameter, "help", None)
        assert told, f"{' '.join(way)} {parameter.name}"
        if parameter.name not in ("install_completion", "show_completion", "help"):
            assert re.search(r"[\u4e00-\u9fff]", told), told


def test_the_process_itself(processes: Processes, tmp_path: Path) -> None:
    terminal = Terminal(processes, tmp_path / "data")
    nothing, wrong = terminal.several((), ("fly",))
    assert "失踪未成年人" in nothing.out
    assert all(way[0] in nothing.out for way in ALL if len(way) == 1)
    assert (nothing.code, wrong.code) == (2, 2)
    assert "fly" in wrong.err
    assert not terminal.data.exists()
