"""The form of answers about drills."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

Step = Literal["sent", "received", "down", "aired"]
DrillNumber = Annotated[str, Field(examples=["YL-2026-000012"], pattern=r"^YL-[0-9]{4}-[0-9]{6,12}$")]


class DrillPace(BaseModel):
    """Seconds from when each outlet was told: half of them were as quick, and the slowest. Null where nothing came."""

    median: float | None
    slowest: float | None


class DrillOutcome(BaseModel):
    """Of how many ``chosen`` outlets how many were ``told``, took it (``received``), aired it (of ``airs`` whose wire can state
    it) and took it down (of ``recalled``); ``lacking`` miss something."""

    chosen: int
    told: int
    received: int
    airs: int
    aired: int
    recalled: int
    down: int
    lacking: int
    received_seconds: DrillPace
    aired_seconds: DrillPace
    down_seconds: DrillPace


class DrillListed(BaseModel):
    """``id`` is also the number of its alert. ``ends_at``: when it is retracted by itself. ``started_by`` is for operators."""

    id: DrillNumber
    status: Literal["exercise"]
    state: Literal["running", "ended"]
    started_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    started_by: str | None
    outcome: DrillOutcome


class DrillPartner(BaseModel):
    id: str
    name: str
    outcome: DrillOutcome


class DrillOutlet(BaseModel):
    """Seconds from when it was told; null where nothing came. ``lacks``: the gravest step that has not come; while the drill
    runs it may still."""

    id: str
    name: str
    channel: str
    partner: str
    received_seconds: float | None
    aired_seconds: float | None
    down_seconds: float | None
    can_state_airing: bool
    can_state_take_down: bool
    lacks: Step | None
    reason: str | None


class DrillShown(DrillListed):
    """Those that lack something come first."""

    partners: list[DrillPartner]
    outlets: list[DrillOutlet]


class DrillsShown(BaseModel):
    """``next`` is the ``before`` of the next page, and null on the last."""

    drills: list[DrillListed]
    next: DrillNumber | None
