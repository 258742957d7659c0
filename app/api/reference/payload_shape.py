"""The payload that every JSON wire carries, as a form: docs/channels/payload.md in OpenAPI. Members may be added."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.domain.words import Kind, Status


class PersonTold(BaseModel):
    name: str
    sex: Literal["male", "female"]
    age: int
    height_cm: int | None
    features: str
    clothing: str


class LossTold(BaseModel):
    at: datetime
    place: str
    area_code: Annotated[str, Field(description="GB/T 2260")]
    area_name: str
    circumstances: str


class MediaTold(BaseModel):
    """``url`` is signed, and answers 410 from the moment the alert ends."""

    role: Annotated[str, Field(examples=["photo"])]
    mime: str
    url: str
    sha256: str
    size: int
    width: int | None
    height: int | None
    seconds: float | None


class RenditionTold(BaseModel):
    """What to show or say, as it is. Which ``texts`` there are, the channel's page says."""

    channel: str
    texts: dict[str, str | list[str]]
    media: list[MediaTold]


class DutyTold(BaseModel):
    """What was agreed with the outlet; null: nothing was."""

    exclusive_minutes: int | None
    repeat_every_minutes: int | None
    until_minutes: int | None


class Told(BaseModel):
    """The highest ``number`` of an ``alert`` wins, in whatever order they come; it takes the place of all in ``ends``. On a
    retraction ``person`` and ``loss`` are null."""

    alert: Annotated[str, Field(examples=["HJ-2026-000123"])]
    number: int
    kind: Kind
    status: Annotated[Status, Field(description="Show on a public medium only what is actual.")]
    issued_at: datetime
    expires_at: datetime
    ends: list[int]
    unit: str
    phone: str
    page_url: str
    masked_name: str
    line: str
    person: PersonTold | None
    loss: LossTold | None
    suspect: str
    vehicle: str
    rendition: RenditionTold
    duty: DutyTold


class Payload(BaseModel):
    """One notice for one outlet."""

    type: Literal["alert.publish", "alert.update", "alert.retract"]
    timestamp: datetime
    data: Told


class ThinTold(BaseModel):
    alert: str
    number: int
    kind: Kind
    status: Status
    issued_at: datetime
    expires_at: datetime
    ends: list[int]
    delivery: str
    notice_url: str


class ThinPayload(BaseModel):
    """No fact about the child: only where to fetch them with your key."""

    type: Literal["alert.publish", "alert.update", "alert.retract"]
    timestamp: datetime
    data: ThinTold
