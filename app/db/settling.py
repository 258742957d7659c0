"""What attempts came to, and whose sender has vanished."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import text

from app.db.claims import Claimed, claimed
from app.db.deliveries import Took
from app.db.engine import Session
from app.domain.machines import Settled
from app.domain.words import Outcome


class Result(NamedTuple):
    """One finished attempt. ``settled`` is what it makes of the delivery if it is still ours."""

    claimed: Claimed
    carrier: str
    outcome: Outcome
    reason: str | None
    detail: str
    started_at: datetime
    finished_at: datetime
    reference: str | None = None
    asked: timedelta | None = None  # the wait that the outlet asked for
    ailing: bool = False  # the outlet had been failing before this
    tend: timedelta | None = None  # look after it from so long after now
    clears: bool = False  # it took everything off the outlet, other alerts too


# What a receipt has said, before a replay or meanwhile, stands; then the settle only ends the lease and counts the refusal.
# One document instead of a dozen arrays: the driver looks at every element of an array.
# A lease is asked for by a coalesce, and not by IS NOT NULL: an index of those under way answers that, and where the statistics
# were gathered while nobody was under way it would be read through for each batch instead of looking the batch up by its ids.
_SETTLE = text(
    """
WITH u AS MATERIALIZED (
  SELECT * FROM json_to_recordset(CAST(:done AS json)) AS u(id bigint, tries int, state text, due_at timestamptz,
    tend float, outlet bigint, lane text, started timestamptz, finished timestamptz, outcome text, reason text, detail text,
    reference text)
), ours AS (
  UPDATE delivery d SET
    state = CASE WHEN d.state <> 'sending' THEN d.state WHEN u.state = 'accepted' AND d.confirmed_at IS NOT NULL
            THEN 'confirmed' ELSE u.state END,
    due_at = CASE WHEN d.state = 'sending' THEN coalesce(u.due_at, d.due_at) ELSE d.due_at END,
    refusals = d.refusals + CAST(u.outcome = 'refused' AS int), reference = coalesce(u.reference, d.reference),
    reason = CASE WHEN d.state = 'sending' OR (d.state = 'confirmed' AND u.state = 'accepted') THEN u.reason ELSE d.reason END,
    detail = CASE WHEN d.state = 'sending' OR (d.state = 'confirmed' AND u.state = 'accepted') THEN u.detail ELSE d.detail END,
    accepted_at = CASE WHEN u.state = 'accepted' THEN coalesce(d.accepted_at, now()) ELSE d.accepted_at END,
    tend_at = CASE WHEN u.state = 'accepted' THEN now() + make_interval(secs => u.tend) ELSE d.tend_at END,
    lease_until = NULL, worker = NULL
  FROM u
  WHERE d.id = ANY (ARRAY(
      SELECT l.id FROM delivery l WHERE l.id = ANY(CAST(CAST(:ids AS text) AS bigint[])) ORDER BY l.id FOR UPDATE
    ))
    AND d.id = u.id AND d.tries = u.tries AND coalesce(d.lease_until, '-infinity') <> '-infinity'
  RETURNING d.id, d.tries, d.kind, d.lane, CASE WHEN u.state = 'accepted' AND d.accepted_at = now()
    THEN extract(epoch FROM now() - d.created_at)::float END AS seconds
), recorded AS (
  INSERT INTO attempt (delivery_id, outlet_id, number, lane, started_at, finished_at, outcome, reason, detail, reference,
                       worker, stale)
  SELECT u.id, u.outlet, u.tries, u.lane, u.started, u.finished, u.outcome, u.reason, u.detail, u.reference, :worker,
    ours.id IS NULL
  FROM u LEFT JOIN ours ON ours.id = u.id AND ours.tries = u.tries
), placed AS (
  INSERT INTO paced_send (outlet_id) SELECT u.outlet FROM u WHERE u.lane = 'paced'
)
SELECT kind, lane, seconds FROM ours WHERE seconds IS NOT NULL
"""
)


async def settle(session: Session, done: Sequence[tuple[Result, Settled]], worker: str) -> Sequence[Took]:
    """Write what a batch of attempts came to. Of those that no longer held their lease only the attempt is recorded,
    marked stale. Returns what was accepted."""
    document = orjson.dumps([_settled(r, s) for r, s in done]).decode()
    ids = ",".join([str(r.claimed.id) for r, _ in done])
    found = await session.execute(_SETTLE, {"done": document, "ids": f"{{{ids}}}", "worker": worker})
    return [(kind, lane, seconds) for kind, lane, seconds in found.all()]


async def recorded(session: Session, results: Sequence[Result], worker: str) -> Sequence[int]:
    """Which of these deliveries have this very attempt of this worker written already: the answer to a commit may be
    lost."""
    found = await session.execute(
        text(
            "SELECT x.delivery_id FROM attempt x JOIN unnest(CAST(:ids AS bigint[]), CAST(:tries AS int[])) AS u(id, tries) "
            "ON x.delivery_id = u.id AND x.number = u.tries "
            "WHERE x.worker = :worker AND x.reason IS DISTINCT FROM 'lease_lost'"
        ),
        {"ids": [r.claimed.id for r in results], "tries": [r.claimed.tries for r in results], "worker": worker},
    )
    return list(found.scalars())


def _settled(r: Result, s: Settled) -> dict[str, Any]:
    return {
        "id": r.claimed.id, "tries": r.claimed.tries, "state": s.state, "due_at": s.due_at,
        "tend": None if r.tend is None else r.tend.total_seconds(), "outlet": r.claimed.outlet_id, "lane": r.claimed.lane,
        "started": r.started_at, "finished": r.finished_at, "outcome": r.outcome, "reason": r.reason,
        "detail": r.detail or None, "reference": r.reference,
    }  # fmt: skip


async def wait_for_nobody(session: Session) -> None:
    """Whoever would wait for a lock for longer than half a second in this transaction gets StoreUnavailable: senders wait
    for it as well, and settle first when it is gone."""
    await session.execute(text("SET LOCAL lock_timeout = '500ms'"))


async def lost(
    session: Session, limit: int, within: timedelta | None = None
) -> Sequence[tuple[Claimed, datetime, str]]:
    """Deliveries whose sender did not settle within its lease, with the moment the lease ended and their outlet's carrier,
    retractions first; only of leases that ended ``within`` (behind a forgotten BEGIN there is a long past to look through).
    Locked: two that rescue at once take different ones."""
    found = await session.execute(
        text(
            "SELECT id, alert_id, number, outlet_id, kind, lane, tries, give_up_at, profile, NULL AS prior, "
            "interval '0' AS lease, lease_until, "
            "coalesce((SELECT o.carrier FROM outlet o WHERE o.id = delivery.outlet_id), '') AS carrier "
            "FROM delivery WHERE lease_until < now() "
            "AND lease_until >= coalesce(now() - CAST(:within AS interval), '-infinity') "
            "ORDER BY kind <> 'retract', alert_id, id LIMIT :limit FOR UPDATE SKIP LOCKED"
        ),
        {"limit": limit, "within": within},
    )
    return [(claimed(columns), lease_until, carrier) for *columns, lease_until, carrier in found]
