"""Deliveries that are looked after once their outlet has taken them. They are leased like sends, so that nothing is shown
again while, or after, a newer notice goes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from app.db.claims import Claimed, Leases, lasting, lease_end
from app.db.engine import Session
from app.domain.words import Kind, Lane


@dataclass(frozen=True, slots=True)
class Tended:
    """``claimed.prior`` is the outlet's reference of this very delivery."""

    claimed: Claimed
    accepted_at: datetime


_LEASE_END = lease_end("(SELECT o.carrier FROM outlet o WHERE o.id = t.outlet_id)")

# While it is looked after the next look stands at the end of the lease: what asks for an earlier one meanwhile is heard.
# Where something real is live on the same outlet, what is not real is not shown again.
_CLAIM = text(
    f"""
UPDATE delivery t SET lease_until = {_LEASE_END}, tend_at = {_LEASE_END}, worker = :worker WHERE t.ctid = ANY (ARRAY(
  SELECT d.ctid FROM delivery d WHERE d.tend_at <= now() AND d.state IN ('accepted', 'confirmed')
  AND d.number = (SELECT a.head FROM alert a WHERE a.id = d.alert_id AND (d.kind = 'retract' OR a.expires_at > now()))
  AND (SELECT s.id FROM delivery s WHERE s.alert_id = d.alert_id AND s.outlet_id = d.outlet_id
       AND s.lease_until IS NOT NULL LIMIT 1) IS NULL
  AND (d.kind = 'retract' OR (SELECT a.status FROM alert a WHERE a.id = d.alert_id) = 'actual'
       OR (SELECT o.carrier FROM outlet o WHERE o.id = d.outlet_id) <> ALL (CAST(:renewing AS text[]))
       OR (SELECT r.id FROM delivery r JOIN alert b ON b.id = r.alert_id AND b.head = r.number
           WHERE r.outlet_id = d.outlet_id AND b.status = 'actual' AND b.state = 'active'
             AND r.state IN ('sending', 'accepted', 'confirmed') LIMIT 1) IS NULL)
  ORDER BY d.tend_at LIMIT :room FOR UPDATE OF d SKIP LOCKED))
RETURNING t.id, t.alert_id, t.number, t.outlet_id, t.kind, t.lane, t.tries, t.give_up_at, t.profile, t.reference,
  t.accepted_at, t.lease_until - now() AS lease
"""
)


async def claim(
    session: Session, *, worker: str, leases: Leases, room: int, renewing: Sequence[str]
) -> Sequence[Tended]:
    """Take up to ``room`` that are due. ``renewing``: the carriers that show a notice again when they look after it."""
    values = {"worker": worker, **lasting(leases), "room": room, "renewing": list(renewing)}
    found = await session.execute(_CLAIM, values)
    return [
        Tended(
            Claimed(
                r.id, r.alert_id, r.number, r.outlet_id, Kind(r.kind), Lane(r.lane), r.tries, r.give_up_at, r.profile,
                r.reference, r.lease,
            ),
            r.accepted_at,
        )
        for r in found
    ]  # fmt: skip


async def release(session: Session, worker: str, waits: Sequence[tuple[int, timedelta | None]]) -> None:
    """End the leases of this worker; the next look comes after the wait, or never (``None``), unless one was asked for
    meanwhile (``again``, ``uncover``)."""
    await session.execute(
        text(
            "UPDATE delivery d SET lease_until = NULL, worker = NULL, "
            "tend_at = CASE WHEN d.tend_at < d.lease_until THEN d.tend_at ELSE now() + u.wait END "
            "FROM unnest(CAST(:ids AS bigint[]), CAST(:waits AS interval[])) AS u(id, wait) "
            "WHERE d.id = ANY (ARRAY(SELECT l.id FROM delivery l WHERE l.id = ANY(CAST(:ids AS bigint[])) ORDER BY l.id "
            "FOR UPDATE)) AND d.id = u.id AND d.worker = :worker"
        ),
        {"ids": [id for id, _ in waits], "waits": [wait for _, wait in waits], "worker": worker},
    )


async def again(session: Session, outlet_ids: Sequence[int]) -> None:
    """Look at once after what else these outlets show: something took everything off them."""
    await session.execute(
        text(
            "UPDATE delivery SET tend_at = now() WHERE id = ANY (ARRAY(SELECT l.id FROM delivery l "
            "WHERE l.outlet_id = ANY(CAST(:outlets AS bigint[])) AND l.tend_at IS NOT NULL AND l.kind <> 'retract' "
            "ORDER BY l.id FOR UPDATE))"
        ),
        {"outlets": list(outlet_ids)},
    )


async def uncover(session: Session, ids: Sequence[int]) -> None:
    """Exercises and tests among these deliveries have just been shown: look at once after what is real on their outlets,
    so that it stands before them again."""
    await session.execute(
        text(
            "UPDATE delivery SET tend_at = now() WHERE id = ANY (ARRAY(SELECT l.id FROM delivery l "
            "JOIN alert a ON a.id = l.alert_id AND a.head = l.number "
            "WHERE a.status = 'actual' AND l.tend_at IS NOT NULL AND l.kind <> 'retract' AND l.outlet_id IN ("
            "SELECT d.outlet_id FROM delivery d JOIN alert b ON b.id = d.alert_id "
            "WHERE d.id = ANY(CAST(:ids AS bigint[])) AND b.status <> 'actual') ORDER BY l.id FOR UPDATE OF l))"
        ),
        {"ids": list(ids)},
    )


async def stop_replaced(session: Session) -> int:
    """A newer notice has taken their place, or they failed: nobody looks after them any more."""
    done = await session.execute(
        text(
            "UPDATE delivery d SET tend_at = NULL WHERE d.id = ANY (ARRAY(SELECT l.id FROM delivery l "
            "JOIN alert a ON a.id = l.alert_id WHERE l.tend_at < now() - interval '1 second' AND l.lease_until IS NULL "
            "AND (l.number < a.head OR l.state NOT IN ('accepted', 'confirmed')) ORDER BY l.id FOR UPDATE OF l))"
        )
    )
    return done.rowcount
