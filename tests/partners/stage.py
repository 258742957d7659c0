"""huijia on a port of this machine with a dispatcher behind it, and a partner's own programs in front of it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from app.commands.sample import ORGAN, ORGAN_NAME, sample_record
from app.db.engine import transaction
from app.dispatch.dispatcher import Dispatcher
from app.dispatch.keeping import Keeping
from app.dispatch.press import HousePress
from app.dispatch.trial import Trials
from app.dispatch.wire import HttpWire
from app.domain.calling import read_networks
from app.domain.words import Scope
from app.flows.house import House
from app.flows.ports import Signer, new_signing_key
from app.flows.principal import issue_key
from app.main import build_app
from tests.faults.processes import free_port
from tests.making import make_organ, make_outlet, make_partner

PARTNER = "示例协作单位"
SECRET = "whsec_bXlzdGVyaW91c2tleWJ5dGVzMTIzNDU2Nzg5MDEyMzQ="


@dataclass
class Service:
    """``client`` calls with the officer's key. ``key`` is the partner's."""

    house: House
    base: str
    client: httpx.AsyncClient
    partner: int
    key: str
    test_key: str
    officer: str
    operator: str
    wire: HttpWire
    dispatching: "asyncio.Task[None] | None" = None
    stop: asyncio.Event | None = None

    def start(self) -> None:
        """The dispatcher."""
        assert isinstance(self.house.press, HousePress)
        dispatcher = Dispatcher(self.house.engine, self.house.press, self.house.seal, self.wire)
        self.stop = asyncio.Event()
        self.dispatching = asyncio.create_task(dispatcher.run(self.stop))

    async def end(self) -> None:
        if self.dispatching is not None and self.stop is not None:
            self.stop.set()
            await asyncio.wait_for(self.dispatching, 15)

    @staticmethod
    def record(status: str = "exercise") -> dict[str, Any]:
        """A valid record of a new case."""
        return sample_record(status)

    async def issue(self, **changes: Any) -> str:
        """A live alert; returns its number. An exercise unless ``changes`` say otherwise."""
        answer = await self.client.post("/v1/alerts", json=sample_record() | changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def retract(self, code: str) -> None:
        answer = await self.client.post(f"/v1/alerts/{code}/retract", json={"reason": "found"})
        assert answer.status_code == 200, answer.text

    async def deliveries(self, code: str) -> list[dict[str, Any]]:
        """Of every notice, oldest first."""
        answer = await self.client.get(f"/v1/alerts/{code}/deliveries")
        found: list[dict[str, Any]] = answer.json()["deliveries"]
        return found

    async def is_confirmed(self, code: str, number: int) -> bool:
        states = {d["state"] for d in await self.deliveries(code) if d["number"] == number}
        return states == {"confirmed"}

    async def hook(self, url: str, **settings: Any) -> int:
        """The partner's television station, which is called at ``url``."""
        said = {"url": url, "secret": SECRET} | settings
        return await self.outlet(name="示例电视台", channel="tv", settings=said)

    async def outlet(self, **facts: Any) -> int:
        """An outlet of the partner that serves the county of the sample record."""
        county = {"codes": ("610113",), "lon": None, "lat": None, "datum": None}
        return await make_outlet(self.house, partner=PARTNER, **county | facts)


@asynccontextmanager
async def service(house: House) -> AsyncIterator[Service]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    signer = Signer(new_signing_key())
    wire = HttpWire(Keeping(house.engine), signer=signer, allowed=read_networks("127.0.0.0/8"))
    here = replace(
        house,
        base_url=base,
        press=HousePress(base, house.media_secret),
        signer=signer,
        trier=Trials(house.engine, house.seal, HousePress(base, house.media_secret), wire),
        metrics_token="metrics-token",
    )
    app = build_app(here)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False, server_header=False))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, not an event
        await asyncio.sleep(0.01)
    keys = await _keys(here)
    headers = {"authorization": f"Bearer {keys['officer']}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as client:
        made = Service(here, base, client, wire=wire, **keys)
        made.start()
        yield made
        await made.end()
    app.state.live.close()
    app.state.desk.close()
    server.should_exit = True
    await serving
    await wire.close()


async def _keys(house: House) -> dict[str, Any]:
    partner = await make_partner(house, PARTNER)
    await make_organ(house, ORGAN, ORGAN_NAME, ORGAN[:6])
    async with transaction(house.engine) as session:

        async def make(scope: Scope, live: bool = True, **of: Any) -> str:
            return await issue_key(session, scope, live=live, label="test", **of)

        return {
            "partner": partner,
            "key": await make(Scope.PARTNER, partner_id=partner),
            "test_key": await make(Scope.PARTNER, live=False, partner_id=partner),
            "officer": await make(Scope.POLICE, organ_code=ORGAN),
            "operator": await make(Scope.OPERATOR),
        }


class Program:
    """A partner's program as a process of its own. ``said`` is every line that it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.said.append(line.decode().rstrip())

    def has_said(self, beginning: str) -> bool:
        return any(line.startswith(beginning) for line in self.said)

    async def says(self, beginning: str, seconds: float = 15) -> None:
        """Wait until it has printed a line that begins so."""
        async with asyncio.timeout(seconds):
            while not self.has_said(beginning):
                assert self._process.returncode is None, self.said
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """As ``kill -9`` does."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading


@asynccontextmanager
async def running(*command: str, env: Mapping[str, str], folder: Path) -> AsyncIterator[Program]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={**kept, **env}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    program = Program(process)
    try:
        yield program
    finally:
        await program.kill()


PYTHON = sys.executable


def write_data(folder: Path, made: Service) -> None:
    """What ``make run`` leaves in its data folder, for an engineer who tries things out beside it."""
    data = folder / ".data"
    data.mkdir()
    (data / "officer.key").write_text(made.officer)
    (data / "duty.key").write_text(made.operator)
    (data / "record.json").write_text(json.dumps(sample_record(), ensure_ascii=False))
