"""A bad adapter stops the boot; a wrong name says what the right ones are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from channels import registry
from channels.carriers.webhook import Webhook
from channels.contract import Notice, Pace, Piece, Profile, Proves, Rendition, Retracts
from channels.registry import RegistryError, UnknownName, assemble, carrier_fault, channel_fault
from channels.tv import Tv


class Kiosk:
    name = "kiosk"
    title = "自助终端"

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        return Rendition(notice, self.name, {"text": "…"})

    def pieces(self, notice: Notice, profile: Profile) -> tuple[Piece, ...]:
        return ()


class Late(Tv):
    async def render(self, notice: Notice, profile: Profile) -> Rendition:  # type: ignore[override]
        return super().render(notice, profile)


KIOSK = Kiosk()
CLASS = Kiosk


@dataclass(frozen=True)
class Point:
    """An entry point that is not installed anywhere."""

    name: str
    value: str
    group: str = "huijia.channels"

    def load(self) -> Any:
        return EntryPoint(self.name, self.value, self.group).load()


def build(*points: Point) -> Any:
    return assemble(registry.BUILT_IN_CHANNELS, points, channel_fault)  # type: ignore[arg-type]


def test_what_is_built_in() -> None:
    assert list(registry.CHANNELS) == ["tv", "radio", "screen", "billboard", "dingtalk", "partner"]
    assert list(registry.CARRIERS) == [
        "webhook",
        "feed",
        "dingtalk_robot",
        "ebd",
        "dingtalk_app",
        "vnnox",
        "xibo",
        "liquidsoap",
        "obs",
        "amcp",
        "mqtt",
        "player",
    ]
    assert registry.channel("tv").title == "电视"
    assert registry.carrier("feed").title == "主动拉取"


def test_who_is_polled_and_by_whom() -> None:
    polled = {name: registry.is_alone(how) for name, how in registry.CARRIERS.items() if registry.is_polled(how)}
    assert polled == {"feed": False, "player": True}
    assert [name for name in registry.CARRIERS if name not in polled] == [
        name for name, carrier in registry.CARRIERS.items() if registry.is_sent(carrier)
    ]


@pytest.mark.parametrize(("ask", "known"), [(registry.channel, "radio"), (registry.carrier, "webhook")])
def test_an_unknown_name_says_which_are_known(ask: Callable[[str], Any], known: str) -> None:
    with pytest.raises(UnknownName) as caught:
        ask("fax")
    assert isinstance(caught.value, KeyError)
    assert known in caught.value.known
    assert "'fax'" in str(caught.value)
    assert known in str(caught.value)


def test_nobody_can_add_to_what_was_loaded() -> None:
    with pytest.raises(TypeError):
        registry.CHANNELS["kiosk"] = Kiosk()  # type: ignore[index]


def test_an_outsider_joins_by_entry_point() -> None:
    assert build(Point("kiosk", f"{__name__}:KIOSK"))["kiosk"] is KIOSK


@pytest.mark.parametrize(
    ("point", "says"),
    [
        (Point("tv", "channels.tv:Tv"), "an instance"),
        (Point("kiosk", f"{__name__}:CLASS"), "an instance"),
        (Point("kiosk", f"{__name__}:NOWHERE"), "does not load"),
        (Point("kiosk", "no.such.module:KIOSK"), "does not load"),
        (Point("terminal", f"{__name__}:KIOSK"), "called 'kiosk'"),
    ],
)
def test_an_outsider_that_does_not_fit_stops_the_boot(point: Point, says: str) -> None:
    with pytest.raises(RegistryError, match=says):
        build(point)


def test_a_name_twice_stops_the_boot() -> None:
    with pytest.raises(RegistryError, match="two adapters are called 'kiosk'"):
        build(Point("kiosk", f"{__name__}:KIOSK"), Point("kiosk", f"{__name__}:KIOSK"))


def altered(base: type, **attributes: Any) -> Any:
    return type("Altered", (base,), attributes)()


@pytest.mark.parametrize(
    ("adapter", "says"),
    [
        (object(), "name"),
        (altered(Tv, name="Tele Vision"), "name"),
        (altered(Tv, title=" "), "title"),
        (altered(Tv, render=None), "render"),
        (altered(Tv, render=lambda self, notice: None), "render"),
        (Late(), "render"),
    ],
)
def test_a_channel_with_a_fault_is_told_of_it(adapter: object, says: str) -> None:
    assert says in (channel_fault(adapter) or "")
    with pytest.raises(RegistryError, match=says):
        assemble((adapter,), (), channel_fault)


class Mute:
    """A webhook that forgot to send: half of a called carrier is not a polled one."""

    name, title = "mute", "无声"
    retracts, proves, settings = Retracts.TAKE_DOWN, Proves.AIRED, Webhook.settings
    carries = None
    timeout = timedelta(seconds=8)


def hurried(rendition: Any, settings: Any, *, key: str, prior: None, now: Any, wire: Any) -> None: ...


async def forgetful(self: Any, rendition: Any, settings: Any, *, key: str, now: Any, wire: Any) -> None: ...


async def demanding(
    self: Any, rendition: Any, settings: Any, *, key: str, prior: None, now: Any, wire: Any, more: int
) -> None: ...


@pytest.mark.parametrize(
    ("adapter", "says"),
    [
        (object(), "name"),
        (Mute(), "send, timeout and pace"),
        (altered(Webhook, retracts="take_down"), "retracts"),
        (altered(Webhook, proves=None), "proves"),
        (altered(Webhook, carries={"tv"}), "carries"),
        (altered(Webhook, settings=dict), "settings"),
        (altered(Webhook, settings=Webhook()), "settings"),
        (altered(Webhook, where=None), "where"),
        (altered(Webhook, where=()), "where"),
        (altered(Webhook, where=("address",)), "of url, "),
        (altered(Webhook, timeout=8), "timeout"),
        (altered(Webhook, timeout=timedelta(0)), "timeout"),
        (altered(Webhook, pace=20), "pace"),
        (altered(Webhook, pace=Pace(1, timedelta(minutes=1), reserve=1)), "pace"),
        (altered(Webhook, send=staticmethod(hurried)), "async"),
        (altered(Webhook, send=forgetful), "prior"),
        (altered(Webhook, send=demanding), "send"),
    ],
)
def test_a_carrier_with_a_fault_is_told_of_it(adapter: object, says: str) -> None:
    assert says in (carrier_fault(adapter) or "")
    with pytest.raises(RegistryError, match=says):
        assemble((adapter,), (), carrier_fault)


def test_a_sound_adapter_has_no_fault() -> None:
    assert channel_fault(Kiosk()) is None
    assert carrier_fault(Webhook()) is None
