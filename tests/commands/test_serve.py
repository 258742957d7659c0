"""``huijia serve`` from the first start to the second Ctrl-C; and what it says when it cannot start."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.commands.conftest import Served
from tests.commands.terminal import Serving, Terminal, api, closed
from tests.faults.processes import Processes, free_port


@pytest.fixture
def terminal(tmp_path: Path, processes: Processes) -> Terminal:
    return Terminal(processes, tmp_path / "data")


def test_what_make_run_does(terminal: Terminal) -> None:
    first = terminal.serve("--sandbox", "--drill")
    said = first.said()
    ready = re.search(r"沙盒：(\d+) 个发布点就绪", said)
    assert ready is not None
    assert said.index(ready[0]) < said.index("撤回：确认撤下") < said.index("正在运行")
    assert first.after("控制台") == f"{terminal.near}/console/"
    assert httpx.get(first.after("控制台"), follow_redirects=True, trust_env=False).status_code == 200
    assert "进入控制台" in httpx.get(first.after("一次性登录"), trust_env=False).text
    assert httpx.get(first.after("公众所见"), trust_env=False).status_code == 200
    key = first.after("公安密钥")
    submitted = run_as_printed(first)
    assert submitted["status"] == "exercise"
    code = re.search(r"YL-\d{4}-\d{6}", said)
    assert code is not None
    with api(terminal, key) as client:
        drilled = client.get(f"/v1/alerts/{code[0]}").json()
    assert (drilled["state"], drilled["outlets"]) == ("retracted", {"down": int(ready[1]) - 1, "corrected": 1})
    assert first.interrupt() == (0, [])
    assert closed(terminal.port)
    assert closed(terminal.sandbox_port)
    assert str(terminal.data) in first.said().splitlines()[-1]
    assert "Traceback" not in first.said() + (terminal.data / "huijia.log").read_text()

    second = terminal.serve()
    assert second.after("公安密钥") == key
    assert second.after("一次性登录") != first.after("一次性登录")
    with api(terminal, key) as client:
        kept = client.get(f"/v1/alerts/{submitted['id']}")
    assert kept.json()["state"] == "active"
    assert second.interrupt() == (0, [])
    assert closed(terminal.port)


def run_as_printed(serving: Serving) -> dict[str, Any]:
    """The answer to the printed line: by the shell that it was printed for, and where there is no curl by its words."""
    line = serving.curl()
    if shutil.which("curl"):
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        body = done.stdout
    else:
        _, _, url, _, bearer, _, kind, _, file = shlex.split(line)
        headers = dict(header.split(": ") for header in (bearer, kind))
        body = httpx.post(url, content=Path(file[1:]).read_bytes(), headers=headers, trust_env=False).text
    answer: dict[str, Any] = json.loads(body)
    assert answer.get("id", "").startswith("YL-"), answer
    return answer


def test_a_port_that_is_taken_is_said_and_nobody_else_is_harmed(served: Served) -> None:
    """On the same data: the second one is a guest of the first one's PostgreSQL."""
    refused = served.terminal.huijia("serve")
    assert f"端口 {served.terminal.port} 无法监听" in refused.plainly()
    assert "HUIJIA_PORT" in refused.err
    ready = httpx.get(f"{served.terminal.near}/health/ready", trust_env=False)
    assert ready.status_code == 200


def test_a_database_that_is_not_there_is_said(terminal: Terminal) -> None:
    nowhere = f"postgresql://huijia:very-secret@127.0.0.1:{free_port()}/huijia"
    for said in terminal.several(("key", "list"), ("serve",), DATABASE_URL=nowhere):
        assert "DATABASE_URL" in said.plainly()
        assert "very-secret" not in said.out + said.err
        assert len(said.err.splitlines()) == 1
    assert "DATABASE_URL" in terminal.huijia("migrate", DATABASE_URL="nonsense").plainly()


def test_migrate_makes_the_schema_and_keeps_it(terminal: Terminal) -> None:
    for _ in range(2):
        said = terminal.huijia("migrate")
        assert (said.code, said.out.strip()) == (0, "数据库结构已是最新"), said
    assert (terminal.data / "pg" / "PG_VERSION").exists()
    assert not (terminal.data / "pg" / "postmaster.pid").exists(), "it left its PostgreSQL running"
