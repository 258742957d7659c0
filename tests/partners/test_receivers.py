"""The example receivers as processes against the live service: whatever is killed when, what was retracted is not shown."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from tests.conftest import ROOT
from tests.dispatch.far import until
from tests.faults.processes import free_port
from tests.partners.stage import PYTHON, SECRET, Program, Service, running


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the npm package ``standardwebhooks``."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("NO NODE ON THIS MACHINE: examples/receiver.mjs IS NOT TESTED (install nodejs and npm)")
    folder = tmp_path_factory.mktemp("npm")
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "standardwebhooks@1"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"NPM CANNOT INSTALL standardwebhooks: examples/receiver.mjs IS NOT TESTED ({done.stderr[-300:]})")
    return folder


class Receiver:
    """One of the examples at one port, with one state on the disk; started as often as a test likes."""

    def __init__(self, made: Service, folder: Path, command: list[str], cwd: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.outlet = 0
        self._made, self._folder, self._command, self._cwd = made, folder, command, cwd

    async def enrol(self, **settings: str) -> None:
        self.outlet = await self._made.hook(f"{self.url}/hooks/huijia", **settings)

    @asynccontextmanager
    async def started(self, **env: str) -> AsyncIterator[Program]:
        given = {
            "HUIJIA": self._made.base, "KEY": self._made.key, "OUTLET": str(self.outlet), "SECRET": SECRET,
            "PORT": str(self.port), "STATE": str(self._folder / "state"), "DRILLS": "show",
        }  # fmt: skip
        async with running(*self._command, env=given | env, folder=self._cwd) as program:
            await program.says("listening")
            yield program

    async def screen(self) -> dict[str, dict[str, str]]:
        async with httpx.AsyncClient() as client:
            found: dict[str, dict[str, str]] = (await client.get(self.url)).json()
            return found


@pytest.fixture(params=["python", "node"])
async def receiver(request: pytest.FixtureRequest, made: Service, tmp_path: Path) -> Receiver:
    if request.param == "python":
        found = Receiver(made, tmp_path, [PYTHON, str(ROOT / "examples/receiver.py")], tmp_path)
    else:
        folder = request.getfixturevalue("packages")
        found = Receiver(made, tmp_path, ["node", str(ROOT / "examples/receiver.mjs")], folder)
    await found.enrol()
    return found


@pytest.mark.parametrize("status", ["actual", "exercise"])
async def test_aired_and_taken_down(made: Service, receiver: Receiver, status: str) -> None:
    async with receiver.started() as program:
        code = await made.issue(status=status)
        await program.says(f"ON AIR {code} 1")
        assert list(await receiver.screen()) == [code]
        await until(lambda: made.is_confirmed(code, 1))
        await made.retract(code)
        await program.says(f"OFF AIR {code}")
        assert await receiver.screen() == {}
        await until(lambda: made.is_confirmed(code, 2))
        said = [line for line in program.said if "AIR" in line]
        assert len(said) == 2, "shown once and taken down once, though it came by two ways"
        kinds = [[r["kind"] for r in d["receipts"]] for d in await made.deliveries(code)]
        assert kinds == [["aired"], ["taken_down"]]


async def test_killed_on_air_and_restarted_in_the_retraction(made: Service, receiver: Receiver) -> None:
    async with receiver.started() as program:
        code = await made.issue()
        await program.says(f"ON AIR {code} 1")
        await until(lambda: made.is_confirmed(code, 1))
        await program.kill()
    await made.retract(code)
    await asyncio.sleep(1)
    async with receiver.started() as program:
        await until(lambda: made.is_confirmed(code, 2))
        assert not program.has_said("ON AIR")
        assert await receiver.screen() == {}


async def test_killed_on_air_and_restarted_while_it_lives(made: Service, receiver: Receiver) -> None:
    """What stands is on the screen again, without anybody sending it anew, and its end is obeyed."""
    async with receiver.started() as program:
        code = await made.issue()
        await until(lambda: made.is_confirmed(code, 1))
        await program.kill()
    async with receiver.started() as program:
        await program.says(f"ON AIR {code} 1")
        await made.retract(code)
        await program.says(f"OFF AIR {code}")
        await until(lambda: made.is_confirmed(code, 2))


async def test_down_for_all_of_it(made: Service, receiver: Receiver) -> None:
    """Issued and retracted while nothing ran: the start is never seen, on any way."""
    code = await made.issue()
    await asyncio.sleep(1.5)
    await made.retract(code)
    async with receiver.started() as program:
        other = await made.issue()
        await program.says(f"ON AIR {other} 1")
        await until(lambda: made.is_confirmed(code, 2))
        assert not program.has_said(f"ON AIR {code}")
        assert list(await receiver.screen()) == [other]


async def test_an_update_takes_the_place_of_what_it_updates(made: Service, receiver: Receiver) -> None:
    async with receiver.started() as program:
        body = made.record()
        code = await made.issue(**body)
        await program.says(f"ON AIR {code} 1")
        changed = {**body, "minor": {**body["minor"], "clothing": "蓝色雨衣"}}
        answer = await made.client.post(f"/v1/alerts/{code}/update", json=changed)
        assert answer.status_code == 200, answer.text
        await program.says(f"ON AIR {code} 2")
        assert "蓝色雨衣" in json.dumps(await receiver.screen(), ensure_ascii=False)


async def test_thin_payloads_are_fetched(made: Service, receiver: Receiver) -> None:
    await receiver.enrol(payload="thin")
    async with receiver.started() as program:
        code = await made.issue()
        await program.says(f"ON AIR {code} 1")
        assert "李小明" in json.dumps(await receiver.screen(), ensure_ascii=False)
        await made.retract(code)
        await program.says(f"OFF AIR {code}")


async def test_drills_are_shown_to_nobody_who_has_not_agreed(made: Service, receiver: Receiver) -> None:
    async with receiver.started(DRILLS="") as program:
        code = await made.issue()
        await until(lambda: made.is_confirmed(code, 1))
        await made.retract(code)
        await until(lambda: made.is_confirmed(code, 2))
        assert not [line for line in program.said if "AIR" in line]
        kinds = [[r["kind"] for r in d["receipts"]] for d in await made.deliveries(code)]
        assert kinds == [["received"], ["taken_down"]]


async def test_a_stranger_changes_nothing(made: Service, receiver: Receiver) -> None:
    """Nor does huijia, with a secret that is not this receiver's; without its key it reads no feed either."""
    async with receiver.started(SECRET="whsec_" + "A" * 43 + "=", KEY="hj_live_none") as program:
        code = await made.issue()
        await until(lambda: failed(made, code))
        assert await post(receiver, "dlv_1", {"type": "alert.publish", "data": {}}, "v1,AAAA") == 401
        (delivery,) = await made.deliveries(code)
        assert delivery["reason"] == "bad_credentials"
        assert not program.has_said("ON AIR")
        assert await receiver.screen() == {}


