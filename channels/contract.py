"""The whole contract between huijia, a medium and a wire.

A *channel* decides what is said: ``render`` is pure and is called once per notice and profile, before the first send.
A *carrier* decides how it travels: ``send`` makes one call to the outlet's wire and returns a value that says what the
outlet stated. It never retries, sleeps, reads the clock or the environment, keeps state, logs, or puts a URL or a
secret into a detail. An exception that escapes ``send`` is a bug; the dispatcher records it as ``Retry(CRASH)``.

Everything in here is public by construction: no fact that only the police may know has a field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal, Protocol, TypeVar

from pydantic import BaseModel


class Status(StrEnum):
    """CAP 1.2 ``status``: what a notice *is*. It never changes and is marked on every rendition and every wire."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"


class Kind(StrEnum):
    """What a notice does (CAP 1.2 ``msgType``: Alert, Update, Cancel)."""

    PUBLISH = "publish"
    UPDATE = "update"
    RETRACT = "retract"


class ReceiptKind(StrEnum):
    """Evidence that comes from the outlet itself."""

    RECEIVED = "received"
    AIRED = "aired"
    TAKEN_DOWN = "taken_down"
    REJECTED = "rejected"


# ── What is said ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Person:
    """The missing minor as the public may know them. ``age`` is in whole years at the time of loss."""

    name: str
    sex: Literal["male", "female"]
    age: int
    height_cm: int | None = None
    features: str = ""
    clothing: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """Where and when. ``area_code`` is the GB/T 2260 county, ``area_name`` its full Chinese name."""

    at: datetime
    place: str
    area_code: str
    area_name: str
    circumstances: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, sound or film by reference: the outlet fetches ``url`` and checks ``sha256`` (hex) and ``size`` (bytes).

    The URL is signed, expires, and answers 410 from the moment the alert ends.
    """

    role: Literal["photo", "poster", "slate", "audio"]
    mime: str
    url: str
    sha256: str
    size: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One frozen public message of an alert. Numbers count 1, 2, 3 within the alert; the highest number wins.

    ``person`` and ``loss`` are ``None`` on a retraction: after the search has ended only ``masked_name`` may be shown.
    ``ends`` lists the numbers of the earlier notices that this one replaces. Times carry an offset.
    """

    alert: str
    number: int
    kind: Kind
    status: Status
    issued_at: datetime
    expires_at: datetime
    unit: str
    phone: str
    page_url: str
    masked_name: str
    person: Person | None = None
    loss: Loss | None = None
    suspect: str = ""
    vehicle: str = ""
    line: str = ""
    photo: Media | None = None
    ends: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        told = self.person is not None and self.loss is not None
        if told == (self.kind is Kind.RETRACT):
            raise ValueError("a retraction carries no facts about the child; a publish or update carries them all")


