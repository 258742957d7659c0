"""Every channel and carrier there is: ours in one list each, outsiders' by entry point.

A name twice, a missing attribute or a wrong type raises :class:`RegistryError` when this module is loaded: a process
that would fail at the first alert does not start.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, TypeGuard, TypeVar

from pydantic import BaseModel

from channels.billboard import Billboard
from channels.carriers.amcp import CasparCg
from channels.carriers.dingtalk_app import DingTalkApp
from channels.carriers.dingtalk_robot import DingTalkRobot
from channels.carriers.ebd.carrier import Ebd
from channels.carriers.feed import Feed
from channels.carriers.liquidsoap import Liquidsoap
from channels.carriers.mqtt import Mqtt
from channels.carriers.obs import Obs
from channels.carriers.player import Player
from channels.carriers.vnnox import Vnnox
from channels.carriers.webhook import Webhook
from channels.carriers.xibo import Xibo
from channels.contract import (
    Beats,
    Carrier,
    Channel,
    Grouped,
    Hears,
    Keeps,
    Listens,
    Pace,
    Polled,
    Proves,
    Retracts,
    Tended,
)
from channels.dingtalk import DingTalk
from channels.partner import Partner
from channels.radio import Radio
from channels.screen import Screen
from channels.tv import Tv

AnyCarrier = Carrier[Any] | Polled[Any]
T = TypeVar("T")

BUILT_IN_CHANNELS: tuple[Channel, ...] = (Tv(), Radio(), Screen(), Billboard(), DingTalk(), Partner())
BUILT_IN_CARRIERS: tuple[AnyCarrier, ...] = (
    Webhook(),
    Feed(),
    DingTalkRobot(),
    Ebd(),
    DingTalkApp(),
    Vnnox(),
    Xibo(),
    Liquidsoap(),
    Obs(),
    CasparCg(),
    Mqtt(),
    Player(),
)

CHANNEL_GROUP = "huijia.channels"
CARRIER_GROUP = "huijia.carriers"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RENDER = ("notice", "profile")
_SEND = ("rendition", "settings", "key", "prior", "now", "wire")


class RegistryError(Exception):
    """An adapter that cannot be used. The message names it and says what is wrong."""


class UnknownName(KeyError):
    """No channel or carrier of that name."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(sorted(known))
        super().__init__(f"no {what} is called {name!r}; known are {', '.join(self.known)}")

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would show the repr


def channel(name: str) -> Channel:
    """The channel of that name, or :class:`UnknownName`."""
    if name not in CHANNELS:
        raise UnknownName("channel", name, CHANNELS)
    return CHANNELS[name]


def carrier(name: str) -> AnyCarrier:
    """The carrier of that name, or :class:`UnknownName`."""
    if name not in CARRIERS:
        raise UnknownName("carrier", name, CARRIERS)
    return CARRIERS[name]


def is_polled(carrier: AnyCarrier) -> bool:
    """True when the outlet calls us."""
    return not is_sent(carrier)


def is_alone(carrier: AnyCarrier) -> bool:
    """True when the outlet calls us for itself, and not its partner for all of its outlets."""
    return bool(getattr(carrier, "alone", False))


def is_sent(carrier: AnyCarrier) -> TypeGuard[Carrier[Any]]:
    """True when we call the outlet: it has ``send``, ``timeout`` and ``pace``."""
    return hasattr(carrier, "send")


def is_grouped(carrier: AnyCarrier) -> TypeGuard[Grouped[Any]]:
    """True when one call serves many outlets."""
    return hasattr(carrier, "send_all")


def is_tended(carrier: AnyCarrier) -> TypeGuard[Tended[Any]]:
    """True when huijia asks what became of a notice."""
    return hasattr(carrier, "tend")


def hears(carrier: AnyCarrier) -> TypeGuard[Hears[Any]]:
    """True when the far end calls back."""
    return hasattr(carrier, "hear")


def listens(carrier: AnyCarrier) -> TypeGuard[Listens[Any]]:
    """True when evidence arrives over a connection that is kept open."""
    return hasattr(carrier, "listen")


def keeps(carrier: AnyCarrier) -> TypeGuard[Keeps[Any]]:
    """True when the wire keeps what it was sent for whoever comes later."""
    return hasattr(carrier, "keep")


def beats(carrier: AnyCarrier) -> TypeGuard[Beats]:
    """True when both ends tell each other that they are there."""
    return hasattr(carrier, "beat")


def assemble(
    built_in: Iterable[T], outside: Iterable[EntryPoint], check: Callable[[object], str | None]
) -> Mapping[str, T]:
    """By name. ``check`` says what is wrong with an adapter, or ``None``."""
    found: dict[str, T] = {}
    for adapter in (*built_in, *(_loaded(point) for point in outside)):
        fault = check(adapter)
        if fault is not None:
            raise RegistryError(f"{type(adapter).__module__}.{type(adapter).__qualname__}: {fault}")
        name = str(getattr(adapter, "name"))  # noqa: B009 - what an outsider hands in is typed by check
        if name in found:
            raise RegistryError(f"two adapters are called {name!r}")
        found[name] = adapter
    return MappingProxyType(found)