async def failed(made: Service, code: str) -> bool:
    return [d["state"] for d in await made.deliveries(code)] == ["failed"]


async def post(receiver: Receiver, id: str, said: Any, signature: str = "") -> int:
    """As huijia calls it, unless another signature is given."""
    body, now = json.dumps(said), datetime.now(UTC)
    signature = signature or Webhook(SECRET).sign(id, now, body)
    stamped = {"webhook-id": id, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    async with httpx.AsyncClient() as client:
        return (await client.post(receiver.url, content=body, headers=stamped)).status_code


async def test_what_was_on_its_way_for_long_is_not_shown_after_the_end(made: Service, receiver: Receiver) -> None:
    """A proxy in between that holds things back: the start arrives after the retraction, and after a restart."""
    async with receiver.started() as program:
        code = await made.issue()
        await until(lambda: made.is_confirmed(code, 1))
        page = await made.client.get("/v1/feed?all=1", headers={"authorization": f"Bearer {made.key}"})
        (start,) = [item["payload"] for item in page.json()["items"]]
        await made.retract(code)
        await until(lambda: made.is_confirmed(code, 2))
        await program.kill()
    async with receiver.started() as program:
        assert await post(receiver, "dlv_held_back", start) == 200
        assert await receiver.screen() == {}
        assert not program.has_said("ON AIR")


async def test_both_secrets_while_they_change(made: Service, receiver: Receiver) -> None:
    other = "whsec_" + "A" * 43 + "="
    async with receiver.started(SECRET=f"{other} {SECRET}") as program:
        code = await made.issue()
        await program.says(f"ON AIR {code} 1")
        await until(lambda: made.is_confirmed(code, 1))
