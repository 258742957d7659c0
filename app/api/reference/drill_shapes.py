"""The form of what drills answer with."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field


class DrillPace(BaseModel):
    """Seconds from when the outlets were told; null where nothing came. Half of them were as quick as ``median``."""

    median: float | None
    slowest: float | None


class DrillOutcome(BaseModel):
    """Of how many outlets (``chosen``) how many were told, took it, aired it (of ``airs`` that can state it) and took it
    down (of ``recalled``). ``lacking`` miss something."""

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


class DrillSummary(BaseModel):
    """``ends_at``: when it ends by itself. ``started_by`` is null for partners."""

    id: Annotated[str, Field(examples=["YL-2026-000123"], pattern=r"^YL-[0-9]{4}-[0-9]{6,12}$")]
    status: Literal["exercise"]
    state: Literal["running", "ended"]
    started_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    started_by: str | None
    outcome: DrillOutcome


class DrillsShown(BaseModel):
    """Newest first. ``next`` is the ``before`` of the next page, and null on the last."""

    drills: list[DrillSummary]
    next: str | None


class DrillPartner(BaseModel):
    id: str
    name: str
    outcome: DrillOutcome


class DrillOutlet(BaseModel):
    """``lacks``: the gravest step that has not come, which it still may while the drill runs. ``reason``: why."""

    id: str
    name: str
    channel: str
    partner: str
    received_seconds: float | None
    aired_seconds: float | None
    down_seconds: float | None
    can_state_airing: bool
    can_state_take_down: bool
    lacks: Literal["sent", "received", "down", "aired"] | None
    reason: str | None


class DrillShown(DrillSummary):
    """Those who lack something come first."""

    partners: list[DrillPartner]
    outlets: list[DrillOutlet]
