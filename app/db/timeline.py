"""What happened to an alert, in order: acts from the audit log, and what outlets did, counted by the minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.db.engine import Session


@dataclass(frozen=True, slots=True)
class Act:
    """``act`` and ``detail`` as the flows write them into the audit log."""

    at: datetime
    actor: str
    act: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Minute:
    """So many times the same within one minute. ``what``: accepted, retry, refused, or a kind of receipt; ``why``: the
    reason of an attempt that did not succeed. ``at``: the first of them."""

    at: datetime
    notice: str
    what: str
    why: str
    number: int


async def acts(session: Session, alert_id: int, limit: int) -> Sequence[Act]:
    """The newest ones, oldest first."""
    found = await session.execute(
        text(
            "SELECT at, actor, act, detail FROM (SELECT * FROM audit WHERE alert_id = :alert ORDER BY id DESC LIMIT :limit) q "
            "ORDER BY id"
        ),
        {"alert": alert_id, "limit": limit},
    )
    return [Act(r.at, r.actor, r.act, r.detail) for r in found]


async def minutes(session: Session, alert_id: int, limit: int) -> Sequence[Minute]:
    """The newest ones, newest first. A receipt counts when the outlet says that it happened, but never after we heard."""
    found = await session.execute(
        text(
            "SELECT min(at) AS at, kind, what, why, count(*) AS n FROM ("
            "SELECT least(r.at, r.received_at) AS at, d.kind, r.kind AS what, '' AS why FROM delivery d "
            "JOIN receipt r ON r.delivery_id = d.id WHERE d.alert_id = :alert UNION ALL "
            "SELECT t.finished_at, d.kind, t.outcome, coalesce(t.reason, '') FROM delivery d "
            "JOIN attempt t ON t.delivery_id = d.id WHERE d.alert_id = :alert) q "
            "GROUP BY date_trunc('minute', at), kind, what, why ORDER BY 1 DESC LIMIT :limit"
        ),
        {"alert": alert_id, "limit": limit},
    )
    return [Minute(r.at, r.kind, r.what, r.why, r.n) for r in found]
