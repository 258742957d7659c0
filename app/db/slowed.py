"""Failed tries, counted for all processes: by the hash of what is tried, so that a password typed into the wrong field is not
kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.db.engine import Session

FORGOTTEN = 900.0  # seconds without a try


@dataclass(frozen=True, slots=True)
class Failing:
    """``failures`` so far, ``idle`` seconds since the last, ``wait`` seconds until the next may be (0 or less: now)."""

    failures: int
    idle: float
    wait: float


async def lock(session: Session, key: bytes) -> Failing:
    """How it stands, locked until the transaction ends: tries at once count one after the other."""
    found = await session.execute(
        text(
            "INSERT INTO slowed AS was (key) VALUES (:key) ON CONFLICT (key) DO UPDATE SET key = was.key "
            "RETURNING failures, extract(epoch FROM clock_timestamp() - last_at)::float AS idle, "
            "extract(epoch FROM not_before - clock_timestamp())::float AS wait"
        ),
        {"key": key},
    )
    return Failing(*found.one())


async def failed(session: Session, key: bytes, failures: int, wait: float) -> None:
    """One more; the next may be ``wait`` seconds from now."""
    await session.execute(
        text(
            "UPDATE slowed SET failures = :failures, last_at = clock_timestamp(), "
            "not_before = clock_timestamp() + make_interval(secs => :wait) WHERE key = :key"
        ),
        {"key": key, "failures": failures, "wait": wait},
    )


async def forget(session: Session, keys: Sequence[bytes]) -> None:
    """In the order in which they are locked."""
    for key in sorted(keys):
        await session.execute(text("DELETE FROM slowed WHERE key = :key"), {"key": key})


async def sweep(session: Session) -> None:
    """What nobody has tried for a quarter of an hour. A row that somebody holds is taken the next time."""
    await session.execute(
        text(
            "DELETE FROM slowed WHERE key IN (SELECT key FROM slowed "
            "WHERE last_at < now() - make_interval(secs => :idle) FOR UPDATE SKIP LOCKED)"
        ),
        {"idle": FORGOTTEN},
    )
