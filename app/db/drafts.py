"""What an operator has filled in and not yet confirmed. Sealed: it may say what the public does not know yet."""

from datetime import datetime, timedelta

from sqlalchemy import text

from app.db.engine import Session

LASTS = timedelta(hours=24)


async def save(session: Session, account: str, subject: str, sealed: bytes) -> None:
    """One draft of each operator and subject."""
    await session.execute(
        text(
            "INSERT INTO draft (account, subject, sealed) VALUES (:account, :subject, :sealed) "
            "ON CONFLICT (account, subject) DO UPDATE SET sealed = excluded.sealed, at = now()"
        ),
        {"account": account, "subject": subject, "sealed": sealed},
    )


async def find(session: Session, account: str, subject: str) -> bytes | None:
    found = await session.execute(
        text("SELECT sealed FROM draft WHERE account = :account AND subject = :subject"),
        {"account": account, "subject": subject},
    )
    sealed = found.scalar_one_or_none()
    return None if sealed is None else bytes(sealed)


async def drop(session: Session, account: str, subject: str) -> None:
    await session.execute(
        text("DELETE FROM draft WHERE account = :account AND subject = :subject"),
        {"account": account, "subject": subject},
    )


async def move(session: Session, account: str, subject: str, to: str) -> bool:
    """Keep a draft under another subject from now on, unless there is one already. Returns whether it moved."""
    if await find(session, account, to) is not None:
        return False
    done = await session.execute(
        text("UPDATE draft SET subject = :to, at = now() WHERE account = :account AND subject = :subject"),
        {"account": account, "subject": subject, "to": to},
    )
    return bool(done.rowcount)


async def kept_at(session: Session, account: str, subject: str) -> datetime | None:
    """When it was last saved."""
    found = await session.execute(
        text("SELECT at FROM draft WHERE account = :account AND subject = :subject"),
        {"account": account, "subject": subject},
    )
    at: datetime | None = found.scalar_one_or_none()
    return at


async def forget(session: Session) -> None:
    """What nobody came back to for a day."""
    await session.execute(text("DELETE FROM draft WHERE at < now() - CAST(:lasts AS interval)"), {"lasts": LASTS})
