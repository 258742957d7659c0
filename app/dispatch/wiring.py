"""An outlet's settings: checked by its carrier, split into what is sealed and what may be shown, and read back."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel, SecretStr, ValidationError

from app.domain.errors import Fault, Invalid
from app.domain.words import Lane
from app.flows.faults import faults_of
from app.flows.ports import Seal, Wiring
from channels.contract import Carrier, Pace
from channels.registry import CARRIERS, UnknownName, carrier, channel, hears, is_alone, is_sent, is_tended


def wire(channel_name: str, carrier_name: str, settings: Mapping[str, Any]) -> Wiring:
    """Check the pair and the settings. Raises Invalid with every fault."""
    faults: list[Fault] = []
    try:
        channel(channel_name)
    except UnknownName as e:
        faults.append(Fault("/channel", "unknown_channel", f"没有渠道 {channel_name}。", str(e)))
    try:
        how = carrier(carrier_name)
    except UnknownName as e:
        raise Invalid(
            [*faults, Fault("/carrier", "unknown_carrier", f"没有传输方式 {carrier_name}。", str(e))]
        ) from None
    if not faults and how.carries is not None and channel_name not in how.carries:
        takes = "、".join(sorted(how.carries))
        zh = f"传输方式 {carrier_name} 只能用于渠道 {takes}。"
        faults.append(Fault("/carrier", "unfit_carrier", zh, f"{carrier_name} carries only {takes}."))
    try:
        checked: BaseModel = how.settings.model_validate(dict(settings))
    except ValidationError as e:
        raise Invalid([*faults, *faults_of(e.errors(include_url=False), "/settings")]) from None
    if faults:
        raise Invalid(faults)
    kept = revealed(checked)
    where = [kept[name] for name in how.where] if is_sent(how) else []
    place = [channel_name, carrier_name, *(sorted(each) if isinstance(each, list) else each for each in where)]
    return Wiring(lane_of(carrier_name), how.retracts, how.proves, kept, checked.model_dump(mode="json"), place)


def lane_of(name: str) -> Lane:
    """Who moves the deliveries of this carrier."""
    how = carrier(name)
    if not is_sent(how):
        return Lane.PLAYED if is_alone(how) else Lane.POLLED
    return Lane.PACED if how.pace is not None else Lane.PUSH


def pushed(name: str) -> Carrier[Any]:
    """The carrier, which must be one that sends."""
    how = carrier(name)
    if not is_sent(how):
        raise LookupError(f"carrier {name} is polled and never sends")
    return how


def deadlines() -> Mapping[str, timedelta]:
    """The longest time that a single send of each carrier may take."""
    return {name: how.timeout for name, how in CARRIERS.items() if is_sent(how)}


def paced() -> Mapping[str, Pace]:
    """The carriers that may not be hurried."""
    return {name: how.pace for name, how in CARRIERS.items() if is_sent(how) and how.pace is not None}


def renewing() -> list[str]:
    """The carriers that show a notice again when they look after it."""
    return [name for name, how in CARRIERS.items() if is_tended(how) and how.renews_within is not None]


def revealed(settings: BaseModel) -> dict[str, Any]:
    """JSON-ready with every secret in clear: only ever to be sealed."""
    return {k: _plain(v) for k, v in settings.model_dump(mode="python").items()}


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value if value is None or isinstance(value, str | int | float | bool | list) else str(value)


class Settings:
    """Opens sealed settings; what was opened is kept until the sealed bytes change. ``address`` gives the address here of an
    outlet, which carriers that are called back need."""

    def __init__(self, seal: Seal, address: Callable[[int], str] | None = None) -> None:
        self._open = lru_cache(maxsize=20_000)(self._opened)
        self._seal, self._address = seal, address

    def of(self, carrier_name: str, sealed: bytes, outlet_id: int | None = None) -> BaseModel:
        """The carrier's own settings object."""
        return self._open(carrier_name, sealed, outlet_id)

    def _opened(self, carrier_name: str, sealed: bytes, outlet_id: int | None) -> BaseModel:
        how = carrier(carrier_name)
        said = orjson.loads(self._seal.open(sealed))
        if hears(how) and self._address is not None and outlet_id is not None and not said.get(how.address):
            said[how.address] = self._address(outlet_id)
        opened: BaseModel = how.settings.model_validate(said)
        return opened
