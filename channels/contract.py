"""The whole contract between huijia, a medium and a wire.

A *channel* decides what is said: ``render`` is pure and is called once per notice and profile, before the first send.
A *carrier* decides how it travels: ``send`` makes one call to the outlet's wire and returns a value that says what the
outlet stated. It never retries, sleeps, reads the clock or the environment, keeps state, logs, or puts a URL or a
secret into a detail. An exception that escapes ``send`` is a bug; the dispatcher records it as ``Retry(CRASH)``.

Everything in here is public by construction: no fact that only the police may know has a field.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol, TypeVar

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


Role = Literal["photo", "poster", "slate", "lower_third", "audio"]
"""``poster``: all that a display shows. ``slate``: the same for a whole television picture. ``lower_third``: a band with
alpha that lies over a running programme. ``audio``: the announcement as it is spoken."""


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, sound or film by reference: the outlet fetches ``url`` and checks ``sha256`` (hex) and ``size`` (bytes).

    The URL is signed, expires, and answers 410 from the moment the alert ends.
    """

    role: "Role"
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
class Piece:
    """A picture or a sound that a medium needs beside its words: what is to be made, not yet made.

    Pictures state ``width`` × ``height`` in pixels; ``led``: a coarse display, drawn with the pixel face and without
    antialiasing. Sound states its ``script``. The same notice and piece give the same bytes (``channels.studio``).
    """

    role: Role
    mime: str
    width: int | None = None
    height: int | None = None
    led: bool = False
    script: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A piece as it was made. ``seconds`` is the length of a sound."""

    mime: str
    body: bytes
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


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
    _once: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, name: str, make: "Callable[[Rendition], bytes]") -> bytes:
        """What ``make`` makes of this rendition, made at the first call: ten thousand outlets share the same bytes."""
        if name not in self._once:
            self._once[name] = make(self)
        return self._once[name]


class Channel(Protocol):
    """A medium. ``title`` is the Chinese name operators see."""

    name: ClassVar[str]
    title: ClassVar[str]

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        """Word the notice for this medium. Pure: same arguments, same rendition; no I/O, no clock."""
        ...

    def pieces(self, notice: Notice, profile: Profile) -> tuple[Piece, ...]:
        """The pictures and sounds to make for this medium. They join ``Rendition.media`` once they are made. Pure."""
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
    OVERTAKEN = "overtaken"  # a newer notice of this alert exists, and nothing was sent
    NO_FILE = "no_file"  # this machine has no file left to open a connection with: nothing was sent
    CRASH = "crash"  # the carrier itself failed: our bug
    LEASE_LOST = "lease_lost"  # the process that was sending vanished; nobody knows whether it aired


@dataclass(frozen=True, slots=True)
class Proof:
    """A frame, a screenshot or a sound that shows what was on: kept with the receipt, seen by operators only."""

    mime: str
    body: bytes


@dataclass(frozen=True, slots=True)
class StatedReceipt:
    """A receipt that the wire itself brought. ``at`` carries an offset; ``None`` means now. What was aired may say until
    when it was on."""

    kind: ReceiptKind
    at: datetime | None = None
    note: str = ""
    evidence: str = ""
    proof: Proof | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cleared:
    """A look took everything off the outlet, or may have: what else is live there is shown again at once."""


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


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wire(Protocol):
    """The way out that carriers share, and the only thing that remembers anything for them.

    Redirects are not followed; proxies of the environment are not used. Every address is checked when it is connected
    to: one that may not be called raises :class:`WireError` (UNREACHABLE).
    """

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: timedelta, body: bytes = b""
    ) -> Reply:
        """One HTTP call. Raises :class:`WireError` when no full answer came within ``timeout``."""
        ...

    async def dial(self, host: str, port: int, *, timeout: timedelta) -> Line:
        """A TCP connection, for wires that are not HTTP. The caller closes it. Raises :class:`WireError`."""
        ...

    async def held(self, key: Hashable, start: Callable[[], Awaitable[Any]]) -> Any:
        """What ``start`` made, shared by all sends that name the same ``key`` (a broker connection, a token), until
        :meth:`drop`. What is held and has ``aclose`` is closed with the wire. ``start`` runs once at a time."""
        ...

    async def drop(self, key: Hashable) -> None:
        """Forget what is held under ``key`` and close it: it has failed or run out."""
        ...

    async def content(self, media: Media) -> bytes:
        """The bytes of a picture or sound of ours. Raises :class:`LookupError` when it is no longer kept."""
        ...

    async def count(self, name: str) -> int:
        """1, 2, 3, …: a durable counter that no two processes share a value of, for wires whose ids are serial numbers."""
        ...

    async def head(self, alert: str) -> int:
        """The number of the newest notice of this alert, as the ledger has it at this moment; 0 when it does not know the
        alert (a trial). For wires on which a late send could take the place of a newer one. Raises :class:`WireError`
        when the ledger cannot be asked."""
        ...

    def sign(self, message: bytes) -> Sequence[bytes]:
        """huijia's own Ed25519 signatures (RFC 8032, 64 bytes), one for each key in use, the newest first. Anybody can
        check them with the public keys at ``/v1/keys``. About 40 µs each."""
        ...

    async def note(self, name: str, value: str) -> str:
        """Write ``value`` down under ``name`` for good, and give it back; where something was noted before, that stays and
        is given back. Durable before it returns: what goes out under an id of ours can be named again when no answer
        came. Names no person."""
        ...

    async def noted(self, name: str) -> str | None:
        """What was noted under ``name``."""
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
    names the channels whose renditions fit this wire; ``None``: any. ``where`` names the settings that say which far end is
    called and where it shows a notice. They cannot be changed while something may be up there."""

    name: ClassVar[str]
    title: ClassVar[str]
    retracts: ClassVar[Retracts]
    proves: ClassVar[Proves]
    carries: ClassVar[frozenset[str] | None]
    where: ClassVar[tuple[str, ...]]
    timeout: ClassVar[timedelta]
    pace: ClassVar[Pace | None]
    settings: type[C]

    async def send(
        self, rendition: Rendition, settings: C, *, key: str, prior: str | None, now: datetime, wire: Wire
    ) -> Outcome:
        """Make one call. ``key`` is the delivery's id: the same at every retry, so that the outlet can drop doubles.
        ``prior`` is the reference of the latest notice of this alert that the outlet accepted, if it gave one."""
        ...


