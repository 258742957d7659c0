"""The arrows between rooms: see ``tool.importlinter`` in pyproject.toml."""

import subprocess
import sys

from tests.conftest import ROOT


def test_the_import_arrows_hold() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    assert "0 broken" in said.stdout
