"""Alembic's entry point. The URL comes from the caller (``huijia migrate``) or from DATABASE_URL."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection

from app.db.engine import connect
from app.db.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, compare_server_default=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


async def _online() -> None:
    url = context.config.attributes.get("url") or os.environ["DATABASE_URL"]
    engine = connect(url, statement_seconds=None)  # an index over years takes as long as it takes
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_online())
