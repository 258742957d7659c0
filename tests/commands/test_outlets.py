"""Outlets: enrolled, listed, tried out."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import httpx

from app.dispatch.trial import REST
from tests.commands.conftest import Served
from tests.commands.terminal import Said, Terminal, heard

STATION, SLUG = "沙盒·陕西卫视", "tv-1"
LIST = ("outlet", "list")
OTHER_SECRET = "whsec_" + base64.b64encode(b"somebody else's secret, 32 bytes").decode()


def secret(terminal: Terminal) -> str:
    """The station's own, from the sandbox's state file."""
    kept: str = json.loads((terminal.data / "sandbox.json").read_text())["secrets"][SLUG]
    return kept


def add(terminal: Terminal, name: str, key: str, *more: str) -> Said:
    settings = json.dumps({"url": f"{terminal.far}/station/{SLUG}", "secret": key})
    return terminal.huijia(
        "outlet", "add", "--partner", "城墙传媒", "--name", name, "--channel", "tv", "--carrier", "webhook",
        "--settings", settings, "--codes", "610100，610113", "--place", "108.948,34.210,GCJ02", *more,
    )  # fmt: skip


def rest() -> None:
    """An outlet is not tried again at once."""
    time.sleep(REST.total_seconds() + 0.2)


def test_an_outlet_is_added_tried_and_given_another_secret(served: Served) -> None:
    terminal = served.terminal
    name, before = "城墙台", len(heard(terminal, SLUG))
    assert "已登记 1 个发布点" in add(terminal, name, secret(terminal), "--tests", "--no-check").out
    tried = terminal.huijia("outlet", "test", name)
    assert tried.code == 0, tried
    assert "已接收" in tried.out
    calls = heard(terminal, SLUG)[before:]
    assert [(call["kind"], call["status"], call["verdict"]) for call in calls] == [
        ("publish", "test", "shown"), ("retract", "test", "taken_down")
    ]  # fmt: skip

    assert add(terminal, name, OTHER_SECRET, "--tests", "--no-check").code == 0
    rest()
    refused, listed = terminal.several(("outlet", "test", name), LIST)
    assert refused.code == 1
    assert "拒绝" in refused.out
    assert "bad_credentials" in refused.out
    assert heard(terminal, SLUG)[-1]["verdict"] == "bad_signature"
    (row,) = (line for line in listed.out.splitlines() if name in line)
    assert all(word in row for word in ("城墙传媒", "tv", "webhook", "610100 610113", "接收"))
    assert OTHER_SECRET.removeprefix("whsec_") not in listed.out + refused.out + refused.err


def test_a_secret_is_changed_while_the_old_one_still_signs(served: Served) -> None:
    """The station goes on with its own: what it is sent now is signed with both."""
    terminal = served.terminal
    added = add(terminal, "换钥台", secret(terminal), "--tests")
    assert "测试通告  已接收  HTTP 200" in added.out, "tried when it was enrolled"
    assert "测试撤下  已接收" in added.out
    changed = terminal.huijia("outlet", "rotate", "换钥台", "--hours", "1")
    assert changed.code == 0, changed
    new = changed.out.splitlines()[0]
    assert new.startswith("whsec_")
    assert "同时有效至" in changed.out
    rest()
    assert terminal.huijia("outlet", "test", "换钥台").code == 0
    assert terminal.huijia("outlet", "rotate", "换钥台", "--hours", "0").code == 0
    rest()
    refused = terminal.huijia("outlet", "test", "换钥台")
    assert (refused.code, "bad_credentials" in refused.out) == (1, True)
    assert new not in refused.out + refused.err


def times_tested(terminal: Terminal, slug: str) -> int:
    """How many. One that asks for news may have had the alert that a key was tried with."""
    return sum(call["status"] == "test" for call in heard(terminal, slug))


def test_outlets_that_do_not_take_it_or_cannot_be_tried_say_why(served: Served) -> None:
    terminal = served.terminal
    assert add(terminal, "不接收测试的台", secret(terminal)).code == 0
    control = f"{terminal.far}/control/screen-1"
    before = times_tested(terminal, "app-1")
    httpx.post(control, json={"mode": "hanging"}, trust_env=False).raise_for_status()
    try:
        hanging, unwilling, polling, unknown = terminal.several(
            ("outlet", "test", "沙盒·小寨十字大屏"),
            ("outlet", "test", "不接收测试的台"),
            ("outlet", "test", "沙盒·长安出行App"),
            ("outlet", "test", "没有这个台"),
        )
    finally:
        httpx.post(control, json={"mode": "ok"}, trust_env=False).raise_for_status()
    assert hanging.code == 1
    assert "未成功，可重试" in hanging.out
    assert "timeout" in hanging.out
    assert "未同意接收测试" in unwilling.plainly()
    assert "自行取用" in polling.plainly()
    assert "没有名为 没有这个台 的发布点" in unknown.plainly()
    assert times_tested(terminal, "app-1") == before


def test_every_wire_of_the_sandbox_takes_a_test_notice(served: Served) -> None:
    """Those that show pictures or play sounds are given some; a picture that has to be fetched is there to be fetched."""
    wires = {
        "xibo": "沙盒·行政中心站信息屏",
        "vnnox": "沙盒·钟楼LED屏",
        "liquidsoap": "沙盒·长安之声",
        "obs": "沙盒·西安新闻频道（OBS）",
        "amcp": "沙盒·西安影视频道（CasparCG）",
        "ebd": "沙盒·西安村村响大喇叭",
        "mqtt": "沙盒·小寨站站厅屏",
        "dingtalk_app": "沙盒·曲江寻人志愿者群",
        "dingtalk_robot": "沙盒·雁塔寻人志愿者群",
        "webhook": "沙盒·秦声新闻客户端",
    }
    told = served.terminal.several(*(("outlet", "test", name) for name in wires.values()))
    for wire, said in zip(wires, told, strict=True):
        assert (said.code, said.out.count("已接收")) == (0, 2), (wire, said)
    assert "could not be loaded" not in (served.terminal.data / "sandbox.log").read_text()


def outlet(name: str, **changes: Any) -> dict[str, Any]:
    given = {
        "name": name, "channel": "screen", "carrier": "webhook", "codes": ["610113"],
        "settings": {"url": "https://screens.example.cn/huijia", "secret": OTHER_SECRET},
    }  # fmt: skip
    return given | changes


def test_an_import_enrols_everything_or_names_every_fault_and_enrols_nothing(served: Served, tmp_path: Path) -> None:
    """Two readings: first the form of the document, then what only huijia can know."""
    good = [outlet(f"南门{n}号屏", place={"lon": 108.942, "lat": 34.251, "datum": "GCJ02"}) for n in range(3)]
    form = [outlet("好屏甲"), outlet("坏屏甲", codes="610113"), outlet("坏屏乙", surprise=1)]
    facts = [
        outlet("好屏乙"),
        outlet("坏屏丙", codes=["619999"]),
        outlet("坏屏丁", channel="telegraph"),
        outlet("坏屏戊", settings={"url": "ftp://x", "secret": "short"}),
    ]
    files = {}
    for name, outlets in (("南门传媒", good), ("形式传媒", form), ("事实传媒", facts)):
        files[name] = tmp_path / f"{name}.json"
        files[name].write_text(json.dumps({"partners": [{"name": name, "phone": "029-1", "outlets": outlets}]}))
    (broken := tmp_path / "broken.json").write_text("{")
    imported, formless, unknown, unreadable = served.terminal.several(
        *(("outlet", "import", str(file)) for file in (*files.values(), broken))
    )
    assert "已登记 3 个发布点" in imported.out
    assert [line.split()[0] for line in formless.plainly().splitlines()] == [
        "/partners/0/outlets/1/codes", "/partners/0/outlets/2/surprise"
    ]  # fmt: skip
    assert [line.split()[0].removeprefix("/partners/0/outlets/") for line in unknown.plainly().splitlines()] == [
        "1/codes/0", "2/channel", "3/settings/url", "3/settings/secret"
    ]  # fmt: skip
    assert "short" not in unknown.err
    assert "不是合法的 JSON" in unreadable.plainly()

    again, listed = (served.terminal.huijia(*words) for words in (("outlet", "import", str(files["南门传媒"])), LIST))
    assert "已登记 3 个发布点" in again.out
    assert sum("南门传媒" in line for line in listed.out.splitlines()) == 3
    assert not any(word in listed.out for word in ("形式传媒", "事实传媒", "好屏"))
