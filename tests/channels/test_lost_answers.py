"""A publish that took effect and was never answered for is taken back all the same: on every cloud, whichever of its
calls was the one whose answer was lost."""

from dataclasses import dataclass
from typing import Any

import pytest

from channels.carriers.dingtalk_app import DingTalkApp
from channels.carriers.vnnox import Vnnox
from channels.carriers.xibo import Xibo
from channels.contract import Accepted, Reason, Rendition, Retry
from tests.channels import clouds
from tests.channels.clouds import BASE, CloudWire
from tests.channels.notices import NOW, PUBLISH, RETRACT, rendered
from tests.channels.posters import with_poster


@dataclass(frozen=True)
class Far:
    carrier: Any
    raw: dict[str, Any]
    medium: str
    calls: tuple[str, ...]  # every call of a first publish; the answer to each may be the one that is lost

    def told(self, notice: Any) -> Rendition:
        return rendered(notice, self.medium) if self.medium == "dingtalk" else with_poster(notice, self.medium)

    async def send(self, wire: CloudWire, notice: Any, prior: str | None = None) -> Any:
        settings = self.carrier.settings.model_validate(self.raw)
        return await self.carrier.send(self.told(notice), settings, key="dlv_9", prior=prior, now=NOW, wire=wire)


LED = Far(
    Vnnox(),
    {"url": f"{BASE}/led", "app_key": clouds.LED_KEY, "app_secret": clouds.LED_SECRET, "player": "led-1"},
    "screen",
    ("POST /led/v2/player/emergency-program/page",),
)
SIGNAGE = Far(
    Xibo(),
    {
        "url": f"{BASE}/signage",
        "client_id": clouds.CMS_CLIENT,
        "client_secret": clouds.CMS_SECRET,
        "group": clouds.GROUP,
    },
    "billboard",
    (
        "POST /signage/api/authorize/access_token",
        "GET /signage/api/schedule",
        "POST /signage/api/library",
        "POST /signage/api/layout/fullscreen",
        "POST /signage/api/schedule",
    ),
)
CHAT = Far(
    DingTalkApp(),
    {
        "url": f"{BASE}/dingtalk",
        "app_key": clouds.APP_KEY,
        "app_secret": clouds.APP_SECRET,
        "robot_code": clouds.ROBOT,
        "conversation": clouds.CONVERSATION,
    },
    "dingtalk",
    ("POST /dingtalk/v1.0/oauth2/accessToken", "POST /dingtalk/v1.0/robot/groupMessages/send"),
)
FARS = {"vnnox": LED, "xibo": SIGNAGE, "dingtalk_app": CHAT}
LOST = [(name, call) for name, far in FARS.items() for call in far.calls]


async def sees(name: str, wire: CloudWire) -> list[str]:
    """What the public sees of the child there: names of pages and events, titles of messages."""
    await wire.led.settle()
    if name == "vnnox":
        shown = wire.led.showing("led-1")
        return [shown["name"]] if shown else []
    if name == "xibo":
        return [shown["name"] for shown in wire.cms.showing()]
    return [message["title"] for message in wire.chat.chat()]


@pytest.mark.parametrize("name", FARS)
async def test_the_calls_of_a_first_publish(name: str) -> None:
    wire = CloudWire()
    assert isinstance(await FARS[name].send(wire, PUBLISH), Accepted)
    assert tuple(wire.paths()) == FARS[name].calls
    (seen,) = await sees(name, wire)
    assert seen.startswith("紧急寻人")


@pytest.mark.parametrize(("name", "lost"), LOST)
async def test_a_lost_answer_can_be_retracted(name: str, lost: str) -> None:
    wire = CloudWire()
    wire.lose = lambda call: wire.paths()[-1] == lost
    outcome = await FARS[name].send(wire, PUBLISH)
    assert isinstance(outcome, Retry), "nobody knows"
    assert outcome.reason is Reason.TIMEOUT
    wire.lose = lambda call: False
    assert isinstance(await FARS[name].send(wire, RETRACT, prior=None), Accepted)
    left = [seen for seen in await sees(name, wire) if not seen.startswith("寻人结束")]
    if name == "dingtalk_app":  # no key came back to recall it by; it has no photo, and the correction stands below it
        assert (await sees(name, wire))[-1] == "寻人结束：李某某"
        assert left == (["紧急寻人：李小明（男，6岁）"] if lost.endswith("/send") else [])
    else:
        assert left == []
    assert wire.cms.library == {}, "the picture does not stay in the library"
    assert wire.cms.schedule == {}


@pytest.mark.parametrize(("name", "lost"), LOST)
async def test_a_lost_answer_asked_again_shows_once(name: str, lost: str) -> None:
    wire = CloudWire()
    wire.lose = lambda call: wire.paths()[-1] == lost
    await FARS[name].send(wire, PUBLISH)
    wire.lose = lambda call: False
    outcome = await FARS[name].send(wire, PUBLISH)
    assert isinstance(outcome, Accepted)
    twice = name == "dingtalk_app" and lost.endswith("/send")  # DingTalk knows no key
    assert len(await sees(name, wire)) == (2 if twice else 1)
    assert len(wire.cms.schedule) == len(wire.cms.library) == (1 if name == "xibo" else 0)
    await FARS[name].send(wire, RETRACT, prior=outcome.reference)
    left = [seen for seen in await sees(name, wire) if not seen.startswith("寻人结束")]
    assert len(left) == (1 if twice else 0)
    assert wire.cms.library == {}


@pytest.mark.parametrize("name", FARS)
async def test_a_retraction_whose_answer_is_lost_ends_when_it_is_asked_again(name: str) -> None:
    far = FARS[name]
    for lost in range(1, 7):
        wire = CloudWire()
        first = await far.send(wire, PUBLISH)
        assert isinstance(first, Accepted)
        wire.lose_nth(lost)
        await far.send(wire, RETRACT, prior=first.reference)
        wire.lose = lambda call: False
        again = await far.send(wire, RETRACT, prior=first.reference)
        assert isinstance(again, Accepted), (lost, again)
        assert [seen for seen in await sees(name, wire) if not seen.startswith("寻人结束")] == []
        assert wire.cms.library == {}
