"""The play-out servers stand in the sandbox with the other far ends: roster, page, switches and reset."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.carriers.amcp import AmcpSettings, CasparCg
from channels.carriers.obs import Obs, ObsSettings
from channels.contract import Accepted, Notice, Outcome, Status
from sandbox import playout, roster, state
from sandbox.faults import Fault
from sandbox.playout import AMCP_SLUG, OBS_SLUG, Playout
from tests.channels.far_ends import pressed
from tests.channels.notices import NOW, PUBLISH, RETRACT
from tests.channels.obs_station import Painted

CARRIERS: Mapping[str, Any] = {OBS_SLUG: (Obs(), ObsSettings), AMCP_SLUG: (CasparCg(), AmcpSettings)}
both = pytest.mark.parametrize("slug", CARRIERS)


@pytest.fixture
def unused_tcp_port() -> int:
    """One of which those beside it are free too, and below the range that outgoing connections take theirs from."""
    for _ in range(100):
        port = random.randint(20_000, 30_000)
        beside = [playout.port(f"http://127.0.0.1:{port}", slug) for slug in CARRIERS]
        if all(map(is_free, (port, *beside))):
            return port
    raise AssertionError("no port is free")


def is_free(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0


class Sandbox:
    def __init__(self, servers: Playout, given: dict[str, Any]) -> None:
        self.servers, self.given = servers, given
        self.fault: Fault | None = None

    async def send(self, slug: str, notice: Notice) -> Outcome:
        carrier, settings = CARRIERS[slug]
        told = settings.model_validate(self.given[slug])
        outcome: Outcome = await carrier.send(
            pressed(notice, "tv")[0], told, key="dlv_1", prior=None, now=NOW, wire=Painted()
        )
        return outcome


@asynccontextmanager
async def sandbox(tmp_path: Path, port: int) -> AsyncIterator[Sandbox]:
    path = tmp_path / "sandbox.json"
    document = json.loads(roster.prepare(path, f"http://127.0.0.1:{port}"))
    outlets = [outlet for partner in document["partners"] for outlet in partner["outlets"]]
    given = {
        slug: next(o["settings"] for o in outlets if o["carrier"] == name)
        for slug, name in ((OBS_SLUG, "obs"), (AMCP_SLUG, "amcp"))
    }
    made = Sandbox(playout.built(state.load(path)), given)
    async with made.servers.served(lambda slug: made.fault):
        yield made


@both
async def test_huijia_reaches_them_with_what_the_roster_says(slug: str, tmp_path: Path, unused_tcp_port: int) -> None:
    async with sandbox(tmp_path, unused_tcp_port) as at:
        assert isinstance(await at.send(slug, replace(PUBLISH, status=Status.EXERCISE)), Accepted)
        (shown,) = at.servers.showing(slug)
        assert shown["alert"] == PUBLISH.alert
        assert shown["status"] == "exercise"
        assert shown["texts"]["crawl"].startswith("【演练】紧急寻人")
        assert isinstance(await at.send(slug, replace(RETRACT, status=Status.EXERCISE)), Accepted)
        assert at.servers.showing(slug) == []


@both
@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.SERVER_ERROR, Fault.LYING])
async def test_the_switches_reach_them(slug: str, fault: Fault, tmp_path: Path, unused_tcp_port: int) -> None:
    async with sandbox(tmp_path, unused_tcp_port) as at:
        at.fault = fault
        await at.send(slug, PUBLISH)
        assert at.servers.showing(slug) == []
        at.fault = None
        assert isinstance(await at.send(slug, PUBLISH), Accepted)
        assert len(at.servers.showing(slug)) == 1


@both
async def test_forgotten(slug: str, tmp_path: Path, unused_tcp_port: int) -> None:
    async with sandbox(tmp_path, unused_tcp_port) as at:
        await at.send(slug, RETRACT)
        at.servers.forget()
        assert isinstance(await at.send(slug, PUBLISH), Accepted), "nothing remembers that it is over"
        at.servers.forget()
        assert at.servers.showing(slug) == []


async def test_a_port_that_is_taken_costs_its_own_server_only(tmp_path: Path, unused_tcp_port: int) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port}"
    squatter = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", playout.port(base, OBS_SLUG))
    try:
        async with sandbox(tmp_path, unused_tcp_port) as at:
            assert isinstance(await at.send(AMCP_SLUG, PUBLISH), Accepted)
    finally:
        squatter.close()
        await squatter.wait_closed()


@pytest.mark.parametrize("own", [80, 8100, 65_530])
def test_ports(own: int) -> None:
    found = {playout.port(f"http://127.0.0.1:{own}", slug) for slug in CARRIERS}
    assert len(found) == 2
    assert all(0 < one < 65_536 for one in found)
