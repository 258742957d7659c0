"""What would go out, and to whom, if a record were issued now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.db import outlets, renditions
from app.db.engine import Session
from app.domain.notice import Photo, PublicNotice, publication
from app.domain.reach import radius_km
from app.domain.record import Record
from app.domain.routing import fan_out, told
from app.domain.words import Kind, Status
from app.flows.submit import publishable
from app.flows.tell import aim

_NO_NUMBER = {Status.ACTUAL: "HJ", Status.EXERCISE: "YL", Status.TEST: "CS"}


@dataclass(frozen=True, slots=True)
class Foresight:
    """``faces``: the profiles that would be told, as ``renditions.faces`` gives them; ``told``: how many outlets."""

    notice: PublicNotice
    faces: Sequence[Mapping[str, Any]]
    told: int
    radius_km: int


async def foresee(session: Session, record: Record, photo: Photo | None, now: datetime) -> Foresight:
    """The notice as it would be, but for its number, which it has once it is issued."""
    notice = publication(
        Kind.PUBLISH, await publishable(session, record), alert=f"{_NO_NUMBER[record.status]}-{now.year}-000000", number=1,
        status=record.status, photo=photo, issued_at=now, expires_at=now + timedelta(hours=record.duration_hours),
    )  # fmt: skip
    facts, radius = await outlets.facts(session), radius_km(record.loss.at, now)
    target = aim(record.loss.point, record.loss.area_code, facts, radius)
    plan = told(fan_out(Kind.PUBLISH, record.status, facts, target, {}))
    return Foresight(notice, await renditions.faces(session, plan), len(plan), radius)
