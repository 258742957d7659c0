"""Accounts as an administrator keeps them, and what each keeps of their own: sessions and the second factor."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.db.engine import Session
from app.domain.words import Role

Row = Mapping[str, Any]

_PERSON = """
SELECT a.id, a.name, a.role, a.organ_code, o.name AS organ_name, a.number, a.phone, a.disabled_at, a.created_at,
  a.password_hash IS NOT NULL AS has_password, a.totp_sealed IS NOT NULL AS has_totp,
  (SELECT count(*) FROM console_session s WHERE s.account_id = a.id AND s.expires_at > now()) AS sessions,
  (SELECT max(l.at) FROM audit l WHERE l.act = 'sign_in' AND l.actor IN ('operator:' || a.name, 'account:' || a.id)) AS seen_at,
  (SELECT count(*) FROM recovery r WHERE r.account_id = a.id) AS recoveries
FROM account a LEFT JOIN organ o ON o.code = a.organ_code
"""


async def listing(session: Session, words: str, *, skip: int, limit: int) -> tuple[Sequence[Row], int]:
    """A page of them by name, those that may sign in first; and how many there are in all."""
    where = "WHERE CAST(:words AS text) = '' OR strpos(lower(a.name || ' ' || a.number), lower(:words)) > 0"
    found = await session.execute(
        text(f"{_PERSON} {where} ORDER BY a.disabled_at IS NOT NULL, a.name LIMIT :limit OFFSET :skip"),
        {"words": words, "skip": skip, "limit": limit},
    )
    total = await session.execute(text(f"SELECT count(*) FROM account a {where}"), {"words": words})
    return [dict(r._mapping) for r in found], int(total.scalar_one())


async def person(session: Session, id: int) -> Row | None:
    found = await session.execute(text(f"{_PERSON} WHERE a.id = :id"), {"id": id})
    return dict(r._mapping) if (r := found.one_or_none()) else None


async def called(session: Session, name: str) -> int | None:
    found = await session.execute(text("SELECT id FROM account WHERE name = :name"), {"name": name})
    return found.scalar_one_or_none()


async def names(session: Session) -> Sequence[str]:
    return list((await session.execute(text("SELECT name FROM account ORDER BY name"))).scalars())


async def organs(session: Session) -> Sequence[tuple[str, str]]:
    """Code and name of every registered organ."""
    found = await session.execute(text("SELECT code, name FROM organ ORDER BY code"))
    return [(r.code, r.name) for r in found]


async def add(session: Session, name: str, role: Role) -> int | None:
    """``None``: there is an account of that name."""
    done = await session.execute(
        text("INSERT INTO account (name, role) VALUES (:name, :role) ON CONFLICT (name) DO NOTHING RETURNING id"),
        {"name": name, "role": role},
    )
    return done.scalar_one_or_none()


async def administrators_named(session: Session, most: int) -> Sequence[str]:
    """Who may change what an account may do, those who have been here longest first."""
    found = await session.execute(
        text("SELECT name FROM account WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id LIMIT :most"),
        {"most": most},
    )
    return list(found.scalars())


async def administrators(session: Session) -> frozenset[int]:
    """Those who may act, locked: whoever takes this right from one of them does so one at a time."""
    found = await session.execute(
        text("SELECT id FROM account WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE")
    )
    return frozenset(found.scalars())


async def set_facts(session: Session, id: int, role: Role, organ: str | None, number: str, phone: str) -> None:
    await session.execute(
        text("UPDATE account SET role = :role, organ_code = :organ, number = :number, phone = :phone WHERE id = :id"),
        {"id": id, "role": role, "organ": organ, "number": number, "phone": phone},
    )


async def set_disabled(session: Session, id: int, yes: bool) -> bool:
    """False when it was so already."""
    done = await session.execute(
        text(
            "UPDATE account SET disabled_at = CASE WHEN :yes THEN now() END "
            "WHERE id = :id AND (disabled_at IS NOT NULL) <> :yes"
        ),
        {"id": id, "yes": yes},
    )
    return done.rowcount == 1


async def set_password(session: Session, id: int, password_hash: str | None) -> None:
    await session.execute(
        text("UPDATE account SET password_hash = :hash WHERE id = :id"), {"id": id, "hash": password_hash}
    )


async def password_hash(session: Session, id: int) -> str | None:
    found = await session.execute(text("SELECT password_hash FROM account WHERE id = :id"), {"id": id})
    return found.scalar_one_or_none()


async def drop_links(session: Session, id: int) -> None:
    """One-time links that nobody has used."""
    await session.execute(text("DELETE FROM login_link WHERE account_id = :id AND used_at IS NULL"), {"id": id})


@dataclass(frozen=True, slots=True)
class Sitting:
    """A session: where somebody is signed in. ``id`` is the hash of its token, in hexadecimal."""

    id: str
    address: str
    since: datetime
    until: datetime


async def sittings(session: Session, id: int) -> Sequence[Sitting]:
    """The newest first."""
    found = await session.execute(
        text(
            "SELECT encode(token_hash, 'hex') AS id, address, created_at, expires_at FROM console_session "
            "WHERE account_id = :id AND expires_at > now() ORDER BY created_at DESC"
        ),
        {"id": id},
    )
    return [Sitting(*r) for r in found]


async def end_sittings(session: Session, id: int, *, keep: bytes = b"", only: str = "") -> int:
    """End all of somebody's sessions but ``keep``, or ``only`` one of them; how many."""
    done = await session.execute(
        text(
            "DELETE FROM console_session WHERE account_id = :id AND token_hash <> :keep "
            "AND (CAST(:only AS text) = '' OR encode(token_hash, 'hex') = :only)"
        ),
        {"id": id, "keep": keep, "only": only},
    )
    return done.rowcount


@dataclass(frozen=True, slots=True)
class Factor:
    """``sealed`` is the secret, encrypted; ``step`` the last one whose code was used."""

    name: str
    sealed: bytes | None
    step: int


async def factor(session: Session, id: int) -> Factor | None:
    """Locked: no code is used twice. ``None`` for who may not sign in."""
    found = await session.execute(
        text("SELECT name, totp_sealed, totp_step FROM account WHERE id = :id AND disabled_at IS NULL FOR UPDATE"),
        {"id": id},
    )
    r = found.one_or_none()
    return Factor(r.name, bytes(r.totp_sealed) if r.totp_sealed is not None else None, r.totp_step) if r else None


async def set_factor(session: Session, id: int, sealed: bytes | None, step: int) -> None:
    """``None`` takes it away, and the recovery codes with it."""
    await session.execute(
        text("UPDATE account SET totp_sealed = :sealed, totp_step = :step WHERE id = :id"),
        {"id": id, "sealed": sealed, "step": step},
    )
    if sealed is None:
        await keep_recoveries(session, id, ())


async def keep_recoveries(session: Session, id: int, hashes: Collection[bytes]) -> None:
    """These and no others."""
    await session.execute(text("DELETE FROM recovery WHERE account_id = :id"), {"id": id})
    for code_hash in hashes:
        await session.execute(
            text("INSERT INTO recovery (account_id, code_hash) VALUES (:id, :hash)"), {"id": id, "hash": code_hash}
        )


async def use_recovery(session: Session, id: int, code_hash: bytes) -> bool:
    """Each works once."""
    done = await session.execute(
        text("DELETE FROM recovery WHERE account_id = :id AND code_hash = :hash"), {"id": id, "hash": code_hash}
    )
    return done.rowcount == 1
