"""What flows need of the rooms above them, as the composition roots hand it in."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.db.outlets import Profiles
from app.domain.geo import Point
from app.domain.notice import PublicNotice
from app.domain.words import Lane


@dataclass(frozen=True, slots=True)
class Plate:
    """A picture or sound made of a notice. Pixels; ``seconds`` is the length of a sound."""

    role: str
    mime: str
    body: bytes
    width: int | None
    height: int | None
    seconds: float | None
    sha256: str


class Press(Protocol):
    """Renders. ``render`` is pure and quick: it is called inside the transaction that issues a notice."""

    def render(
        self, notice: PublicNotice, channel: str, panel: Mapping[str, Any], duty: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The notice worded for one profile of a channel, JSON-ready. Public by construction."""
        ...

    async def illustrate(
        self, notice: PublicNotice, profiles: Profiles, photo: bytes | None
    ) -> Mapping[str, Sequence[Plate]]:
        """The pictures and sounds of each profile, made outside this process. Never raises: a notice goes out without
        what could not be made in time."""
        ...

    def payload(self, notice: PublicNotice, rendered: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a JSON wire carries of it (docs/channels/payload.md)."""
        ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a carrier says of itself, and an outlet's settings as it has checked them: ``kept`` with every secret (to be
    sealed), ``shown`` with none. ``place``: equal for settings that lead to the same far end; may hold a secret."""

    lane: Lane
    retracts: str
    proves: str
    kept: Mapping[str, Any]
    shown: Mapping[str, Any]
    place: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Ear(Protocol):
    """Takes the calls of far ends that report in a form of their own."""

    async def hear(
        self, outlet_id: int, token: str, *, method: str, tail: str, headers: Mapping[str, str], body: bytes
    ) -> Answer | None:
        """What is answered once the evidence is durable; ``None`` for an address that there is not."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a trial: ``kind`` is what was sent (publish, retract), ``status`` the HTTP status of the answer if there
    was one, ``answer`` its words without addresses, keys and names."""

    kind: str
    outcome: str
    reason: str
    detail: str
    status: int | None
    answer: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What an outlet made of a test notice and of its take-down. ``outcome`` is accepted, retry or refused."""

    outcome: str
    reason: str
    detail: str
    milliseconds: float
    steps: tuple[Step, ...]


class Trier(Protocol):
    """Sends an outlet a test notice and takes it down again, outside any alert."""

    async def try_out(self, outlet_id: int, by: str) -> Trial:
        """Raises NotFound, or Conflict for an outlet that cannot be tried now."""
        ...


FieldKind = Literal["text", "number", "yes_no", "choice", "instant", "list"]


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of a carrier, as a person fills it in. ``default`` is what an empty field means, in words."""

    name: str
    title: str
    description: str
    kind: FieldKind
    secret: bool
    required: bool
    choices: tuple[str, ...]
    default: str


@dataclass(frozen=True, slots=True)
class CarrierForm:
    """A carrier and its settings. ``channels``: those it can carry; ``None`` is any. ``polled``: the outlet calls huijia."""

    name: str
    title: str
    polled: bool
    channels: frozenset[str] | None
    fields: tuple[SettingField, ...]

    def fits(self, channel: str) -> bool:
        return self.channels is None or channel in self.channels


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every channel's title and every carrier's form, by name."""

    channels: Mapping[str, str] = field(default_factory=dict)
    carriers: Mapping[str, CarrierForm] = field(default_factory=dict)


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


PRIVATE, PUBLIC = "whsk_", "whpk_"


class Signer:
    """huijia's own keys (Ed25519, RFC 8032), as Standard Webhooks 1.0 writes them: ``whsk_`` and the Base64 of the 32-byte
    seed. ``keys`` newest first; all of them sign, so that whoever checks can change over in their own time."""

    def __init__(self, *keys: str) -> None:
        self._keys = [Ed25519PrivateKey.from_private_bytes(_seed(key)) for key in keys]

    def sign(self, message: bytes) -> Sequence[bytes]:
        """One signature of 64 bytes by each key."""
        return [key.sign(message) for key in self._keys]

    def public(self) -> Sequence[str]:
        """``whpk_`` and the Base64 of 32 bytes, for each key."""
        return [PUBLIC + base64.b64encode(key.public_key().public_bytes_raw()).decode() for key in self._keys]


def new_signing_key() -> str:
    """A fresh private key."""
    return PRIVATE + base64.b64encode(secrets.token_bytes(32)).decode()


def _seed(key: str) -> bytes:
    try:
        seed = base64.b64decode(key.removeprefix(PRIVATE), validate=True)
    except ValueError:
        seed = b""
    if not key.startswith(PRIVATE) or len(seed) != 32:
        raise ValueError("a signing key is whsk_ and the Base64 of 32 bytes")
    return seed


def point_or_none(lon: float | None, lat: float | None) -> Point | None:
    return Point(lon, lat) if lon is not None and lat is not None else None
