"""The ``huijia`` command as somebody at a terminal uses it: real processes, a data folder, free ports."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.faults.processes import HUIJIA, NO_SETTINGS, Processes, alive, environment, free_port, offspring, tied

PATIENCE = 60.0
SANDBOX = {"HUIJIA_MAY_CALL": "127.0.0.1"}  # what `serve --sandbox` sets for itself, a command beside it must be told
RUNNING = "正在运行，Ctrl-C 停止"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    def plainly(self) -> str:
        """What it said went wrong: one status, no stack."""
        assert self.code == 1, self
        assert "Traceback" not in self.err + self.out
        assert "╭" not in self.err, self.err  # the frame around a pretty traceback
        assert re.search(r"[\u4e00-\u9fff]", self.err), self.err
        return self.err


class Terminal:
    """One data folder, and what is run on it. Everything that still lives is killed with ``processes``."""

    def __init__(self, processes: Processes, data: Path) -> None:
        self.data = data
        self.port, self.sandbox_port = free_port(), free_port()
        self.near, self.far = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.sandbox_port}"
        self._processes = processes

    def env(self, settings: Mapping[str, str] = NO_SETTINGS) -> dict[str, str]:
        return environment(self.data, {"HUIJIA_PORT": str(self.port), **settings})

    def huijia(self, *arguments: str, typed: str = "", **settings: str) -> Said:
        """Run a command to its end. ``settings`` are environment variables."""
        done = subprocess.run(
            [*HUIJIA, *arguments], env=self.env(SANDBOX | settings), cwd=self.data.parent, input=typed, text=True,
            capture_output=True, timeout=PATIENCE, preexec_fn=tied(),
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    def several(self, *commands: tuple[str, ...], **settings: str) -> list[Said]:
        """Commands that do not depend on each other, two at a time: most of their time is Python starting."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda arguments: self.huijia(*arguments, **settings), commands))

    def serve(self, *arguments: str) -> "Serving":
        """Start ``huijia serve`` and wait until it says how to go on."""
        name = f"serve-{self.port}"
        began = log.stat().st_size if (log := self._processes.log(name)).exists() else 0
        command = (*HUIJIA, "serve", "--sandbox-port", str(self.sandbox_port), *arguments)
        process = self._processes.start(name, *command, env=self.env(), cwd=self.data.parent)
        serving = Serving(process, log, began)
        deadline = time.monotonic() + PATIENCE
        while "-d @" not in serving.said():
            assert process.poll() is None, serving.said()
            assert time.monotonic() < deadline, serving.said()
            time.sleep(0.05)
        return serving


@dataclass(frozen=True, slots=True)
class Serving:
    """A ``huijia serve`` that runs, and what it has printed since it began."""

    process: subprocess.Popen[bytes]
    log: Path
    began: int

    def said(self) -> str:
        with open(self.log, "rb") as lines:
            lines.seek(self.began)
            return lines.read().decode()

    def after(self, heading: str) -> str:
        """The rest of the line that begins so."""
        found = re.search(rf"^{heading}\s+(\S+)", self.said(), re.MULTILINE)
        assert found is not None, self.said()
        return found[1]

    def curl(self) -> str:
        """The printed command, as a user would copy it."""
        found = re.search(r"^curl .*\\\n.*$", self.said(), re.MULTILINE)
        assert found is not None, self.said()
        return found[0]

    def interrupt(self) -> tuple[int, list[int]]:
        """Ctrl-C, which the terminal gives to the whole foreground group. The exit status, and what still lives of all
        that it had started."""
        family = offspring(self.process.pid)
        assert len(family) > 1, "PostgreSQL at least"
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(30)
        deadline = time.monotonic() + 2
        while (left := [pid for pid in family if alive(pid)]) and time.monotonic() < deadline:
            time.sleep(0.02)
        return code, left


def closed(port: int) -> bool:
    """Whether nobody listens there any more."""
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=2, trust_env=False)
    except httpx.ConnectError:
        return True
    return False


def api(terminal: Terminal, key: str) -> httpx.Client:
    """The API, with a key."""
    headers = {"authorization": f"Bearer {key}"}
    return httpx.Client(base_url=terminal.near, headers=headers, timeout=20, trust_env=False)


def heard(terminal: Terminal, slug: str) -> list[dict[str, Any]]:
    """What this station of the sandbox has heard."""
    calls = httpx.get(f"{terminal.far}/log", timeout=10, trust_env=False).json()["calls"]
    return [call for call in calls if call["slug"] == slug]
