"""What is sent and answered about outlets."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.words import Outcome
from app.flows.rotate import DEFAULT_OVERLAP, LONGEST_OVERLAP
from app.forms.instants import Instant


class Health(BaseModel):
    """``state``: well, failing (it may be a moment's trouble) or quarantined (repeats are thinned out until it answers)."""

    state: Literal["well", "failing", "quarantined"]
    failures: int
    since: datetime | None
    reason: str | None
    next_probe: datetime | None


class OutletShown(BaseModel):
    """One outlet, its settings without their secrets."""

    id: Annotated[str, Field(examples=["7"])]
    name: str
    partner: str
    channel: str
    carrier: str
    settings: dict[str, Any]
    codes: list[str]
    takes_exercises: bool
    takes_tests: bool
    paused: bool
    receipt_minutes: int
    health: Health


class OutletsShown(BaseModel):
    """``next`` is the ``after`` of the next page, and null on the last."""

    outlets: list[OutletShown]
    next: Annotated[str | None, Field(examples=["7"])]


class StepShown(BaseModel):
    """One call of a check. ``answer`` holds the first words of the far end without addresses, keys and names."""

    kind: str
    outcome: Outcome
    reason: str
    detail: str
    status: int | None
    answer: str
    milliseconds: float


class CheckShown(BaseModel):
    """A signed test notice and its take-down, and what the far end answered to each."""

    outcome: Outcome | None
    reason: str
    detail: str
    milliseconds: float | None
    steps: list[StepShown]


class PastCheck(CheckShown):
    """One that is kept. Without an outcome it is under way, or its process vanished."""

    at: datetime
    by: str


class ChecksShown(BaseModel):
    checks: list[PastCheck]


class Checked(CheckShown):
    """What was answered to an outlet that has just been enrolled."""


class EnrolledShown(BaseModel):
    """``check`` is null for an outlet that takes no tests, that polls, or after the first twenty."""

    id: Annotated[str, Field(examples=["7"])]
    name: str
    partner: str
    check: Checked | None


class EnrolmentShown(BaseModel):
    outlets: list[EnrolledShown]


class RotateForm(BaseModel):
    """``hours`` for which both secrets sign; 0 ends the old one at once."""

    model_config = ConfigDict(extra="forbid", strict=True)

    hours: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP // timedelta(hours=1))] = DEFAULT_OVERLAP // timedelta(hours=1)


class RotatedShown(BaseModel):
    """``secret`` is told only now."""

    secret: Annotated[str, Field(examples=["whsec_bXlzdGVyaW91c2tleWJ5dGVzMTIzNDU2Nzg5MDEyMzQ="])]
    previous_until: datetime | None


class ReplayForm(BaseModel):
    """Whatever is in force and was issued or taken since then, or is undelivered; at most a week back."""

    model_config = ConfigDict(extra="forbid", strict=True)

    since: Annotated[Instant, Field(examples=["2026-11-23T15:04:05+08:00"])]
