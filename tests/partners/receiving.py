"""The example receivers as processes, each with a port and a disk of its own."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from tests.conftest import ROOT
from tests.faults.processes import free_port
from tests.partners.stage import PYTHON, SECRET, Program, Service, running

INSTALL = "npm install --prefix examples --no-save --no-package-lock standardwebhooks"
"""As docs/partners/start.md and the example itself have it."""


def examples_with_packages(folder: Path) -> Path:
    """A copy of the folder ``examples`` beside which ``npm`` has been: nothing is left in the repository by a test. Skips
    where there is no Node, or no way to npm's packages."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("NO NODE ON THIS MACHINE: examples/receiver.mjs IS NOT TESTED (install nodejs and npm)")
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("node_modules"))
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(
        [*INSTALL.split(), *quiet], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        pytest.skip(f"NPM CANNOT INSTALL standardwebhooks: examples/receiver.mjs IS NOT TESTED ({done.stderr[-300:]})")
    left = {path.name for path in folder.rglob("package*.json") if "node_modules" not in path.parts}
    assert not left, "what it leaves beside node_modules would have to be committed or ignored"
    return folder / "examples"


class Receiver:
    """One of the examples at one port, with one state on the disk; started as often as a test likes."""

    def __init__(self, made: Service, folder: Path, command: list[str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.outlet = 0
        self._made, self._folder, self._command = made, folder, command

    @classmethod
    def python(cls, made: Service, folder: Path) -> "Receiver":
        return cls(made, folder, [PYTHON, str(ROOT / "examples/receiver.py")])

    @classmethod
    def node(cls, made: Service, folder: Path, examples: Path) -> "Receiver":
        return cls(made, folder, ["node", str(examples / "receiver.mjs")])

    async def enrol(self, **settings: str) -> None:
        self.outlet = await self._made.hook(f"{self.url}/hooks/huijia", **settings)

    @asynccontextmanager
    async def started(self, **env: str) -> AsyncIterator[Program]:
        given = {
            "HUIJIA": self._made.base, "KEY": self._made.key, "OUTLET": str(self.outlet), "SECRET": SECRET,
            "PORT": str(self.port), "STATE": str(self._folder / "state"), "DRILLS": "show",
        }  # fmt: skip
        async with running(*self._command, env=given | env, folder=self._folder) as program:
            await program.says("listening")
            yield program

    async def screen(self) -> dict[str, dict[str, str]]:
        async with httpx.AsyncClient() as client:
            found: dict[str, dict[str, str]] = (await client.get(self.url)).json()
            return found

    async def post(self, id: str, body: bytes, signature: str, at: datetime) -> int:
        """What it answers to a request that may be anybody's."""
        stamped = {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
        async with httpx.AsyncClient() as client:
            return (await client.post(self.url, content=body, headers=stamped)).status_code

    async def call(self, id: str, said: Any) -> int:
        """As huijia calls it, signed with the shared secret."""
        body, now = orjson.dumps(said), datetime.now(UTC)
        return await self.post(id, body, Webhook(SECRET).sign(id, now, body.decode()), now)
