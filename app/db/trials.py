"""Trials of outlets: each kept with what the far end answered."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text, update

from app.db import tables as t
from app.db.engine import Session


async def begin(session: Session, outlet_id: int, by: str, rest: timedelta) -> int | None:
    """Note that a trial begins; ``None`` when the last one began less than ``rest`` ago."""
    statement = text(
        "INSERT INTO trial (outlet_id, by) SELECT :outlet, :by WHERE NOT EXISTS (SELECT 1 FROM trial "
        "WHERE outlet_id = :outlet AND at > now() - CAST(:rest AS interval)) RETURNING id"
    )
    found = await session.execute(statement, {"outlet": outlet_id, "by": by, "rest": rest})
    return found.scalar_one_or_none()


async def finish(session: Session, id: int, **values: Any) -> None:
    """What came of it: ``outcome``, ``reason``, ``detail``, ``milliseconds`` and ``steps``."""
    await session.execute(update(t.trial).where(t.trial.c.id == id).values(**values))


async def of_outlet(session: Session, outlet_id: int, limit: int) -> Sequence[Mapping[str, Any]]:
    """The outlet's trials, newest first. One without an outcome is under way, or its process vanished."""
    c = t.trial.c
    found = await session.execute(
        select(c.at, c.by, c.outcome, c.reason, c.detail, c.milliseconds, c.steps)
        .where(c.outlet_id == outlet_id)
        .order_by(c.id.desc())
        .limit(limit)
    )
    return [dict(r._mapping) for r in found]
