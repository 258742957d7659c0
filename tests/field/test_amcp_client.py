"""The sandbox's CasparCG Server, as an independent client sees it: what our carrier was tested against speaks AMCP."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from channels.carriers.amcp import CasparCg, layer_of, template_data
from channels.contract import Accepted
from sandbox.amcp import Amcp
from tests.channels.caspar_station import settings
from tests.channels.far_ends import pressed
from tests.channels.notices import NOW, PUBLISH
from tests.channels.wire import FakeWire
from tests.conftest import ROOT

CLIENT = "casparcg-connection@6.3.3"
SCRIPT = Path(__file__).parent / "amcp_client.cjs"


@pytest.fixture(scope="module")
def client() -> Path:
    """The folder in which the client is installed, kept between runs."""
    if lacking := [name for name in ("node", "npm") if shutil.which(name) is None]:
        pytest.skip(f"no {' and no '.join(lacking)} on this machine: CasparCG's own client was not tried")
    folder = ROOT / "artefacts" / "node"
    if not (folder / "node_modules" / "casparcg-connection").exists():
        folder.mkdir(parents=True, exist_ok=True)
        said = subprocess.run(
            ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", CLIENT],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if said.returncode:
            pytest.skip(f"npm could not install {CLIENT}: {said.stderr[-300:]}")
    return folder


async def run(folder: Path, port: int, layer: int, data: bytes) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        "node",
        str(SCRIPT),
        str(port),
        str(layer),
        data.decode(),
        str(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, errors.decode()
    said: dict[str, Any] = json.loads(out)
    return said


async def test_the_independent_client_understands_the_server(client: Path) -> None:
    server = Amcp()
    rendition = pressed(PUBLISH, "tv")[0]
    async with server.served() as port:
        layer = layer_of(PUBLISH, settings(port))
        said = await run(client, port, layer, template_data(rendition, 0))
    codes = {name: reply["code"] for name, reply in said.items()}
    assert codes == {
        "version": 201, "info": 200, "unknown template": 404, "add": 202, "channel": 201, "update": 202, "stop": 202,
        "clear": 202, "stop of nothing": 403,
    }  # fmt: skip
    assert [one["channel"] for one in said["info"]["data"]] == [1, 2]
    (listed,) = said["channel"]["data"]["channel"]["layers"]
    assert listed["layer"] == layer
    assert listed["foreground"]["producer"] == ["html"]


async def test_the_client_and_the_carrier_put_the_same_on_the_air(client: Path) -> None:
    """The same data by two programs that share nothing: the template is handed the same."""
    theirs, ours = Amcp(), Amcp()
    rendition = pressed(PUBLISH, "tv")[0]
    async with theirs.served() as port:
        await run(client, port, 10_123, template_data(rendition, 0))
    async with ours.served() as port:
        outcome = await CasparCg().send(rendition, settings(port), key="dlv_1", prior=None, now=NOW, wire=FakeWire())
        assert isinstance(outcome, Accepted)
    added = [
        line.partition(" CG ")[2] for server in (theirs, ours) for line in server.heard if '"huijia/alert"' in line
    ]
    assert len(added) == 2
    assert added[0] == added[1]
    assert ours.on_air() == [json.loads(template_data(rendition, 0))]
