"""Who did what, append-only. No fact that is not public is written here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text

from app.db import tables as t
from app.db.engine import Session


async def write(
    session: Session, actor: str, act: str, alert_id: int | None = None, detail: Mapping[str, Any] | None = None
) -> None:
    await session.execute(insert(t.audit).values(actor=actor, act=act, alert_id=alert_id, detail=dict(detail or {})))


@dataclass(frozen=True, slots=True)
class Entry:
    """``alert`` is the number of the alert that the act was about; an account that was written by its number is named."""

    id: int
    at: datetime
    actor: str
    act: str
    alert: str | None
    detail: Mapping[str, Any]


_WHERE = (
    "WHERE (CAST(:who AS text) = '' OR l.actor IN (:who, 'operator:' || :who, "
    "'account:' || (SELECT id FROM account WHERE name = :who))) "
    "AND (CAST(:alert AS text) = '' OR l.alert_id = (SELECT id FROM alert WHERE code = :alert))"
)


async def entries(session: Session, who: str, alert: str, *, skip: int, limit: int) -> tuple[Sequence[Entry], int]:
    """A page, the newest first, and how many there are in all. ``who`` is an account's name or an actor as it was written,
    ``alert`` a number; empty for any."""
    asked = {"who": who, "alert": alert}
    found = await session.execute(
        text(
            "SELECT l.id, l.at, coalesce('operator:' || p.name, l.actor), l.act, a.code, l.detail FROM audit l "
            "LEFT JOIN alert a ON a.id = l.alert_id LEFT JOIN account p ON l.actor = 'account:' || p.id "
            f"{_WHERE} ORDER BY l.id DESC LIMIT :limit OFFSET :skip"
        ),
        {**asked, "skip": skip, "limit": limit},
    )
    total = await session.execute(text(f"SELECT count(*) FROM audit l {_WHERE}"), asked)
    return [Entry(*r) for r in found], int(total.scalar_one())
