"""CAP messages as they were signed. The first that is kept stands, whoever asks later and whatever has changed since."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import tables as t
from app.db.engine import Session


async def kept(session: Session, alert_id: int, number: int) -> bytes | None:
    """The message of this notice, if it was ever made."""
    c = t.cap_message.c
    found = await session.execute(select(c.document).where(c.alert_id == alert_id, c.number == number))
    document = found.scalar_one_or_none()
    return None if document is None else bytes(document)


async def keep(session: Session, alert_id: int, number: int, document: bytes) -> bytes:
    """Keep it, unless somebody was quicker; returns the one that is kept."""
    values = {"alert_id": alert_id, "number": number, "document": document}
    await session.execute(upsert(t.cap_message).values(values).on_conflict_do_nothing())
    return await kept(session, alert_id, number) or document
