"""One outlet's far end, as it stands in the sandbox."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox import roster
from sandbox.deck import Deck
from sandbox.faults import Switch
from sandbox.outlets import Outlet
from sandbox.robot import Robot
from sandbox.state import State
from sandbox.stations import Station


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook station answers. The same object again when the same id comes again."""

    status: int
    body: dict[str, Any]


@dataclass(slots=True)
class Site:
    """One outlet's far end. ``robot`` stands in a chat group, ``deck`` in a radio studio; ``secret`` belongs to a webhook
    station."""

    outlet: Outlet
    station: Station
    secret: str = field(default="", repr=False)
    robot: Robot | None = None
    deck: Deck | None = None
    switch: Switch = field(default_factory=Switch)
    answers: OrderedDict[str, Answer] = field(default_factory=OrderedDict)


def shown(site: Site, moment: datetime) -> list[dict[str, Any]]:
    """What is on there, by what the site itself has heard."""
    return site.station.showing(moment) if site.deck is None else site.deck.showing(ended=False)


def corrected(site: Site, moment: datetime) -> list[dict[str, Any]]:
    """What is said there of a search that has ended."""
    return site.station.corrections(moment) if site.deck is None else site.deck.showing(ended=True)


def built(outlet: Outlet, state: State, seconds: Callable[[], float]) -> Site:
    """As the roster introduces it. ``seconds``: the clock of a radio studio."""
    given = roster.settings(outlet, state)
    station = Station(outlet.channel)
    if outlet.carrier == "dingtalk_robot":
        return Site(outlet, station, robot=Robot(given["access_token"], given["secret"]))
    if outlet.carrier == "liquidsoap":
        return Site(outlet, station, deck=Deck(seconds))
    return Site(outlet, station, secret=given.get("secret", ""))
