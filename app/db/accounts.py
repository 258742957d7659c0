"""Accounts, sessions and one-time links of the console. Only hashes of tokens are kept."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import tables as t
from app.db.engine import Session
from app.domain.words import Role


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``organ_code``, ``number`` and ``phone`` are an officer's: whose officer, the police number, the duty phone."""

    account_id: int
    name: str
    csrf: str
    role: Role
    organ_code: str | None
    organ_name: str | None
    organ_area: str | None
    number: str
    phone: str


_FIRST = text(
    "(SELECT CASE WHEN EXISTS (SELECT 1 FROM account WHERE role = 'admin' AND disabled_at IS NULL) "
    "THEN 'operator' ELSE 'admin' END)"
)


async def save(session: Session, name: str, password_hash: str | None) -> int:
    """Make the account, or change its password; ``None`` keeps the password it has. A new account is an operator's; while
    there is no administrator it is an administrator's, since nobody could make it one."""
    statement = upsert(t.account).values(name=name, password_hash=password_hash, role=_FIRST)
    kept = text("coalesce(excluded.password_hash, account.password_hash)")
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"password_hash": kept})
    return int((await session.execute(statement.returning(t.account.c.id))).scalar_one())


async def password(session: Session, name: str) -> tuple[int, str] | None:
    """Id and password hash of an account that may sign in with a password."""
    a = t.account.c
    found = await session.execute(
        select(a.id, a.password_hash).where(a.name == name, a.disabled_at.is_(None), a.password_hash.is_not(None))
    )
    return (r.id, r.password_hash) if (r := found.one_or_none()) else None


async def add_link(session: Session, token_hash: bytes, account_id: int, lasts: timedelta) -> None:
    await session.execute(
        insert(t.login_link).values(
            token_hash=token_hash, account_id=account_id, expires_at=text("now() + CAST(:lasts AS interval)")
        ),
        {"lasts": lasts},
    )


async def use_link(session: Session, token_hash: bytes) -> int | None:
    """Spend a one-time link; the account it lets in, or ``None`` when it is unknown, spent, too old or of an account that
    is disabled."""
    statement = (
        update(t.login_link)
        .where(
            t.account.c.id == t.login_link.c.account_id,
            t.account.c.disabled_at.is_(None),
            t.login_link.c.token_hash == token_hash,
            t.login_link.c.used_at.is_(None),
            t.login_link.c.expires_at > text("now()"),
        )
        .values(used_at=text("now()"))
        .returning(t.login_link.c.account_id)
    )
    account: int | None = (await session.execute(statement)).scalar_one_or_none()
    return account


async def open_session(
    session: Session, token_hash: bytes, account_id: int, csrf: str, lasts: timedelta, address: str
) -> None:
    await session.execute(
        insert(t.console_session).values(
            token_hash=token_hash, account_id=account_id, csrf=csrf, address=address,
            expires_at=text("now() + CAST(:lasts AS interval)"),
        ),
        {"lasts": lasts},
    )  # fmt: skip


async def signed_in(session: Session, token_hash: bytes) -> SignedIn | None:
    """Who holds this session, while it lasts."""
    s, a, o = t.console_session.c, t.account.c, t.organ.c
    found = await session.execute(
        select(a.id, a.name, s.csrf, a.role, a.organ_code, o.name, o.area_code, a.number, a.phone)
        .select_from(t.console_session.join(t.account).join(t.organ, isouter=True))
        .where(s.token_hash == token_hash, s.expires_at > text("now()"), a.disabled_at.is_(None))
    )
    r = found.one_or_none()
    return SignedIn(r.id, r[1], r.csrf, Role(r.role), *r[4:]) if r else None


async def close_session(session: Session, token_hash: bytes) -> None:
    await session.execute(delete(t.console_session).where(t.console_session.c.token_hash == token_hash))


async def sweep(session: Session) -> None:
    """Forget what has run out: sessions, links, and idempotency keys older than a week."""
    await session.execute(text("DELETE FROM console_session WHERE expires_at < now()"))
    await session.execute(text("DELETE FROM login_link WHERE expires_at < now()"))
    await session.execute(text("DELETE FROM idempotency WHERE created_at < now() - interval '7 days'"))
