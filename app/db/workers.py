"""Who is at work. A dispatcher writes that it is there; one that does not is missed within seconds."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import text

from app.db.engine import Session

SILENT_SECONDS = 10.0


async def seen(session: Session, name: str, detail: Mapping[str, Any]) -> None:
    """This worker is alive."""
    await session.execute(
        text(
            "INSERT INTO worker (name, detail) VALUES (:name, CAST(:detail AS jsonb)) "
            "ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp(), detail = excluded.detail"
        ),
        {"name": name, "detail": orjson.dumps(dict(detail)).decode()},
    )


async def at_work(session: Session) -> Sequence[str]:
    """The names of those that have not been silent, in their order. Who was seen at a time to come was seen before the clock was
    set back: nobody knows when."""
    statement = (
        "SELECT name FROM worker WHERE abs(extract(epoch FROM clock_timestamp() - seen_at)) <= :silent ORDER BY name"
    )
    return [r.name for r in await session.execute(text(statement), {"silent": SILENT_SECONDS})]


async def gone(session: Session, name: str) -> None:
    """This worker has ended as it should."""
    await session.execute(text("DELETE FROM worker WHERE name = :name"), {"name": name})


async def listing(session: Session) -> Sequence[Mapping[str, Any]]:
    """Every worker of the last day, with the seconds since it was last seen, or until then when the clock was set back."""
    found = await session.execute(
        text(
            "SELECT name, started_at, seen_at, detail, abs(extract(epoch FROM now() - seen_at))::float AS silent "
            "FROM worker ORDER BY seen_at DESC"
        )
    )
    return [dict(r._mapping) for r in found]


async def forget(session: Session) -> None:
    """Those that vanished long ago."""
    await session.execute(text("DELETE FROM worker WHERE seen_at < now() - interval '1 day'"))
