"""docs/partners/start.md, from the first command to the last, beside the real service that `make run` starts."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.commands.terminal import Terminal
from tests.faults.processes import Processes, free_port
from tests.partners.pages import FOLDER, Reading, Shell, blocks, furnish, needs_a_shell


async def test_the_first_page_is_true(processes: Processes, tmp_path: Path) -> None:
    """With the `make run` of the page but for its ports: it is what that command runs."""
    needs_a_shell()
    make, *steps = blocks(FOLDER / "start.md")
    assert make.text == "make run\n"
    furnish(tmp_path)
    terminal, hook = Terminal(processes, tmp_path / ".data"), free_port()
    serving = await asyncio.to_thread(terminal.serve, "--sandbox")
    env = {**os.environ, **terminal.env({"HUIJIA": terminal.near, "PORT": str(hook)})}
    shell = await Shell.open(tmp_path, env)
    moved = {"127.0.0.1:9000": f"127.0.0.1:{hook}", "on 9000": f"on {hook}"}
    try:
        await (reader := Reading(shell, moved)).read(FOLDER / "start.md", steps)
    finally:
        await shell.close()
        await asyncio.to_thread(serving.interrupt)
    if reader.missing:
        pytest.skip(f"NOT ALL OF START.MD IS TESTED ON THIS MACHINE: {'; '.join(reader.missing)}")