@dataclass(frozen=True, slots=True)
class Send:
    """One delivery of a group. ``key`` and ``prior`` as in :meth:`Carrier.send`."""

    settings: Any
    key: str
    prior: str | None


class Grouped(Carrier[C], Protocol[C]):
    """A wire on which one call serves many outlets (a broker topic, a list of players). Deliveries of the same rendition
    whose settings have the same ``group`` go together, at most ``most`` of them; each has an outcome of its own."""

    most: ClassVar[int]

    def group(self, settings: C) -> Hashable:
        """What settings must have in common to share a call."""
        ...

    async def send_all(
        self, rendition: Rendition, sends: Sequence[Send], *, now: datetime, wire: Wire
    ) -> Sequence[Outcome]:
        """Make one call for all of them; as many outcomes, in the same order. ``send`` is this for one."""
        ...


class Tended(Carrier[C], Protocol[C]):
    """A wire that does not report by itself: huijia asks, soon at first, then every ``tend_every``, then less often (after a
    tenth of the time that the notice has been there), until the notice is proven (aired, or taken down) or a newer one takes
    its place. ``renews_within``: what it shows lapses, or may be lost, by itself, so that tending goes on as long as the
    notice is live, never further apart than this, and shows it again where it has gone; ``None``: it stays by itself."""

    tend_every: ClassVar[timedelta]
    renews_within: ClassVar[timedelta | None]

    async def tend(
        self, rendition: Rendition, settings: C, *, key: str, reference: str | None, now: datetime, wire: Wire
    ) -> Sequence[StatedReceipt | Cleared]:
        """Ask what became of a notice that was accepted (``reference``: what its ``Accepted`` said), and renew it if need
        be; after the end, see that it is gone. Bound by ``timeout`` like a send, and never at the same time as one. Raises
        :class:`WireError`."""
        ...


