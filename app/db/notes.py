"""What carriers must know again although nobody may have answered: written once, under a name of their own."""

from datetime import timedelta

from sqlalchemy import text

from app.db.engine import Session


async def note(session: Session, name: str, value: str) -> str:
    """What stands under this name: ``value``, unless something stood there before."""
    await session.execute(
        text("INSERT INTO note (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"),
        {"name": name, "value": value},
    )
    found = await noted(session, name)
    assert found is not None, "notes are forgotten by age, and this one has just been written"
    return found


async def noted(session: Session, name: str) -> str | None:
    """What stands under this name."""
    found = await session.execute(text("SELECT value FROM note WHERE name = :name"), {"name": name})
    value = found.scalar_one_or_none()
    return None if value is None else str(value)


async def forget(session: Session, after: timedelta) -> int:
    """Notes that are older than this go. Returns how many."""
    done = await session.execute(
        text("DELETE FROM note WHERE created_at < now() - CAST(:after AS interval)"), {"after": after}
    )
    return done.rowcount
