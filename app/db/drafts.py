"""What an operator has filled in and not yet confirmed. Sealed: it may say what the public does not know yet."""

from datetime import timedelta

from sqlalchemy import text

from app.db.engine import Session

LASTS = timedelta(hours=24)


async def save(session: Session, account: str, subject: str, sealed: bytes) -> None:
    """One draft of each operator and subject; what nobody came back to for a day goes."""
    await session.execute(text("DELETE FROM draft WHERE at < now() - CAST(:lasts AS interval)"), {"lasts": LASTS})
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
