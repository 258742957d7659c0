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


def test_settings_that_cannot_be_used_are_named_and_not_shown(processes: Processes, tmp_path: Path) -> None:
    said = Terminal(processes, tmp_path / "data").huijia(
        "api", HUIJIA_PORT="70000", HUIJIA_METRICS_TOKEN="too-short", HUIJIA_MAY_CALL="10.0.0.0/99",
        HUIJIA_CAP_SENDER="two words",
    )  # fmt: skip
    assert said.code == 1
    assert said.err.splitlines() == [
        "设置有误，没有启动：",
        "HUIJIA_PORT：过大，不得大于 65535。核对后填写。",
        "HUIJIA_MAY_CALL：应为 CIDR 网段，多个用逗号分开，如 10.1.0.0/16,192.168.3.7。",
        "HUIJIA_METRICS_TOKEN：内容过短，至少 16 字。补足内容。",
        "HUIJIA_CAP_SENDER：不得为空，也不得含空格、逗号、< 或 &（CAP 1.2 §3.2.1）。",
    ]
