"""The weekly drill: when it is due, and that no time is used twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.db.engine import Session
from app.domain.weekly import Weekly


@dataclass(frozen=True, slots=True)
class Schedule:
    """``lasts`` in minutes. ``fault``: why nothing was sent at ``last_slot``."""

    when: Weekly
    lasts: int
    channels: Sequence[str]
    set_by: str
    set_at: datetime
    last_slot: datetime | None
    fault: str


async def read(session: Session) -> Schedule | None:
    """``None``: there is no weekly drill."""
    found = await session.execute(
        text("SELECT weekday, minute, lasts, channels, set_by, set_at, last_slot, fault FROM drill_schedule")
    )
    if (r := found.one_or_none()) is None:
        return None
    return Schedule(Weekly(r.weekday, r.minute), *r[2:])


async def save(session: Session, when: Weekly, lasts: int, channels: Sequence[str], by: str) -> None:
    """From now on: a time that has gone by is not made up for."""
    await session.execute(
        text(
            "INSERT INTO drill_schedule (weekday, minute, lasts, channels, set_by) "
            "VALUES (:weekday, :minute, :lasts, CAST(:channels AS text[]), :by) ON CONFLICT (one) DO UPDATE SET "
            "weekday = excluded.weekday, minute = excluded.minute, lasts = excluded.lasts, channels = excluded.channels, "
            "set_by = excluded.set_by, set_at = now(), fault = ''"
        ),
        {"weekday": when.weekday, "minute": when.minute, "lasts": lasts, "channels": list(channels), "by": by},
    )


async def clear(session: Session) -> bool:
    """False when there was none."""
    return bool((await session.execute(text("DELETE FROM drill_schedule"))).rowcount)


async def use_up(session: Session, slot: datetime) -> bool:
    """True for the one who may act at this time. Whoever asks meanwhile waits for that transaction to end."""
    done = await session.execute(
        text(
            "UPDATE drill_schedule SET last_slot = :slot, fault = '' "
            "WHERE set_at <= :slot AND (last_slot IS NULL OR last_slot < :slot)"
        ),
        {"slot": slot},
    )
    return done.rowcount == 1


async def say(session: Session, fault: str) -> None:
    """Why nothing was sent."""
    await session.execute(text("UPDATE drill_schedule SET fault = :fault"), {"fault": fault})
