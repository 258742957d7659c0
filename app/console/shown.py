"""What may be shown of an alert: everything the public knows while the search lasts, and afterwards almost nothing."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from app.console.labels import END_REASONS, MARKS, STATES
from app.db import alerts
from app.db.engine import Session
from app.domain.errors import NotFound
from app.domain.media_url import media_path
from app.domain.notice import PublicNotice, from_json
from app.domain.record import PublicFacts
from app.domain.words import AlertState, EndReason, Status
from app.flows.foresee import Foresight

CODE = re.compile(r"(?:HJ|YL|CS)-[0-9]{4}-[0-9]{6,12}")


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert without what may not be seen: ``facts`` and ``photo`` (a path) are ``None`` and ``name`` is masked from the
    moment the search has ended (未成年人保护法 §103)."""

    id: int
    code: str
    status: Status
    state: AlertState
    live: bool
    head: int
    name: str
    masked_name: str
    facts: PublicFacts | None
    photo: str | None
    unit: str
    phone: str
    reach_km: int
    told_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: EndReason | None

    @property
    def drill(self) -> bool:
        return self.status is not Status.ACTUAL

    @property
    def over_at(self) -> datetime:
        """When the search ended, or will by itself."""
        return self.ended_at or self.expires_at

    @property
    def mark(self) -> str:
        """实发, 演练 or 测试."""
        return MARKS[self.status]

    @property
    def ended_how(self) -> str:
        """已撤回（误发）, 已到期结束."""
        said = STATES[self.state] if self.state is not AlertState.ACTIVE else STATES[AlertState.EXPIRED]
        return f"{said}（{END_REASONS[self.end_reason]}）" if self.end_reason else said


def shown(row: Mapping[str, Any], secret: bytes, now: datetime) -> Shown:
    """``row``: an alert as ``db.views`` gives it, with what the public was last told in ``told``. An alert whose time is
    up has ended, even before the sweep that says so."""
    last = from_json(dict(row["told"]))
    live = row["state"] == AlertState.ACTIVE and now < row["expires_at"]
    facts = last.facts if live else None
    photo = last.photo if live else None
    reason = row["end_reason"]
    return Shown(
        id=row["id"], code=row["code"], status=Status(row["status"]), state=AlertState(row["state"]), live=live,
        head=row["head"], name=facts.name if facts else last.masked_name, masked_name=last.masked_name, facts=facts,
        photo=media_path(secret, row["code"], photo.sha256, last.expires_at) if photo else None, unit=last.unit,
        phone=last.phone, reach_km=row["reach_km"], told_at=last.issued_at, expires_at=row["expires_at"],
        ended_at=row["ended_at"], end_reason=EndReason(reason) if reason else None,
    )  # fmt: skip


def unsent(seen: Foresight, code: str, photo: str | None) -> Shown:
    """What has not gone out, as it would be shown if it had. ``code`` stands where the number will; ``photo`` is a path."""
    notice = seen.notice
    return Shown(
        id=0, code=code, status=notice.status, state=AlertState.SUBMITTED, live=False, head=0,
        name=notice.facts.name if notice.facts else notice.masked_name, masked_name=notice.masked_name, facts=notice.facts,
        photo=photo, unit=notice.unit, phone=notice.phone, reach_km=seen.radius_km, told_at=notice.issued_at,
        expires_at=notice.expires_at, ended_at=None, end_reason=None,
    )  # fmt: skip


def known(code: str) -> str:
    """``code``, when it has the form of an alert's number: nothing else is asked of the database. Raises NotFound."""
    if not CODE.fullmatch(code):
        raise _unknown(code)
    return code


def _unknown(code: str) -> NotFound:
    return NotFound(f"没有编号为 {code[:40]} 的紧急寻人。", "There is no such alert.")


async def find(session: Session, code: str, secret: bytes, now: datetime) -> tuple[Shown, PublicNotice]:
    """The alert, and what the public was last told of it, which is not for showing. Raises NotFound."""
    alert = await alerts.find(session, known(code))
    if alert is None:
        raise _unknown(code)
    told = await alerts.newest_telling(session, alert.id)
    return shown({**asdict(alert), "told": told}, secret, now), from_json(dict(told))
