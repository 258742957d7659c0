"""The process itself: the command line, a real socket, and what it leaves in its log."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from sandbox import serving
from sandbox.__main__ import main
from sandbox.serving import BadKeysError, read_keys
from sandbox.state import load
from tests.faults.processes import free_port
from tests.sandbox.stage import encoded, payload, prepared, signed

SERVE = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--huijia", "http://127.0.0.1:9"]


def test_it_serves_keeps_secrets_out_of_its_log_and_stops_when_told(tmp_path: Path) -> None:
    state, keys = tmp_path / "s.json", tmp_path / "k.json"
    kept = prepared(state, base=f"http://127.0.0.1:{free_port()}")  # its neighbours' ports follow from it
    keys.write_text(json.dumps({"沙盒·陕西广播电视台": "key-of-the-station", "沙盒·长安出行": "key-of-the-app"}))
    command = [*SERVE, "--state", str(state), "--keys", str(keys), "--delay-min", "0", "--delay-max", "0"]
    opening: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            opening, address = _opening(process)
            body = encoded(payload())
            with httpx.Client(base_url=address, trust_env=False) as client:
                headers = signed(kept.secrets["tv-1"], body, "dlv_1")
                assert client.post("/station/tv-1", content=body, headers=headers).status_code == 200
                token = kept.secrets["dingtalk-1/token"]
                assert client.post(f"/robot/send?access_token={token}&sign=x").json()["errcode"] == 310000
                assert client.get("/health").json()["receipts"]["waiting"] > 0  # nobody listens on port 9
        finally:
            process.send_signal(signal.SIGTERM)
            log = "".join(opening) + process.communicate(timeout=10)[0]
    assert process.returncode in (0, -signal.SIGTERM)
    assert "no key for 沙盒·城市大屏联播" in log
    assert "沙盒·雁塔志愿者协会" not in log  # a chat robot needs no key
    assert not any(secret in log for secret in [*load(state).secrets.values(), "key-of-the-station", "key-of-the-app"])
    assert "Traceback" not in log


def _opening(process: subprocess.Popen[str]) -> tuple[list[str], str]:
    """What it says until it is ready, and its address."""
    assert process.stdout is not None
    said: list[str] = []
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        if line.startswith("沙盒已就绪："):
            return said, line.strip().removeprefix("沙盒已就绪：")
        said.append(line)
    raise AssertionError("it did not start")


@pytest.mark.parametrize("content", [None, "", "[]", '{"a": 1}', '{"a": ""}', '{"a": "密钥"}'])
def test_keys_that_cannot_be_used_are_told_apart_from_a_crash(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    state, keys = tmp_path / "s.json", tmp_path / "k.json"
    prepared(state)
    if content is not None:
        keys.write_text(content)
    with pytest.raises(BadKeysError):
        read_keys(keys)
    assert main(["serve", "--state", str(state), "--keys", str(keys)]) == 2
    assert str(keys) in capsys.readouterr().err


def test_a_sandbox_that_was_never_set_up_says_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--state", str(tmp_path / "none.json"), "--keys", os.devnull]) == 2
    assert "请先运行 roster" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, keys = tmp_path / "s.json", tmp_path / "k.json"
    prepared(state)
    keys.write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--state", str(state), "--keys", str(keys), "--port", port]) == 2
    assert "沙盒无法启动" in capsys.readouterr().err


def test_delays_must_make_sense(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["serve", "--state", str(tmp_path / "s"), "--keys", str(tmp_path / "k")]
    assert main([*arguments, "--delay-min", "2", "--delay-max", "1"]) == 2
    assert "--delay-min" in capsys.readouterr().err


def test_the_pause_is_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[serving.Options] = []
    monkeypatch.setattr(serving, "serve", seen.append)
    arguments = [
        "serve",
        "--state",
        str(tmp_path / "s"),
        "--keys",
        str(tmp_path / "k"),
        "--hosts",
        "127.0.0.1, 127.0.0.2",
    ]
    assert main([*arguments, "--delay-min", "0.1", "--delay-max", "0.2"]) == 0
    assert (seen[0].pause.least, seen[0].pause.most) == (0.1, 0.2)
    assert seen[0].hosts == ("127.0.0.1", "127.0.0.2")
