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
from tests.conftest import ROOT, throw_away

TRIED = ("tests/dispatch/test_plans.py", "tests/dispatch/test_share.py", "tests/dispatch/test_dispatcher.py")


def test_the_queue_is_planned_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, newest = find_binaries()
    there = [replace(ours, folder=program.parent) for program in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    older = {major: one for one in there if (major := one.major()) is not None and 15 <= major < newest}
    if not older:
        pytest.skip(f"no PostgreSQL from 15 to {newest - 1} runs on this machine: make field installs what there is")
    oldest = min(older)
    monkeypatch.setattr(embedded, "find_binaries", lambda: (older[oldest], oldest))
    with throw_away() as url:
        command = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider", *TRIED]
        env = os.environ | {"DATABASE_URL": url}
        said = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert said.returncode == 0, said.stdout[-6000:]
    assert re.search(r"\d+ passed", said.stdout), said.stdout[-300:]
    assert "skipped" not in said.stdout
