"""API keys, organs, and what an idempotency key was first used for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import tables as t
from app.db.engine import Session, notify

REVOKED = "huijia_revoked"


@dataclass(frozen=True, slots=True)
class KeyRow:
    id: str
    secret_hash: bytes
    scope: str
    live: bool
    label: str
    organ_code: str | None
    organ_name: str | None
    organ_area: str | None
    partner_id: int | None


async def find(session: Session, id: str) -> KeyRow | None:
    """A key that has not been revoked."""
    k, o = t.api_key.c, t.organ.c
    found = await session.execute(
        select(k.id, k.secret_hash, k.scope, k.live, k.label, k.organ_code, o.name, o.area_code, k.partner_id)
        .join_from(t.api_key, t.organ, isouter=True)
        .where(k.id == id, k.revoked_at.is_(None))
    )
    r = found.one_or_none()
    return KeyRow(r.id, bytes(r.secret_hash), *r[2:]) if r else None


async def add(session: Session, **values: Any) -> None:
    await session.execute(insert(t.api_key).values(**values))


async def revoke(session: Session, id: str) -> bool:
    """True when there was such a live key. Whoever holds keys in memory is told at the commit."""
    await notify(session, REVOKED, id)
    done = await session.execute(
        update(t.api_key).where(t.api_key.c.id == id, t.api_key.c.revoked_at.is_(None)).values(revoked_at=text("now()"))
    )
    return done.rowcount == 1


async def revoked_lately(session: Session) -> frozenset[str]:
    """Ids of keys revoked within ten minutes: far longer than a revocation takes to commit."""
    found = await session.execute(text("SELECT id FROM api_key WHERE revoked_at > now() - interval '10 minutes'"))
    return frozenset(r.id for r in found)


async def listing(session: Session) -> Sequence[Mapping[str, Any]]:
    """Every key without its secret."""
    k = t.api_key.c
    found = await session.execute(
        select(
            k.id, k.scope, k.live, k.label, k.organ_code, t.partner.c.name.label("partner"), k.created_at, k.revoked_at
        )
        .join_from(t.api_key, t.partner, isouter=True)
        .order_by(k.created_at)
    )
    return [dict(r._mapping) for r in found]


async def save_organ(session: Session, code: str, name: str, area_code: str) -> None:
    statement = upsert(t.organ).values(code=code, name=name, area_code=area_code)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["code"], set_={"name": statement.excluded.name, "area_code": statement.excluded.area_code}
        )
    )


async def organ(session: Session, code: str) -> tuple[str, str] | None:
    """Name and area code of an organ."""
    found = await session.execute(select(t.organ.c.name, t.organ.c.area_code).where(t.organ.c.code == code))
    return (r.name, r.area_code) if (r := found.one_or_none()) else None


async def remember(session: Session, key_id: str, key: str, body_hash: bytes) -> tuple[bytes, int | None] | None:
    """Claim an idempotency key for this transaction. ``None``: it is new. Otherwise the hash and alert of its first use.

    A second request with the same key waits here until the first has ended.
    """
    done = await session.execute(
        upsert(t.idempotency).values(key_id=key_id, key=key, body_hash=body_hash).on_conflict_do_nothing()
    )
    if done.rowcount:
        return None
    i = t.idempotency.c
    r = (await session.execute(select(i.body_hash, i.alert_id).where(i.key_id == key_id, i.key == key))).one()
    return bytes(r.body_hash), r.alert_id


async def bind(session: Session, key_id: str, key: str, alert_id: int) -> None:
    """Say which alert the idempotency key made or changed."""
    i = t.idempotency
    await session.execute(update(i).where(i.c.key_id == key_id, i.c.key == key).values(alert_id=alert_id))


async def code_of(session: Session, alert_id: int) -> str:
    return str((await session.execute(select(t.alert.c.code).where(t.alert.c.id == alert_id))).scalar_one())