@dataclass(frozen=True, slots=True)
class Panel:
    """The face of a display. Pixels; ``columns`` × ``rows`` is how many full-width characters it shows at once."""

    width: int | None = None
    height: int | None = None
    columns: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """What the outlet agreed to do on air: alone for so many minutes, then again every n minutes, for so long at most."""

    exclusive_minutes: int | None = None
    repeat_every_minutes: int | None = None
    until_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What makes two outlets of one channel differ in what they must be given."""

    panel: Panel = field(default_factory=Panel)
    duty: Duty = field(default_factory=Duty)


Text = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rendition:
    """A notice as one medium shows or speaks it.

    ``texts`` holds the channel's own named texts (``crawl``, ``script``, ``lines``, …; see docs/channels); ``media`` are
    binary renditions by reference. A carrier sends these and the notice; it never words anything itself.
    """

    notice: Notice
    channel: str
    texts: Mapping[str, Text]
    media: tuple[Media, ...] = ()
    duty: Duty = field(default_factory=Duty)


class Channel(Protocol):
    """A medium. ``title`` is the Chinese name operators see."""

    name: ClassVar[str]
    title: ClassVar[str]

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        """Word the notice for this medium. Pure: same arguments, same rendition; no I/O, no clock."""
        ...


# ── What the outlet answered ────────────────────────────────────────────────────────────────────────────────────────


class Reason(StrEnum):
    """Why an attempt did not succeed, in a word that is safe to log and to show."""

    UNREACHABLE = "unreachable"  # no connection: refused, no route, name not found, TLS failed
    TIMEOUT = "timeout"  # no full answer before the deadline; nobody knows whether it aired
    BROKEN = "broken"  # the connection ended in the middle of an answer
    THROTTLED = "throttled"  # asked to slow down
    SERVER_ERROR = "server_error"  # the far end says that it failed
    REDIRECTED = "redirected"  # redirects are never followed
    UNINTELLIGIBLE = "unintelligible"  # an answer that the protocol does not know
    BAD_CREDENTIALS = "bad_credentials"  # key, signature or address not accepted
    GONE = "gone"  # the target is no longer there
    BAD_CONTENT = "bad_content"  # the far end will not show this text or picture
    REJECTED = "rejected"  # the far end refused the message for another reason that it stated
    CRASH = "crash"  # the carrier itself failed: our bug
    LEASE_LOST = "lease_lost"  # the process that was sending vanished; nobody knows whether it aired


@dataclass(frozen=True, slots=True)
class StatedReceipt:
    """A receipt that came inside the answer itself. ``at`` carries an offset; ``None`` means now."""

    kind: ReceiptKind
    at: datetime | None = None
    note: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The outlet stated that it took the notice. ``reference`` is its own id, given back as ``prior`` later."""

    reference: str | None = None
    receipt: StatedReceipt | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Not taken, or nobody knows. ``after`` is the wait the outlet asked for."""

    reason: Reason
    detail: str = ""
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Certain: nothing aired, and asking again with the same words will not help."""

    reason: Reason
    detail: str = ""


Outcome = Accepted | Retry | Refused


# ── The wire ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. Header names are lower case; ``body`` is cut at 64 KiB."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class WireError(Exception):
    """No usable answer. ``reason`` is UNREACHABLE, TIMEOUT or BROKEN; the text names no URL."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Wire(Protocol):
    """The HTTP client that carriers share. Redirects are not followed; proxies of the environment are not used."""

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str], timeout: timedelta) -> Reply:
        """One POST. Raises :class:`WireError` when no full answer came within ``timeout``."""
        ...


# ── How it gets there ───────────────────────────────────────────────────────────────────────────────────────────────


class Retracts(StrEnum):
    """How a wire can honour a retraction."""

    TAKE_DOWN = "take_down"  # this alert comes off, others stay
    BY_TARGET_ONLY = "by_target_only"  # everything on that target comes off
    FOLLOW_UP = "follow_up"  # what was said stays said; a second message follows


class Proves(StrEnum):
    """The strongest evidence a wire can bring back."""

    NOTHING = "nothing"
    RECEIVED = "received"
    AIRED = "aired"


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``count`` sends to one outlet in any window of ``per``; ``reserve`` of them only a retraction may use."""

    count: int
    per: timedelta
    reserve: int = 1


C = TypeVar("C", bound=BaseModel)


class Carrier(Protocol[C]):
    """A wire on which huijia calls the outlet. ``settings`` is checked when the outlet is saved; secrets in it are
    ``SecretStr``. ``timeout`` is the deadline of one ``send``; the lease of a delivery is longer than it. ``carries``
    names the channels whose renditions fit this wire; ``None``: any."""

    name: ClassVar[str]
    title: ClassVar[str]
    retracts: ClassVar[Retracts]
    proves: ClassVar[Proves]
    carries: ClassVar[frozenset[str] | None]
    timeout: ClassVar[timedelta]
    pace: ClassVar[Pace | None]
    settings: type[C]

    async def send(
        self, rendition: Rendition, settings: C, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """Make one call. ``key`` is the delivery's id: the same at every retry, so that the outlet can drop doubles.
        ``prior`` is the reference of the latest notice of this alert that the outlet accepted, if it gave one."""
        ...


class Polled(Protocol[C]):
    """A wire on which the outlet calls huijia: nothing is sent, a delivery is accepted when it has been fetched."""

    name: ClassVar[str]
    title: ClassVar[str]
    retracts: ClassVar[Retracts]
    proves: ClassVar[Proves]
    carries: ClassVar[frozenset[str] | None]
    settings: type[C]
