"""Time that goes by: everything in the ledger happened so much longer ago."""

from sqlalchemy import text

from app.db.engine import transaction
from app.flows.house import House

AGES = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' \
AND data_type = 'timestamp with time zone' AND table_name NOT IN ('worker', 'presence') ORDER BY 1, 2"
"""Who is at work just now is not of the past."""


async def goes_by(house: House, interval: str) -> None:
    """As the database writes it: ``1 hour``."""
    async with transaction(house.engine) as session:
        await session.execute(text("SET LOCAL session_replication_role = replica"))  # nothing is told of it
        tables: dict[str, list[str]] = {}
        for table, column in await session.execute(text(AGES)):
            tables.setdefault(table, []).append(column)
        assert {"alert", "delivery", "notice", "attempt"} <= tables.keys()
        for table, columns in tables.items():
            moved = ", ".join(f"{column} = {column} - interval '{interval}'" for column in columns)
            await session.execute(text(f"UPDATE {table} SET {moved}"))
