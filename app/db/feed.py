"""The feed's numbers. A polled delivery gets its number when it is first fetched, one that huijia sends when it is seen in the
feed and on its way; always under the lock of the partner's feed: the numbers have no gaps, and none can appear behind a
cursor. Whatever anybody is given counts: its outlet is told of the end."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import text

from app.db.deliveries import Attempted, Took
from app.db.engine import Session
from app.domain.words import Lane

STANDING = (
    "d.number = a.head AND CASE WHEN d.kind = 'retract' THEN d.state = 'pending' OR a.ended_at > now() - interval '30 days' "
    "ELSE a.expires_at > now() END"
)
"""What may be given. A retraction that was fetched is given again for as long as any notice can have been up."""

GIVEN = (
    "CASE WHEN d.lane <> 'polled' THEN d.heard OR d.kind = 'retract' "
    "WHEN d.state = 'failed' THEN d.heard OR d.kind = 'retract' OR (d.tries > d.refusals AND d.lease_until IS NULL) "
    "ELSE d.state IN ('accepted', 'confirmed') END"
)
"""What giving (again) changes nothing about: it counts already, or it is an end. What an earlier wire of a polled outlet has
refused does not count; and of what is still being sent there nobody knows yet whether it will."""


async def lock_heads(session: Session, partners: Collection[int]) -> Mapping[int, int]:
    """The highest number of each partner, held until this transaction ends: by nobody else than whoever numbers notices."""
    whose = {"p": sorted(partners)}
    await session.execute(
        text("INSERT INTO feed (partner_id) SELECT unnest(CAST(:p AS bigint[])) ON CONFLICT DO NOTHING"), whose
    )
    found = await session.execute(
        text(
            "SELECT partner_id, head FROM feed WHERE partner_id = ANY(CAST(:p AS bigint[])) "
            "ORDER BY partner_id FOR NO KEY UPDATE"
        ),
        whose,
    )
    return {r.partner_id: r.head for r in found.all()}


# What is about to be sent is left to whoever sends, who passes over what is locked; unless nobody comes for it.
_ON_ITS_WAY = "d.state <> 'pending' OR d.tries > 0 OR d.created_at < now() - interval '2 seconds'"

_TAKE = text(
    f"""
WITH fresh AS (
  SELECT d.id, o.partner_id, o.carrier, d.lane = 'polled' AND d.state = 'pending' AS fetched, d.accepted_at IS NULL AS anew,
    d.lane <> 'polled' AND d.state = 'pending' AS waits
  FROM delivery d JOIN outlet o ON o.id = d.outlet_id JOIN alert a ON a.id = d.alert_id
  WHERE d.id = ANY(CAST(:ids AS bigint[])) AND {STANDING}
    AND CASE WHEN d.lane = 'polled' AND d.state = 'pending' THEN d.due_at <= now()
             WHEN d.lane = 'polled' THEN d.feed_seq IS NULL AND {GIVEN}
             ELSE d.feed_seq IS NULL AND d.state <> 'superseded' AND ({_ON_ITS_WAY}) END
  ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
), numbered AS (
  SELECT f.id, f.partner_id, f.carrier, f.fetched, f.anew, f.waits,
    h.head + row_number() OVER (PARTITION BY f.partner_id ORDER BY f.id) AS seq FROM fresh f
  JOIN unnest(CAST(:partners AS bigint[]), CAST(:heads AS bigint[])) AS h(partner_id, head) USING (partner_id)
), taken AS (
  UPDATE delivery d SET feed_seq = n.seq,
    state = CASE WHEN n.fetched THEN 'accepted' ELSE d.state END,
    tries = d.tries + CASE WHEN n.fetched THEN 1 ELSE 0 END,
    accepted_at = CASE WHEN n.fetched THEN now() ELSE d.accepted_at END
  FROM numbered n WHERE d.id = n.id RETURNING d.id, d.outlet_id, d.tries, d.kind, n.seq, n.partner_id, n.fetched, n.waits,
    d.alert_id, d.number, n.carrier,
    CASE WHEN n.fetched AND n.anew THEN extract(epoch FROM now() - d.created_at)::float END AS seconds
), tried AS (
  INSERT INTO attempt (delivery_id, outlet_id, number, lane, started_at, finished_at, outcome, worker)
  SELECT id, outlet_id, tries, 'polled', now(), now(), 'accepted', 'feed' FROM taken WHERE fetched
), moved AS (
  UPDATE feed f SET head = c.head
  FROM (SELECT partner_id, max(seq) AS head FROM taken GROUP BY partner_id) c WHERE f.partner_id = c.partner_id
)
SELECT id, seq, kind, seconds, waits, fetched, alert_id, number, outlet_id, carrier, tries FROM taken
"""
)


class Taken(NamedTuple):
    """The new number of each delivery that has one, what was fetched, and what was accepted with it. ``passed_over``: while
    these were locked, whoever sends may have passed over one that waits, and is to look again once this is committed."""

    numbers: Mapping[int, int]
    fetched: Sequence[Attempted]
    accepted: Sequence[Took]
    passed_over: bool


async def take(session: Session, ids: Collection[int], heads: Mapping[int, int]) -> Taken:
    """Number what stands among these deliveries, and mark what a polled outlet fetches with it as accepted: from here on
    it may have aired. What came to a polled outlet from an earlier wire and counts already is only numbered. What somebody
    else holds just now is left for the next time. ``heads`` are those of the partners, locked."""
    given = {"ids": list(ids), "partners": list(heads), "heads": list(heads.values())}
    found = (await session.execute(_TAKE, given)).all()
    accepted = [(r.kind, Lane.POLLED, r.seconds) for r in found if r.seconds is not None]
    fetched = [Attempted(r.id, r.alert_id, r.number, r.outlet_id, r.carrier, r.tries) for r in found if r.fetched]
    return Taken({r.id: r.seq for r in found}, fetched, accepted, any(r.waits for r in found))


async def hear(session: Session, ids: Collection[int]) -> None:
    """Remember of deliveries that huijia sends that their partner has read them in the feed: they may be aired from
    there, and whoever may show an alert is told of its end. Nothing else changes; sending goes on."""
    await session.execute(
        text(
            "UPDATE delivery SET heard = true WHERE id = ANY (ARRAY(SELECT id FROM delivery "
            "WHERE id = ANY(CAST(:ids AS bigint[])) AND NOT heard ORDER BY id FOR UPDATE SKIP LOCKED))"
        ),
        {"ids": list(ids)},
    )


async def standing(session: Session, ids: Collection[int]) -> Mapping[int, bool]:
    """Which of these deliveries stand and have a number; and whether each may be given now: it counts."""
    found = await session.execute(
        text(
            f"SELECT d.id, {GIVEN} AS may FROM delivery d JOIN alert a ON a.id = d.alert_id "
            f"WHERE d.id = ANY(CAST(:ids AS bigint[])) AND d.feed_seq IS NOT NULL AND {STANDING}"
        ),
        {"ids": list(ids)},
    )
    return {r.id: r.may for r in found.all()}
