"""The windows of paced outlets. Settling a send uses a place, claims count what is used."""

from collections.abc import Sequence

from sqlalchemy import text

from app.db.engine import Session


async def use(session: Session, outlet_id: int) -> None:
    """Something that is no delivery is sent there."""
    await session.execute(text("INSERT INTO paced_send (outlet_id) VALUES (:outlet)"), {"outlet": outlet_id})


async def carry_over(session: Session, outlet_ids: Sequence[int]) -> None:
    """What used a place at a time that is to come, before the database's clock was set back, uses it now. For whoever alone
    claims for these outlets."""
    await session.execute(
        text(
            "UPDATE paced_send SET at = clock_timestamp() WHERE id = ANY (ARRAY(SELECT id FROM paced_send "
            "WHERE outlet_id = ANY(CAST(:outlets AS bigint[])) AND at > (SELECT clock_timestamp())))"
        ),
        {"outlets": list(outlet_ids)},
    )


async def forget(session: Session) -> None:
    """What was sent in windows long over."""
    await session.execute(text("DELETE FROM paced_send WHERE at < now() - interval '1 day'"))
