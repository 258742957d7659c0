"""Pictures and sounds by their content: the officer's photo, and what was made of a notice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import tables as t
from app.db.engine import Session


@dataclass(frozen=True, slots=True)
class Kept:
    mime: str
    body: bytes


async def keep(session: Session, alert_id: int, number: int, rows: Iterable[dict[str, Any]]) -> None:
    """Keep what was made of a notice; the same content twice is one row."""
    if found := [row | {"alert_id": alert_id, "number": number} for row in rows]:
        await session.execute(upsert(t.media).values(found).on_conflict_do_nothing())


# While the search lasts, what the newest notice says and nothing older: a photo that an update has replaced is gone.
# Afterwards only the correction.
_PUBLIC = text(
    """
SELECT m.mime, m.body FROM alert a JOIN media m ON m.alert_id = a.id
WHERE a.code = :code AND m.sha256 = :sha AND CASE WHEN a.state = 'active' AND a.expires_at > now() THEN m.number = a.head
  ELSE m.number = 0 OR (m.number = a.head AND a.state <> 'active') END
UNION ALL
SELECT p.mime, p.body FROM alert a JOIN photo p ON p.alert_id = a.id
JOIN notice n ON n.alert_id = a.id AND n.number = a.head
WHERE a.code = :code AND p.sha256 = :sha AND a.state = 'active' AND a.expires_at > now()
  AND n.body -> 'photo' ->> 'sha256' = :sha
UNION ALL
SELECT t.mime, t.body FROM trial_media t WHERE t.alert = :code AND t.sha256 = :sha
LIMIT 1
"""
)


async def public(session: Session, code: str, sha256: str) -> Kept | None:
    """What the public may have of an alert (or of a test notice, for as long as its URL is good) now, or ``None``."""
    found = await session.execute(_PUBLIC, {"code": code, "sha": sha256})
    return Kept(r.mime, bytes(r.body)) if (r := found.one_or_none()) else None


async def listing(session: Session, alert_id: int, number: int) -> Sequence[Mapping[str, Any]]:
    """What was made of a notice, as a rendition lists it, the largest first."""
    found = await session.execute(
        text(
            "SELECT role, mime, '' AS url, sha256, length(body) AS size, width, height, seconds FROM media "
            "WHERE alert_id = :a AND number = :n ORDER BY role, width * height DESC NULLS LAST, sha256"
        ),
        {"a": alert_id, "n": number},
    )
    return [dict(r._mapping) for r in found]


async def content(session: Session, sha256: str) -> bytes | None:
    """The bytes with this digest, for a wire that carries them itself."""
    found = await session.execute(
        text(
            "SELECT body FROM media WHERE sha256 = :sha UNION ALL SELECT body FROM photo WHERE sha256 = :sha "
            "UNION ALL SELECT body FROM trial_media WHERE sha256 = :sha LIMIT 1"
        ),
        {"sha": sha256},
    )
    body = found.scalar_one_or_none()
    return None if body is None else bytes(body)


async def photo(session: Session, alert_id: int, sha256: str) -> bytes | None:
    """The officer's photo."""
    found = await session.execute(
        text("SELECT body FROM photo WHERE alert_id = :a AND sha256 = :sha"), {"a": alert_id, "sha": sha256}
    )
    body = found.scalar_one_or_none()
    return None if body is None else bytes(body)


async def forget_ended(session: Session, after: timedelta) -> int:
    """What showed the child goes when the search has been over for ``after``; corrections stay. Returns how many."""
    done = await session.execute(
        text(
            "DELETE FROM media m USING alert a, notice n WHERE a.id = m.alert_id AND n.alert_id = m.alert_id "
            "AND n.number = m.number AND n.kind <> 'retract' AND a.ended_at < now() - CAST(:after AS interval)"
        ),
        {"after": after},
    )
    return done.rowcount


async def keep_trial(session: Session, alert: str, rows: Iterable[dict[str, Any]]) -> None:
    """Keep what was drawn of a test notice: ``sha256``, ``mime`` and ``body`` of each."""
    if found := [row | {"alert": alert} for row in rows]:
        await session.execute(upsert(t.trial_media).values(found).on_conflict_do_nothing())


async def forget_trials(session: Session, after: timedelta) -> None:
    """Test notices are over by then."""
    await session.execute(
        text("DELETE FROM trial_media WHERE created_at < now() - CAST(:after AS interval)"), {"after": after}
    )


async def prove(session: Session, sha256: str, mime: str, body: bytes) -> None:
    """Keep a proof; the same content twice is one row."""
    await session.execute(upsert(t.proof).values(sha256=sha256, mime=mime, body=body).on_conflict_do_nothing())


async def proof(session: Session, sha256: str) -> Kept | None:
    """A proof by its digest. What shows that a real search was on shows the child: no longer once the search has ended."""
    found = await session.execute(
        text(
            "SELECT p.mime, p.body FROM proof p WHERE p.sha256 = :sha AND NOT EXISTS (SELECT 1 FROM receipt r "
            "JOIN delivery d ON d.id = r.delivery_id AND d.kind <> 'retract' JOIN alert a ON a.id = d.alert_id "
            "WHERE r.proof = p.sha256 AND a.status = 'actual' AND (a.ended_at IS NOT NULL OR a.expires_at <= now()))"
        ),
        {"sha": sha256},
    )
    return Kept(r.mime, bytes(r.body)) if (r := found.one_or_none()) else None
