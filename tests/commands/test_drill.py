"""``huijia drill`` against a huijia that is serving."""

import json
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import app
from tests.commands.conftest import Served
from tests.commands.terminal import api
from tests.faults.processes import free_port
from tests.making import record_json


def test_a_drill_is_an_exercise_whatever_the_record_says(served: Served, tmp_path: Path) -> None:
    terminal = served.terminal
    httpx.post(f"{terminal.far}/reset", trust_env=False).raise_for_status()
    record = tmp_path / "record.json"
    record.write_text(json.dumps(record_json(status="actual", organ_code="610000000000")))
    key = served.serving.after("公安密钥")
    done = terminal.huijia("drill", "--url", terminal.near, "--record", str(record), HUIJIA_KEY=key)
    assert done.code == 0, done
    assert key not in done.out + done.err
    code = next(word for word in done.out.split() if word.startswith("YL-"))
    assert "HJ-" not in done.out
    for word in ("沙盒·陕西卫视", "沙盒·长安出行App", "群消息无回执", "已发更正", "撤回：确认撤下"):
        assert word in done.out, done.out
    with api(terminal, key) as client:
        alert = client.get(f"/v1/alerts/{code}").json()
    assert (alert["status"], alert["state"], alert["oldest_undelivered"]) == ("exercise", "retracted", None)
    calls = httpx.get(f"{terminal.far}/log", trust_env=False).json()["calls"]
    assert {call["status"] for call in calls if call["kind"]} == {"exercise"}
    stations = httpx.get(f"{terminal.far}/now", trust_env=False).json()["stations"]
    assert not any(station["showing"] for station in stations)
    said = [message["title"] for station in stations for message in station["messages"] or ()]
    assert said
    assert all("【演练】" in title for title in said)


def test_a_drill_of_chosen_outlets(served: Served) -> None:
    """And the ledger has the same result as the terminal showed."""
    terminal = served.terminal
    key = terminal.huijia("key", "issue", "operator").out.strip()
    done = terminal.huijia(
        "drill", "--url", terminal.near, "--outlet", "沙盒·陕西卫视", "--channel", "dingtalk", HUIJIA_KEY=key
    )
    assert done.code == 0, done
    code = next(word for word in done.out.split() if word.startswith("YL-"))
    for word, there in (("沙盒·陕西卫视", True), ("已发更正", True), ("沙盒·长安出行App", False)):
        assert (word in done.out) is there, done.out
    with api(terminal, key) as client:
        result = client.get(f"/v1/drills/{code}").json()
    assert (result["state"], result["outcome"]["lacking"]) == ("ended", 0)
    assert {o["channel"] for o in result["outlets"]} == {"tv", "dingtalk"}
    station = next(o for o in result["outlets"] if o["name"] == "沙盒·陕西卫视")
    assert 0 < station["received_seconds"] <= station["aired_seconds"] < 30
    assert 0 < station["down_seconds"] < 30
    unknown = terminal.huijia("drill", "--url", terminal.near, "--outlet", "没有这个台", HUIJIA_KEY=key)
    assert "没有名称或编号为“没有这个台”的发布点" in unknown.plainly()


def test_a_drill_that_cannot_be_says_why(served: Served, tmp_path: Path) -> None:
    terminal = served.terminal
    wrong, nobody = terminal.several(
        ("drill", "--url", terminal.near, "--key", "hj_live_000000000000_" + 64 * "0"),
        ("drill", "--url", f"http://127.0.0.1:{free_port()}", "--key", "x"),
    )
    assert "401" in wrong.plainly()
    assert "连不上" in nobody.plainly()


@pytest.mark.parametrize("text", ["{", "[]", "null", "\udcff"])
def test_a_record_that_cannot_be_read_is_named(text: str, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    record.write_bytes(text.encode(errors="surrogateescape"))
    done = CliRunner().invoke(app, ["drill", "--key", "x", "--record", str(record)])
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert str(record) in done.output


def test_a_drill_needs_a_key() -> None:
    done = CliRunner().invoke(app, ["drill"], env={"HUIJIA_KEY": None})
    assert done.exit_code == 1
    assert "需要密钥" in done.output


def test_a_record_goes_where_it_says() -> None:
    done = CliRunner().invoke(app, ["drill", "--key", "x", "--record", "r.json", "--outlet", "7"])
    assert done.exit_code == 1
    assert "不能同时用" in done.output
