"""On the PostgreSQL that a distribution has and not on the newest, which plans otherwise: what the queue asks of it is planned
as it should be, and a fan-out does what it does elsewhere."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.db import embedded
from app.db.binaries import find_binaries
from tests.conftest import throw_away

TRIED = ("tests/dispatch/test_plans.py", "tests/dispatch/test_share.py", "tests/dispatch/test_dispatcher.py")


def test_the_queue_is_planned_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {int(p.parts[-2]): p for p in Path("/usr/lib/postgresql").glob("[0-9]*/bin") if (p / "postgres").exists()}
    ours, newest = find_binaries()
    if not (older := [major for major in folders if 15 <= major < newest]):
        pytest.skip("no PostgreSQL of the distribution's on this machine: make field installs it")
    binaries = replace(ours, folder=folders[min(older)])
    if binaries.major() != min(older):
        pytest.skip(f"the PostgreSQL in {binaries.folder} cannot be run here")
    monkeypatch.setattr(embedded, "find_binaries", lambda: (binaries, min(older)))
    with throw_away() as url:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TRIED]
        said = subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout[-6000:]
    assert re.search(r"^\d+ passed in", said.stdout, re.M), said.stdout[-300:]
