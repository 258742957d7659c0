"""A database whose clock stands still until it is moved.

What is due, leased, late or over is decided by ``now()`` and ``clock_timestamp()`` in the ledger's own statements. Here
others stand before PostgreSQL's in the search path. Production code has no hook for it, and a run does the same whenever
it is run.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import transaction


class Passing:
    """Time as it passes, whatever the clock of the database is set to: what a process measures by itself."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed


START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)

_FACE = (
    "CREATE SCHEMA clock",
    "CREATE TABLE clock.face (at timestamptz NOT NULL)",
    f"INSERT INTO clock.face VALUES ('{START.isoformat()}')",
    "CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM clock.face'",
    "CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT at FROM clock.face'",
)
_DEFAULTS = """
SELECT format('ALTER TABLE %I ALTER COLUMN %I SET DEFAULT clock.now()', table_name, column_name)
FROM information_schema.columns WHERE table_schema = 'public' AND column_default = 'now()'
"""


async def stop_the_clock(engine: AsyncEngine) -> None:
    """From the next connection on this database's time is the one on the face."""
    async with transaction(engine) as session:
        for statement in _FACE:
            await session.execute(text(statement))
        for statement in (await session.execute(text(_DEFAULTS))).scalars().all():
            await session.execute(text(statement))
        name = (await session.execute(text("SELECT current_database()"))).scalar_one()
        await session.execute(text(f"ALTER DATABASE {name} SET search_path = clock, pg_catalog, public"))
    await engine.dispose()


async def set_clock(engine: AsyncEngine, at: datetime) -> None:
    async with transaction(engine) as session:
        await session.execute(text("UPDATE clock.face SET at = :at"), {"at": at})


async def move_clock(engine: AsyncEngine, by: timedelta) -> None:
    async with transaction(engine) as session:
        await session.execute(text("UPDATE clock.face SET at = at + :by"), {"by": by})
