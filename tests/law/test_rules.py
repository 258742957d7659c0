"""The alert rules call a person when they must, and only then: Prometheus' own tool says so."""

import shutil
import subprocess

import pytest

from tests.conftest import ROOT

PROMTOOL = shutil.which("promtool")
WANTED = "no promtool here: it comes with Prometheus (apt-get install prometheus)"


@pytest.mark.skipif(PROMTOOL is None, reason=WANTED)
@pytest.mark.parametrize(
    "command", [("check", "rules", "deploy/prometheus-rules.yml"), ("test", "rules", "tests/law/rules.yml")]
)
def test_the_rules(command: tuple[str, ...]) -> None:
    assert PROMTOOL is not None
    said = subprocess.run([PROMTOOL, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
