"""Turns at looking whether all is well, and what was told of what is wrong. Any process may die or freeze at any moment: whose
turn it was is soon another's, and what was told stands here."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from app.db.engine import Session

LONGEST = 12.0
"""Seconds for which a turn may be kept, to tell somebody what was found."""
GAP = LONGEST + 3.0
"""Seconds between two looks after which nobody knows what was between them."""


async def take(session: Session) -> bool | None:
    """``None`` when it is another's turn; it is ours while this transaction is open. Whether this look follows the last one.
    Nobody keeps a turn as long as until a time far ahead: the clock was set back."""
    found = await session.execute(
        text(
            "SELECT coalesce(looked_at > now() - make_interval(secs => :gap), false) AS follows FROM watch "
            "WHERE until <= clock_timestamp() OR until > clock_timestamp() + make_interval(secs => :longest + 1) "
            "FOR UPDATE SKIP LOCKED"
        ),
        {"gap": GAP, "longest": LONGEST},
    )
    return None if (r := found.one_or_none()) is None else bool(r.follows)


async def looked(session: Session, by: str, rest: float) -> None:
    """``by`` has looked, and for ``rest`` seconds nobody else does."""
    await session.execute(
        text(
            "UPDATE watch SET by = :by, looked_at = clock_timestamp(), "
            "until = clock_timestamp() + make_interval(secs => :rest)"
        ),
        {"by": by, "rest": rest},
    )


async def rest(session: Session, by: str, seconds: float) -> None:
    """``by`` has told what it found, if it is still its turn; for so long nobody looks."""
    await session.execute(
        text("UPDATE watch SET until = clock_timestamp() + make_interval(secs => :seconds) WHERE by = :by"),
        {"by": by, "seconds": seconds},
    )


async def stands(session: Session, found: Mapping[str, str], *, follows: bool) -> None:
    """These troubles, by name in Chinese, were found. One that nobody was told of begins now if nobody looked lately."""
    await session.execute(
        text(
            "INSERT INTO trouble (name, zh) SELECT * FROM unnest(CAST(:names AS text[]), CAST(:words AS text[])) "
            "ON CONFLICT (name) DO UPDATE SET zh = excluded.zh, over_at = NULL, "
            "since = CASE WHEN :follows OR trouble.told_at IS NOT NULL THEN trouble.since ELSE now() END"
        ),
        {"names": list(found), "words": list(found.values()), "follows": follows},
    )


async def is_over(session: Session, names: Sequence[str]) -> None:
    """These were looked for and not found. What nobody was told of is forgotten."""
    await session.execute(
        text("DELETE FROM trouble WHERE name = ANY(CAST(:names AS text[])) AND told_at IS NULL"), {"names": list(names)}
    )
    await session.execute(
        text("UPDATE trouble SET over_at = now() WHERE name = ANY(CAST(:names AS text[])) AND over_at IS NULL"),
        {"names": list(names)},
    )


async def standing(session: Session) -> Sequence[Mapping[str, Any]]:
    """Every trouble that lasts, or whose end is not told yet; ages in seconds."""
    found = await session.execute(
        text(
            "SELECT name, zh, told AS told_zh, extract(epoch FROM now() - since)::float AS lasted, "
            "extract(epoch FROM now() - told_at)::float AS told, extract(epoch FROM now() - over_at)::float AS over "
            "FROM trouble ORDER BY since, name"
        )
    )
    return [dict(r._mapping) for r in found]


async def told(session: Session, words: Mapping[str, str], over: Sequence[str]) -> None:
    """Somebody has been told these words of troubles that last, and that others are over: of those nothing more is to be told."""
    await session.execute(
        text(
            "UPDATE trouble SET told_at = now(), told = t.zh "
            "FROM unnest(CAST(:names AS text[]), CAST(:words AS text[])) AS t (name, zh) WHERE trouble.name = t.name"
        ),
        {"names": list(words), "words": list(words.values())},
    )
    await session.execute(
        text("DELETE FROM trouble WHERE name = ANY(CAST(:names AS text[])) AND over_at IS NOT NULL"),
        {"names": list(over)},
    )


async def looked_seconds(session: Session) -> float:
    """How long ago anybody looked; infinite when nobody ever did. A look that was at a time to come was before the clock was set
    back, nobody knows when."""
    found = await session.execute(text("SELECT abs(extract(epoch FROM now() - looked_at))::float FROM watch"))
    seconds: float | None = found.scalar_one_or_none()
    return float("inf") if seconds is None else seconds