def _loaded(point: EntryPoint) -> Any:
    try:
        adapter = point.load()
    except Exception as error:
        raise RegistryError(f"entry point {point.name!r} of {point.group} does not load: {error!r}") from error
    if getattr(adapter, "name", point.name) != point.name:
        raise RegistryError(f"entry point {point.name!r} of {point.group} gives an adapter called {adapter.name!r}")
    return adapter


def channel_fault(adapter: object) -> str | None:
    """What keeps this from being a channel, or ``None``."""
    fault = _named_fault(adapter)
    if fault is not None:
        return fault
    render = getattr(adapter, "render", None)
    if not callable(render) or inspect.iscoroutinefunction(render) or not _takes(render, _RENDER):
        return f"render must be a plain function of {', '.join(_RENDER)}"
    pieces = getattr(adapter, "pieces", None)
    if not callable(pieces) or inspect.iscoroutinefunction(pieces) or not _takes(pieces, _RENDER):
        return f"pieces must be a plain function of {', '.join(_RENDER)}"
    return None


def carrier_fault(adapter: object) -> str | None:
    """What keeps this from being a carrier, called or polled, or ``None``."""
    fault = _named_fault(adapter)
    if fault is not None:
        return fault
    if not isinstance(getattr(adapter, "retracts", None), Retracts):
        return "retracts must be a Retracts"
    if not isinstance(getattr(adapter, "proves", None), Proves):
        return "proves must be a Proves"
    carries = getattr(adapter, "carries", "")
    if carries is not None and not (isinstance(carries, frozenset) and all(isinstance(name, str) for name in carries)):
        return "carries must be None or a frozenset of channel names"
    settings = getattr(adapter, "settings", None)
    if not (isinstance(settings, type) and issubclass(settings, BaseModel)):
        return "settings must be a pydantic model"
    called = [name for name in ("send", "timeout", "pace") if hasattr(adapter, name)]
    if called and len(called) < 3:
        return f"a carrier that calls out has send, timeout and pace; a polled one has none; this has {called}"
    if called:
        return _sending_fault(adapter)
    return None if isinstance(getattr(adapter, "alone", None), bool) else "a polled carrier says whether it is alone"


def _sending_fault(adapter: object) -> str | None:
    send, timeout, pace, settings = (getattr(adapter, name) for name in ("send", "timeout", "pace", "settings"))
    where, said = getattr(adapter, "where", None), settings.model_fields
    if not isinstance(where, tuple) or not where or not set(where) <= set(said):
        return f"where must name those settings that say which far end is called, of {', '.join(said)}"
    if not inspect.iscoroutinefunction(send) or not _takes(send, _SEND):
        return f"send must be an async function of {', '.join(_SEND)}"
    if not isinstance(timeout, timedelta) or timeout <= timedelta(0):
        return "timeout must be a positive timedelta"
    if pace is not None and not (isinstance(pace, Pace) and 0 <= pace.reserve < pace.count and pace.per > timedelta(0)):
        return "pace must be None or a Pace that leaves room beside its reserve"
    return next((fault for has, fault in _POWERS if hasattr(adapter, has[0]) and not _whole(adapter, has)), None)


_POWERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("send_all", "group", "most"), "a grouped carrier has async send_all, group and most"),
    (("tend", "tend_every", "renews_within"), "a tended carrier has async tend, tend_every and renews_within"),
    (("beat", "beat_every"), "a carrier that beats has async beat and beat_every"),
    (("hear", "address"), "a carrier that hears has async hear and address"),
    (("listen", "line", "place"), "a carrier that listens has async listen, line and place"),
    (
        ("keep", "keep_every", "listen", "send_all"),
        "a carrier that keeps has async keep and keep_every, listens, is grouped",
    ),
)


def _whole(adapter: object, has: tuple[str, ...]) -> bool:
    return all(hasattr(adapter, name) for name in has) and inspect.iscoroutinefunction(getattr(adapter, has[0]))


def _named_fault(adapter: object) -> str | None:
    if isinstance(adapter, type):
        return "an adapter is an instance, not a class"
    name, title = getattr(adapter, "name", None), getattr(adapter, "title", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"name must be a lower-case word of letters, digits and _; it is {name!r}"
    return None if isinstance(title, str) and title.strip() else "title must be the Chinese name that operators see"


def _takes(function: Callable[..., Any], names: tuple[str, ...]) -> bool:
    parameters = inspect.signature(function).parameters
    more = [parameter for name, parameter in parameters.items() if name not in names]
    return set(names) <= set(parameters) and all(parameter.default is not parameter.empty for parameter in more)


CHANNELS: Mapping[str, Channel] = assemble(BUILT_IN_CHANNELS, entry_points(group=CHANNEL_GROUP), channel_fault)
CARRIERS: Mapping[str, AnyCarrier] = assemble(BUILT_IN_CARRIERS, entry_points(group=CARRIER_GROUP), carrier_fault)
