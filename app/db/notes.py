"""What wires remember in the database: serial numbers, and what went out under which id."""

from datetime import timedelta

from sqlalchemy import text

from app.db.engine import Session


async def count(session: Session, name: str) -> int:
    """The next number of a counter: 1, 2, 3, …"""
    found = await session.execute(
        text(
            "INSERT INTO counter (name, value) VALUES (:name, 1) "
            "ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value"
        ),
        {"name": name},
    )
    return int(found.scalar_one())


async def note(session: Session, name: str, value: str) -> str:
    """Write it down, or leave what was written first; gives back what stands."""
    found = await session.execute(
        text(
            "INSERT INTO note (name, value) VALUES (:name, :value) "
            "ON CONFLICT (name) DO UPDATE SET value = note.value RETURNING value"
        ),
        {"name": name, "value": value},
    )
    return str(found.scalar_one())


async def noted(session: Session, name: str) -> str | None:
    """What stands under the name."""
    found = await session.execute(text("SELECT value FROM note WHERE name = :name"), {"name": name})
    value = found.scalar_one_or_none()
    return None if value is None else str(value)


async def forget(session: Session, after: timedelta) -> int:
    """What was noted longer ago goes. Returns how many."""
    done = await session.execute(
        text("DELETE FROM note WHERE created_at < now() - CAST(:after AS interval)"), {"after": after}
    )
    return done.rowcount
