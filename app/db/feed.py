"""The polled lane. A sequence number is given when a notice is first fetched, under the partner's lock: the numbers
have no gaps and none can appear behind a reader's cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.db.engine import Session


@dataclass(frozen=True, slots=True)
class FeedItem:
    sequence: int
    delivery_id: int
    outlet_id: int
    alert_id: int
    number: int
    profile: str


async def take_new(session: Session, partner_id: int, *, limit: int, live: bool = True) -> int:
    """Number what waits for this partner and mark it as accepted: from here on it may have aired. Returns how many. For a
    test key (not ``live``) only what is not actual."""
    head = (
        await session.execute(text("SELECT feed_head FROM partner WHERE id = :p FOR NO KEY UPDATE"), {"p": partner_id})
    ).scalar_one()
    done = await session.execute(
        text(
            """
WITH fresh AS (
  SELECT d.id FROM delivery d JOIN outlet o ON o.id = d.outlet_id JOIN alert a ON a.id = d.alert_id
  WHERE o.partner_id = :p AND d.lane = 'polled' AND d.state = 'pending' AND d.due_at <= now() AND d.number = a.head
    AND (d.kind = 'retract' OR a.expires_at > now())
    AND (:live OR a.status <> 'actual')
  ORDER BY d.priority, d.id LIMIT :limit FOR UPDATE OF d SKIP LOCKED
), numbered AS (SELECT id, :head + row_number() OVER (ORDER BY id) AS seq FROM fresh),
taken AS (
  UPDATE delivery d SET state = 'accepted', tries = d.tries + 1, accepted_at = now(), feed_seq = n.seq
  FROM numbered n WHERE d.id = n.id RETURNING d.id, d.outlet_id, d.tries
)
INSERT INTO attempt (delivery_id, outlet_id, number, lane, started_at, finished_at, outcome, worker)
SELECT id, outlet_id, tries, 'polled', now(), now(), 'accepted', 'feed' FROM taken
"""
        ),
        {"p": partner_id, "head": head, "live": live, "limit": limit},
    )
    if done.rowcount:
        await session.execute(
            text("UPDATE partner SET feed_head = feed_head + :n WHERE id = :p"), {"p": partner_id, "n": done.rowcount}
        )
    return done.rowcount


async def after(session: Session, partner_id: int, cursor: int, limit: int, *, live: bool = True) -> Sequence[FeedItem]:
    """What the partner fetched with a number above ``cursor`` and no newer notice has replaced, oldest first."""
    found = await session.execute(
        text(
            "SELECT d.feed_seq, d.id, d.outlet_id, d.alert_id, d.number, d.profile FROM delivery d "
            "JOIN outlet o ON o.id = d.outlet_id JOIN alert a ON a.id = d.alert_id "
            "WHERE o.partner_id = :p AND d.feed_seq > :cursor AND d.number = a.head "
            "AND (d.kind = 'retract' OR a.expires_at > now()) "
            "AND (:live OR a.status <> 'actual') "
            "ORDER BY d.feed_seq LIMIT :limit"
        ),
        {"p": partner_id, "cursor": cursor, "limit": limit, "live": live},
    )
    return [FeedItem(r.feed_seq, r.id, r.outlet_id, r.alert_id, r.number, r.profile) for r in found]


async def head(session: Session, partner_id: int) -> int:
    """The number of the newest notice the partner has fetched."""
    found = await session.execute(text("SELECT feed_head FROM partner WHERE id = :p"), {"p": partner_id})
    return int(found.scalar_one())


async def waits(session: Session, partner_id: int) -> bool:
    """True when something has not been fetched yet."""
    found: Any = await session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM delivery d JOIN outlet o ON o.id = d.outlet_id WHERE o.partner_id = :p "
            "AND d.lane = 'polled' AND d.state = 'pending' AND d.due_at <= now())"
        ),
        {"p": partner_id},
    )
    return bool(found.scalar_one())