class Beats(Protocol):
    """A carrier on whose wire both ends tell each other that they are there."""

    name: ClassVar[str]
    beat_every: ClassVar[timedelta]

    async def beat(self, settings: Any, *, now: datetime, wire: Wire) -> Outcome:
        """Say so to one outlet's far end. ``Accepted``: it is there, and knows us."""
        ...


@dataclass(frozen=True, slots=True)
class Echo:
    """Evidence that came in on a wire of its own, for the delivery with this ``key`` or, of the carrier's outlets, with
    this ``reference``. On a line (:class:`Listens`) it may overtake the outcome that states the reference: it is tried
    again for seconds. What fits no delivery is shown to operators: ``place`` is who said it, as the line calls them,
    ``about`` what they said it of, in their own words."""

    receipt: StatedReceipt
    key: str | None = None
    reference: str | None = None
    place: str | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Presence:
    """An outlet came or vanished, as a wire says that keeps a connection to it. ``place``: see :meth:`Listens.place`.
    ``at`` carries an offset; ``None`` means now."""

    place: str
    there: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP call of the far end to the outlet's own address here. Header names are lower case."""

    method: str
    tail: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """What it said, and what it is answered once that is durable. ``alive``: it showed that it is there (a heartbeat)."""

    reply: Reply
    echoes: tuple[Echo, ...] = ()
    alive: bool = True


class Hears(Carrier[C], Protocol[C]):
    """A wire on which the far end calls back at ``/in/{outlet}/{token}/{tail}`` in a form of its own. ``address`` names the
    setting that holds the outlet's address here; huijia fills it in where it is left empty."""

    address: ClassVar[str]

    async def hear(self, settings: C, call: Call, *, now: datetime, wire: Wire) -> Heard:
        """Read one call. What is not genuine is answered as the wire's standard says, with no echoes."""
        ...


class Listens(Carrier[C], Protocol[C]):
    """A wire on which evidence arrives over a connection that huijia keeps open. Outlets with the same ``line`` share
    one; ``listen`` is handed the settings of any of them."""

    def line(self, settings: C) -> Hashable:
        """What settings must have in common to share a connection."""
        ...

    def place(self, settings: C) -> str:
        """What the outlet is called on that connection: no two outlets that share one have the same."""
        ...

    async def listen(
        self, settings: C, heard: Callable[[Sequence[Echo | Presence]], Awaitable[None]], *, wire: Wire
    ) -> None:
        """Until cancelled. ``heard`` returns when the evidence is durable: acknowledge only then. Raises
        :class:`WireError` when the connection was lost; the caller comes back."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger says that the outlets with these settings' ``group`` are to have of an alert now: its newest notice,
    be it live or the end."""

    rendition: Rendition
    settings: Any


class Keeps(Listens[C], Grouped[C], Protocol[C]):
    """A wire that is listened to and keeps what it was sent for whoever comes later (retained messages of a broker). It may
    have lost it, or have gone back to what is long replaced; so it is told what is to be there, when its line is
    opened and every ``keep_every``."""

    keep_every: ClassVar[timedelta]

    async def keep(self, settings: C, standing: Sequence[Standing], *, now: datetime, wire: Wire) -> None:
        """See to it that the line of these settings has all of this, and nothing older. It is put right while somebody
        listens."""
        ...


class Polled(Protocol[C]):
    """A wire on which the outlet calls huijia: nothing is sent, a delivery is accepted when it has been fetched.
    ``alone``: each outlet fetches for itself, with an address of its own; else its partner does for all of them."""

    name: ClassVar[str]
    title: ClassVar[str]
    alone: ClassVar[bool]
    retracts: ClassVar[Retracts]
    proves: ClassVar[Proves]
    carries: ClassVar[frozenset[str] | None]
    settings: type[C]
