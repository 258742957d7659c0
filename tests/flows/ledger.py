"""What a test sees of the ledger: every row of every table, and the verbs that a flow ends in."""

from typing import Any

from sqlalchemy import text

from app.db import tables as t
from app.db.engine import transaction
from app.flows.house import House

# What is counted up whether or not a transaction succeeds (sequences) is no row and not in here.
TABLES = [table.name for table in t.metadata.sorted_tables]


async def dump(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Every row there is."""
    async with transaction(house.engine) as session:
        return {
            name: sorted((tuple(r) for r in await session.execute(text(f"SELECT * FROM {name}"))), key=repr)
            for name in TABLES
        }


async def rows(house: House, sql: str, **values: Any) -> list[Any]:
    async with transaction(house.engine) as session:
        found = await session.execute(text(sql), values)
        return list(found.all()) if found.returns_rows else []


async def one(house: House, sql: str, **values: Any) -> Any:
    """The only column of the only row."""
    ((found,),) = await rows(house, sql, **values)
    return found


async def told(house: House, code: str, number: int) -> list[int]:
    """The outlets that have a delivery for this notice."""
    found = await rows(
        house,
        "SELECT outlet_id FROM delivery d JOIN alert a ON a.id = d.alert_id WHERE a.code = :code AND number = :number "
        "ORDER BY outlet_id",
        code=code,
        number=number,
    )
    return [r.outlet_id for r in found]


async def aired(house: House, *, number: int | None = None) -> None:
    """As after an attempt that was accepted, at every outlet."""
    await rows(
        house,
        "UPDATE delivery SET state = 'accepted', tries = tries + 1, accepted_at = now() "
        "WHERE state = 'pending' AND (CAST(:n AS int) IS NULL OR number = :n)",
        n=number,
    )
