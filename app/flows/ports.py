"""What flows need of the rooms above them, as the composition roots hand it in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography.fernet import Fernet, MultiFernet

from app.domain.geo import Point
from app.domain.notice import PublicNotice
from app.domain.words import Lane


class Press(Protocol):
    """Renders. Pure and quick: it is called inside the transaction that issues a notice."""

    def render(
        self, notice: PublicNotice, channel: str, panel: Mapping[str, Any], duty: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The notice worded for one profile of a channel, JSON-ready. Public by construction."""
        ...

    def payload(self, notice: PublicNotice, rendered: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a JSON wire carries of it (docs/channels/payload.md)."""
        ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a carrier says of itself, and an outlet's settings as it has checked them: ``kept`` with every secret (to be
    sealed), ``shown`` with none."""

    lane: Lane
    retracts: str
    proves: str
    kept: Mapping[str, Any]
    shown: Mapping[str, Any]


class Wirer(Protocol):
    """Checks that there is such a channel and carrier and that the carrier takes the settings."""

    def __call__(self, channel: str, carrier: str, settings: Mapping[str, Any], /) -> Wiring:
        """Raises ``domain.errors.Invalid`` with a fault for each thing that is wrong."""
        ...


class Seal:
    """Encrypts what may not be read from the database alone (Fernet: AES-128-CBC with HMAC-SHA256).

    ``keys`` are base64 Fernet keys, newest first: the first one seals, all of them open.
    """

    def __init__(self, *keys: str) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def close(self, plain: bytes) -> bytes:
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        return self._fernet.decrypt(sealed)


def point_or_none(lon: float | None, lat: float | None) -> Point | None:
    return Point(lon, lat) if lon is not None and lat is not None else None
