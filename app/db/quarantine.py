"""The health of outlets: failures in a row, quarantine, probes. Bookkeeping apart from the queue: what is lost of it when
a process dies is found again at the next attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.db.engine import Session


@dataclass(frozen=True, slots=True)
class Health:
    """Of one outlet. ``failures`` in a row since ``since``; ``at`` is when it was quarantined, if it is."""

    id: int
    failures: int
    since: datetime | None
    at: datetime | None


async def of(session: Session, ids: Sequence[int]) -> Mapping[int, Health]:
    """The health of those among these outlets that nobody else is changing, locked. What is missed of the others is said
    again by their next attempt; to wait for whoever imports a long list would hold up what came of ten thousand sends."""
    found = await session.execute(
        text(
            "SELECT id, failures, failing_since, quarantined_at FROM outlet WHERE id = ANY(CAST(:ids AS bigint[])) "
            "ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
        ),
        {"ids": list(ids)},
    )
    return {r.id: Health(r.id, r.failures, r.failing_since, r.quarantined_at) for r in found}


async def fell_ill(session: Session, health: Health, trouble: str, probe_at: datetime | None, now: datetime) -> None:
    """``health`` is what it is now; with ``probe_at`` it is in quarantine."""
    await session.execute(
        text(
            "UPDATE outlet SET failures = :failures, failing_since = :since, trouble = :trouble, probe_at = :probe, "
            "quarantined_at = CASE WHEN CAST(:probe AS timestamptz) IS NULL THEN NULL "
            "ELSE coalesce(quarantined_at, :now) END WHERE id = :id"
        ),
        {
            "id": health.id, "failures": health.failures, "since": health.since, "trouble": trouble, "probe": probe_at,
            "now": now,
        },
    )  # fmt: skip


async def recovered(session: Session, healths: Sequence[Health]) -> Sequence[int]:
    """They have taken something, and are locked: what waits for them is due at once. Returns those that were in
    quarantine."""
    was = [h.id for h in healths if h.at is not None]
    await session.execute(
        text(
            "UPDATE outlet SET failures = 0, failing_since = NULL, quarantined_at = NULL, probe_at = NULL, trouble = NULL "
            "WHERE id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": [h.id for h in healths]},
    )
    await session.execute(
        text(
            "UPDATE delivery SET due_at = now() WHERE id = ANY (ARRAY(SELECT id FROM delivery "
            "WHERE outlet_id = ANY(CAST(:ids AS bigint[])) AND state = 'pending' "
            "AND lane NOT IN ('polled', 'played') AND due_at > now() "
            "ORDER BY id FOR UPDATE))"
        ),
        {"ids": was},
    )
    return was


async def to_probe(session: Session, wait: timedelta, limit: int) -> Sequence[int]:
    """Outlets in quarantine whose probe is due, for which nothing waits that would be one, and that take tests; their
    next probe is put off by ``wait``, so that nobody else probes them now."""
    found = await session.execute(
        text(
            "UPDATE outlet SET probe_at = now() + CAST(:wait AS interval) WHERE id = ANY (ARRAY(SELECT o.id FROM outlet o "
            "WHERE o.probe_at <= now() AND o.takes_tests AND o.lane NOT IN ('polled', 'played') "
            "AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.outlet_id = o.id AND d.state IN ('pending', 'sending') "
            "AND d.lane NOT IN ('polled', 'played')) "
            "ORDER BY o.probe_at LIMIT :limit FOR NO KEY UPDATE OF o SKIP LOCKED)) RETURNING id"
        ),
        {"wait": wait, "limit": limit},
    )
    return [r.id for r in found]


async def listing(session: Session) -> Sequence[Mapping[str, Any]]:
    """Every outlet in quarantine, the longest first: whose it is, why, since when, when it is probed next, and how many
    notices wait for it."""
    found = await session.execute(
        text(
            "SELECT o.id, o.name AS outlet, p.name AS partner, p.phone, o.channel, o.carrier, o.failures, o.trouble, "
            "o.failing_since, o.quarantined_at, o.probe_at, (SELECT count(*) FROM delivery d WHERE d.outlet_id = o.id "
            "AND d.state IN ('pending', 'sending')) AS waiting FROM outlet o JOIN partner p ON p.id = o.partner_id "
            "WHERE o.quarantined_at IS NOT NULL ORDER BY o.quarantined_at, o.id"
        )
    )
    return [dict(r._mapping) for r in found]
