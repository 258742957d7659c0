"""What watches huijia asks for what huijia measures, and what keeps it running lets it run."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

import app.meters  # noqa: F401 - they name what is measured
from tests.conftest import ROOT

LEDGER = (ROOT / "app/api/metrics.py").read_text(encoding="utf-8")


def measured() -> set[str]:
    own = {name for collector in REGISTRY._collector_to_names.values() for name in collector}
    return own | set(re.findall(r'"(huijia_[a-z_]+)"', LEDGER))


def asked(text: str) -> set[str]:
    return set(re.findall(r"\bhuijia_[a-z_]+\b", text)) - {"huijia_dispatch"}


def test_the_rules_and_the_board_name_what_there_is() -> None:
    rules = (ROOT / "deploy/prometheus-rules.yml").read_text(encoding="utf-8")
    board = (ROOT / "deploy/grafana-board.json").read_text(encoding="utf-8")
    assert json.loads(board)["panels"]
    for text in (rules, board):
        assert len(asked(text)) > 5
        assert asked(text) <= measured()


def test_what_every_api_says_of_the_ledger_is_one_alert() -> None:
    """Each says the same: a rule that does not put them together calls a person as often as there are APIs."""
    rules = (ROOT / "deploy/prometheus-rules.yml").read_text(encoding="utf-8")
    for expression in re.findall(r"expr: (.+)", rules):
        together = re.sub(r"\b(?:max|min|absent)(?: by \(\w+\))? ?\((?:[^()]|\([^()]*\))*\)", "", expression)
        assert not asked(together) & set(re.findall(r'"(huijia_[a-z_]+)"', LEDGER)), expression


def test_nothing_that_is_measured_goes_unseen() -> None:
    seen = asked((ROOT / "deploy/prometheus-rules.yml").read_text() + (ROOT / "deploy/grafana-board.json").read_text())
    names = {re.sub(r"_(total|created|bucket|sum|count)$", "", n) for n in measured() if n.startswith("huijia_")}
    bases = {re.sub(r"_(total|created|bucket|sum|count)$", "", n) for n in seen}
    unseen = {"claimed", "unsettled"}
    assert names - bases <= {f"huijia_{name}" for name in unseen}


UNITS = sorted(path.name for path in (ROOT / "deploy").glob("*.service"))
HUIJIA = "/opt/huijia/.venv/bin/huijia"


def unit(name: str, instance: str = "") -> dict[str, list[str]]:
    """What a unit says, by directive, as systemd reads it for that instance."""
    said: dict[str, list[str]] = {}
    for line in (ROOT / "deploy" / name).read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            directive, _, value = line.partition("=")
            said.setdefault(directive, []).append(value.replace("%i", instance).replace("%%", "%"))
    return said


def variables(said: dict[str, list[str]]) -> dict[str, str]:
    return dict(pair.split("=", 1) for line in said["Environment"] for pair in shlex.split(line))


def metrics_port(instance: int, huijia: Path) -> int:
    """Where the dispatcher of that instance would serve its metrics: the unit's own command is run, with ``huijia`` in
    place of the real one."""
    said = unit("huijia-dispatch@.service", str(instance))
    (line,) = said["ExecStart"]
    assert not re.search(r"[$]", line.replace("$$", "")), "systemd would look for a variable of its own"
    command = shlex.split(line.replace("$$", "$").replace(HUIJIA, str(huijia)))
    done = subprocess.run(command, env=variables(said), capture_output=True, text=True, check=True)
    verb, port = done.stdout.split()
    assert verb == "dispatch"
    return int(port)


def test_every_dispatcher_of_a_machine_has_a_port_of_its_own(tmp_path: Path) -> None:
    (huijia := tmp_path / "huijia").write_text('#!/bin/sh\necho "$@" "$HUIJIA_METRICS_PORT"\n')
    huijia.chmod(0o700)
    ports = [metrics_port(instance, huijia) for instance in range(1, 31)]
    assert ports == list(range(9461, 9491))
    rules = (ROOT / "deploy/prometheus-rules.yml").read_text(encoding="utf-8")
    scraped = [int(port) for port in re.findall(r"127\.0\.0\.1:(9\d+)", rules)]
    assert scraped == ports[: len(scraped)] != [], "what is scraped is where the first ones are"


@pytest.mark.parametrize("name", UNITS)
def test_what_is_made_at_the_first_start_can_be_written(name: str) -> None:
    said = unit(name, "1")
    assert said["ProtectSystem"] == ["strict"]
    assert said["StateDirectory"] == ["huijia"]
    assert said["StateDirectoryMode"] == ["0700"]
    assert variables(said)["HUIJIA_DATA"] == "/var/lib/huijia"
