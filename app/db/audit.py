"""Who did what, append-only. No fact that is not public is written here."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from app.db import tables as t
from app.db.engine import Session


async def write(
    session: Session, actor: str, act: str, alert_id: int | None = None, detail: Mapping[str, Any] | None = None
) -> None:
    await session.execute(insert(t.audit).values(actor=actor, act=act, alert_id=alert_id, detail=dict(detail or {})))
