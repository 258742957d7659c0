"""The form of answers whose routes put them together by hand. Nothing is checked against them while serving; a test holds
each real answer against its form."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.api.deliveries import AttemptShown, ReceiptShown
from app.api.reference.drill_shapes import DrillShown, DrillsShown
from app.api.reference.payload_shape import Payload
from app.domain.words import AlertState, DeliveryState, EndReason, Kind, Status

AlertNumber = Annotated[str, Field(examples=["HJ-2026-000123"], pattern=r"^(HJ|YL|CS)-[0-9]{4}-[0-9]{6,12}$")]


class NoticeShown(BaseModel):
    """``number`` counts the alert's notices from 1."""

    number: int
    kind: Kind
    issued_at: datetime


class Counted(BaseModel):
    """How many deliveries of one notice, medium and state."""

    number: int
    kind: Kind
    channel: str
    state: DeliveryState
    count: int


class Oldest(BaseModel):
    """What has waited longest, for whatever reason. ``count``: how many wait with it."""

    alert: AlertNumber
    delivery_id: str
    outlet: str
    channel: str
    kind: Kind
    state: DeliveryState
    reason: str | None
    since: datetime
    seconds: float
    count: int


class AlertShown(BaseModel):
    """An alert as it stands. ``outlets`` counts outlets by what became of them: waiting, accepted, received, aired, failed,
    overdue, spared, and for a retraction down, down_waiting, down_accepted, down_overdue, down_failed, and so on."""

    id: AlertNumber
    status: Status
    state: AlertState
    organ_code: str
    area_code: str
    reach_km: int
    expires_at: datetime
    ended_at: datetime | None
    end_reason: EndReason | None
    page_url: str
    notices: list[NoticeShown]
    deliveries: list[Counted]
    outlets: dict[str, int]
    oldest_undelivered: Oldest | None


class RetractedShown(AlertShown):
    """``already_retracted``: it had been, and nothing was changed."""

    already_retracted: bool


class DeliveryOfAlert(BaseModel):
    """One notice for one outlet. ``proves`` and ``retracts``: what its wire can say and do."""

    id: str
    alert: AlertNumber
    number: int
    kind: Kind
    status: Status
    newest: bool
    state: DeliveryState
    tries: int
    reason: str | None
    detail: str | None
    reference: str | None
    outlet_id: str
    outlet: str
    channel: str
    carrier: str
    partner: str
    proves: Literal["nothing", "received", "aired"]
    retracts: str
    created_at: datetime
    due_at: datetime
    accepted_at: datetime | None
    confirmed_at: datetime | None
    attempts: list[AttemptShown]
    receipts: list[ReceiptShown]


class DeliveriesOfAlert(BaseModel):
    """``next`` is the ``after`` of the next page, and null on the last."""

    deliveries: list[DeliveryOfAlert]
    next: int | None


class CallerShown(BaseModel):
    """A partner that polls. ``silent``: it has asked for nothing for ``silent_minutes``. ``waiting``: notices in force that it
    has not fetched."""

    id: str
    name: str
    phone: str
    last_seen_at: datetime | None
    silent: bool
    silent_minutes: int
    waiting: int


class CallersShown(BaseModel):
    partners: list[CallerShown]


class MissedOne(BaseModel):
    """``why``: failed (refused, or out of time), unreachable (tried, and being tried), waiting (not tried or not fetched
    yet) or paused, when there is no ``delivery`` yet."""

    notice: Annotated[str, Field(examples=["HJ-2026-000123/1"])]
    outlet: str
    name: str
    why: Literal["failed", "unreachable", "waiting", "paused"]
    delivery: str | None
    tries: int
    since: datetime


class MissedShown(BaseModel):
    """Oldest first."""

    missed: list[MissedOne]


class WebhookKey(BaseModel):
    scheme: Literal["v1a"]
    algorithm: Literal["ed25519"]
    public_key: Annotated[str, Field(pattern="^whpk_")]


class HeartbeatKey(BaseModel):
    """``id`` is the ``key`` of a heartbeat."""

    id: str
    algorithm: Literal["ed25519"]
    public_key: Annotated[str, Field(pattern="^whpk_")]
    pem: str


class CapKey(BaseModel):
    """``certificate`` is PEM; ``sha256`` its fingerprint."""

    algorithm: Literal["rsa-sha256"]
    certificate: str
    sha256: str
    not_after: datetime


class KeysShown(BaseModel):
    """``webhook``: newest first; any that fits is enough."""

    webhook: list[WebhookKey]
    heartbeat: HeartbeatKey
    cap: CapKey


class LiveShown(BaseModel):
    status: Literal["ok"]


class ReadyShown(BaseModel):
    """Ages in seconds. ``dispatchers`` are those that turn; ``late_to_expire`` live alerts whose time is up. ``null``: what takes
    too long to count."""

    status: Literal["ok"]
    dispatchers: int | None
    late_to_expire: int | None
    undelivered: int | None
    oldest_undelivered_seconds: float | None


SHAPES: Mapping[str, type[BaseModel]] = {
    "post /v1/alerts": AlertShown,
    "get /v1/alerts/{id}": AlertShown,
    "get /v1/alerts/{id}/deliveries": DeliveriesOfAlert,
    "post /v1/alerts/{id}/update": AlertShown,
    "post /v1/alerts/{id}/retract": RetractedShown,
    "get /v1/partners": CallersShown,
    "get /v1/missed": MissedShown,
    "get /v1/deliveries/{delivery}/notice": Payload,
    "get /v1/keys": KeysShown,
    "post /v1/drills": DrillShown,
    "get /v1/drills": DrillsShown,
    "get /v1/drills/{id}": DrillShown,
    "get /health/live": LiveShown,
    "get /health/ready": ReadyShown,
}
