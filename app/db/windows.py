"""The windows of paced outlets. Settling a send uses a place, claims count what is used."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text

from app.db.engine import Session


def used(outlet: str) -> str:
    """Part of a statement: how many places of the outlet's window are used, the last ``:per``. What is in flight or was settled
    within it uses one. The clock may have been set back since this transaction began."""
    return (
        f"(SELECT count(*) FROM paced_send x WHERE x.outlet_id = {outlet} "
        "AND x.at >= (SELECT least(now(), clock_timestamp())) - CAST(:per AS interval)) "
        f"+ (SELECT count(*) FROM delivery s WHERE s.outlet_id = {outlet} AND s.lease_until IS NOT NULL)"
    )


async def use(session: Session, outlet_id: int, places: int, *, of: int, per: timedelta) -> bool:
    """Something that is no delivery is to be sent there, in so many messages: take the places, of those that the window has.
    ``False``: they are not free."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('paced', :outlet))"), {"outlet": outlet_id}
    )
    await carry_over(session, [outlet_id])
    took = await session.execute(
        text(
            "INSERT INTO paced_send (outlet_id) SELECT :outlet FROM generate_series(1, CAST(:places AS int)) "
            f"WHERE :places + {used(':outlet')} <= :of RETURNING id"
        ),
        {"outlet": outlet_id, "places": places, "of": of, "per": per},
    )
    return bool(took.all())


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
