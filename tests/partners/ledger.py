"""A whole ledger as JSON: written down with one release, opened with a later one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson
from sqlalchemy.engine import make_url

PASSING = {"telling", "worker", "presence", "console_session", "alembic_version", "watch", "trouble"}
"""What is news, or about processes that have ended: nothing of it outlives an upgrade."""

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


async def _open(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


async def _tables(connection: asyncpg.Connection) -> list[str]:
    found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row[0] for row in found if row[0] not in PASSING]


async def write_down(url: str) -> tuple[str, Rows, Mapping[str, int]]:
    """The revision of the schema, every row, and how far each sequence is."""
    connection = await _open(url)
    try:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
        tables = await _tables(connection)
        rows = {
            table: [orjson.loads(r[0]) for r in await connection.fetch(f"SELECT row_to_json(t)::text FROM {table} t")]
            for table in tables
        }
        told = await connection.fetch("SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL")
        return str(revision), {table: found for table, found in rows.items() if found}, dict(told)
    finally:
        await connection.close()


async def open_again(url: str, rows: Rows, sequences: Mapping[str, int], later: timedelta) -> None:
    """Into an empty database of the same revision, with every time so much later: what was live then is live now."""
    connection = await _open(url)
    try:
        await connection.execute(
            "SET session_replication_role = replica"
        )  # rows that refer to each other, in any order
        for table, found in rows.items():
            times = await _times(connection, table)
            shifted = [_later(row, times, later) for row in found]
            row = f"NULL::public.{table}"
            insert = (
                f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset({row}, $1::json)"
            )
            await connection.execute(insert, orjson.dumps(shifted).decode())
        for name, value in sequences.items():
            await connection.execute("SELECT setval(CAST($1::text AS regclass), $2)", name, value)
    finally:
        await connection.close()


async def _times(connection: asyncpg.Connection, table: str) -> set[str]:
    found = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 "
        "AND data_type = 'timestamp with time zone'",
        table,
    )
    return {row[0] for row in found}


def _later(row: Mapping[str, Any], times: set[str], later: timedelta) -> dict[str, Any]:
    return {
        name: (datetime.fromisoformat(value) + later).isoformat() if name in times and value else value
        for name, value in row.items()
    }
