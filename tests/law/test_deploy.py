"""What watches huijia asks for what huijia measures."""

import json
import re

from prometheus_client import REGISTRY

import app.dispatch.watchdog
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


def test_nothing_that_is_measured_goes_unseen() -> None:
    seen = asked((ROOT / "deploy/prometheus-rules.yml").read_text() + (ROOT / "deploy/grafana-board.json").read_text())
    names = {re.sub(r"_(total|created|bucket|sum|count)$", "", n) for n in measured() if n.startswith("huijia_")}
    bases = {re.sub(r"_(total|created|bucket|sum|count)$", "", n) for n in seen}
    unseen = {"claimed", "unsettled", "pool_in_use", "pool_limit", "sweep_failures"}
    assert names - bases <= {f"huijia_{name}" for name in unseen}
