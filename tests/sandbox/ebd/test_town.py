"""The platform among the other far ends: roster, switch, page and reset."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from channels.carriers.ebd.carrier import Ebd
from channels.carriers.ebd.settings import EbdSettings
from channels.contract import Accepted, Kind, Notice, Outcome, Reason, Reply, Status
from sandbox.ebd.town import SLUG
from sandbox.roster import document
from tests.channels.notices import PUBLISH, RETRACT, rendered
from tests.channels.wire import FakeWire
from tests.sandbox.stage import Stage, prepared, stage


class Way(FakeWire):
    """To the sandbox in this process."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__()
        self._client = client

    async def request(self, method: str, url: str, *, headers: object, timeout: timedelta, body: bytes = b"") -> Reply:
        path = url.partition("8100")[2]
        reply = await self._client.request(method, path, content=body, headers=headers)  # type: ignore[arg-type]  # a mapping
        return Reply(reply.status_code, dict(reply.headers), reply.content)


def given(path: Path) -> EbdSettings:
    partners = document(prepared(path))["partners"]
    (settings,) = [one["settings"] for partner in partners for one in partner["outlets"] if one["carrier"] == "ebd"]
    return EbdSettings.model_validate(settings)


def live(notice: Notice, status: Status = Status.EXERCISE) -> Notice:
    now = datetime.now(UTC)
    return replace(notice, status=status, issued_at=now, expires_at=now + timedelta(hours=1))


async def send(at: Stage, way: Way, settings: EbdSettings, notice: Notice) -> Outcome:
    key = f"dlv_{notice.number}"
    rendition, now = rendered(notice, "radio"), datetime.now(UTC)
    return await Ebd().send(rendition, settings, key=key, prior=None, now=now, wire=way)


@pytest.mark.parametrize("status", Status)
async def test_what_the_roster_says_leads_there(tmp_path: Path, status: Status) -> None:
    async with stage(tmp_path) as at:
        way, settings = Way(at.client), given(tmp_path / "state.json")
        assert isinstance(await send(at, way, settings, live(PUBLISH, status)), Accepted), at.town.post.calls
        at.town.post.clock = lambda: datetime.now(UTC) + timedelta(seconds=5)
        (shown,) = (await at.now(SLUG))["showing"]
        assert (shown["status"], shown["kind"]) == (status, Kind.PUBLISH)
        assert "李小明" in shown["texts"]["script"]
        assert isinstance(await send(at, way, settings, live(RETRACT, status)), Accepted), at.town.post.calls
        assert (await at.now(SLUG))["showing"] == []


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("down", Reason.SERVER_ERROR), ("lying", Reason.REJECTED), ("slow", None), ("ok", None)],
)
async def test_the_switch_of_the_sandbox_is_its_own(tmp_path: Path, mode: str, reason: Reason | None) -> None:
    async with stage(tmp_path) as at:
        way, settings = Way(at.client), given(tmp_path / "state.json")
        assert (await at.turn(SLUG, mode)).status_code == 200
        outcome = await send(at, way, settings, live(PUBLISH))
        assert getattr(outcome, "reason", None) is reason
        assert len(at.town.post.platform.broadcasts) == (reason is None)


async def test_reset_silences_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as at:
        way, settings = Way(at.client), given(tmp_path / "state.json")
        notice = live(PUBLISH)
        await send(at, way, settings, notice)
        await at.client.post("/reset")
        assert at.town.post.platform.broadcasts == {}
        assert isinstance(await send(at, way, settings, notice), Accepted), "the same ids are no trouble"
