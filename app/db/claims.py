"""The queue: what is taken from it, and when. ``settling`` puts back what came of it. Never a transaction open across the
network.

The four rules that keep a notice off the air after its retraction (each is tested by leaving it out):

* a claim takes only the alert's newest notice, and never while another send to the same outlet is alive: checked in
  the claim, and guarded by the unique index ``delivery_one_live_send`` for claimers that cannot see each other. The
  lease says that a send is alive, not the state: a receipt may confirm a delivery while its send still runs. Which
  notice is the newest is asked once more when the leases stand (``dispatch.prepare``): the statement that writes them
  may have begun before a retraction that has been told meanwhile;
* the lease outlives its carrier's deadline, so that a rescued delivery has no ghost still sending;
* settling is fenced by lease, attempt number and state, and a retry that meets a newer notice becomes superseded;
* whoever ends an alert counts every attempt, not only the last (``domain.routing.may_have_aired``).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError

from app.db import windows
from app.db.crowd import NOBODY, Crowd
from app.db.engine import Session
from app.db.sendable import SEEN
from app.domain.routing import priorities
from app.domain.words import Kind, Lane


class Claimed(NamedTuple):
    """A delivery that this process, and no other, may send once, until the lease ends. (A tuple, as ``Result`` is: making
    ten thousand frozen dataclasses a second is felt.)"""

    id: int
    alert_id: int
    number: int
    outlet_id: int
    kind: Kind
    lane: Lane
    tries: int
    give_up_at: datetime
    profile: str
    prior: str | None
    lease: timedelta
    seen: int | None = None
    """Which state of its outlet the claim saw (``Sendable.seen``); ``None`` where it did not look."""


class Leases(NamedTuple):
    """How long a send may take, at the most, before another process takes it over: as its carrier's deadline asks for, or
    ``longest`` where that is not known."""

    longest: timedelta
    by_carrier: Mapping[str, timedelta] = MappingProxyType({})


class Share(NamedTuple):
    """Which outlets a dispatcher takes before others do: the ``nth`` (from 0) of so many shares. An outlet that keeps its
    connection open for whoever brought an alert has its end brought on it."""

    nth: int = 0
    of: int = 1


ALL = Share()


class Crossed(Exception):
    """Two claimers that could not see each other met at one outlet. Nothing was claimed; the next try sees the other."""


def lease_end(carrier: str) -> str:
    """Of a delivery by that carrier (SQL), by the values of ``lasting``."""
    return f"now() + CAST(coalesce(CAST(:leases AS jsonb) ->> {carrier}, CAST(:lease AS text)) AS interval)"


_TAKE = f"""
WITH due AS MATERIALIZED (%s)
UPDATE delivery t SET state = 'sending', tries = t.tries + 1, worker = :worker, lease_until = {lease_end("due.carrier")}
FROM due WHERE t.ctid = due.ctid
RETURNING t.id, t.alert_id, t.number, t.outlet_id, t.kind, t.lane, t.tries, t.give_up_at, t.profile,
  CASE WHEN t.number > 1 OR t.tries > 1 THEN
    (SELECT p.reference FROM delivery p WHERE p.alert_id = t.alert_id AND p.outlet_id = t.outlet_id
     AND p.reference IS NOT NULL ORDER BY p.number DESC LIMIT 1) END AS prior,
  t.lease_until - now() AS lease, due.seen
"""

# Who stands behind what is taken. OFFSET 0, so that it is looked up for each row: a join is planned for one row, and compares
# every delivery of the batch with every outlet.
_HOST = f"""CROSS JOIN LATERAL (SELECT o.carrier, o.partner_id, p.at_once, {SEEN} AS seen
    FROM outlet o JOIN partner p ON p.id = o.partner_id WHERE o.id = %s.outlet_id OFFSET 0) host"""

# A subquery for one value, and not NOT EXISTS: that is planned as a join, and once there are statistics the join compares
# every waiting delivery with every live send (seconds instead of 30 ms for a batch of 20,000).
# An outlet in quarantine is spared repeats until its next probe; a first attempt and a retraction go as ever.
_FREE = """
  AND (d.tries = 0 OR d.kind = 'retract'
       OR (SELECT o.id FROM outlet o WHERE o.id = d.outlet_id AND o.probe_at > now()) IS NULL)
  AND d.due_at <= now() AND d.number = (SELECT a.head FROM alert a WHERE a.id = d.alert_id
                                        AND (d.kind = 'retract' OR a.expires_at > now()))
  AND (SELECT s.id FROM delivery s WHERE s.alert_id = d.alert_id AND s.outlet_id = d.outlet_id
       AND s.lease_until IS NOT NULL LIMIT 1) IS NULL
"""

# No more to one partner at once than it can bear, and as much again for retractions alone. A partner that has its fill
# (``full``) is passed over, so that the others behind it are seen.
# Rank by rank, in each a dispatcher's own outlets before those of others, and from its low water on: a forgotten BEGIN
# somewhere keeps every version of every row, and the queue's index would be walked from its first day on.
_CLAIM = text(
    _TAKE
    % f"""
  SELECT turn.ctid, turn.carrier, turn.seen FROM (
    SELECT next.ctid, next.kind, host.*, row_number() OVER (PARTITION BY host.partner_id ORDER BY next.place) AS place
    FROM (
      SELECT d.*, row_number() OVER () AS place
      FROM unnest(CAST(:priorities AS smallint[]), CAST(:tried AS boolean[]), CAST(:since AS timestamptz[]),
        CAST(:own AS boolean[])) AS rank(priority, tried, since, own)
      CROSS JOIN LATERAL (
        SELECT d.ctid, d.kind, d.outlet_id FROM delivery d
        WHERE d.state = 'pending' AND d.lane = 'push'
          AND d.priority = rank.priority AND (d.tries > 0) = rank.tried AND d.due_at >= rank.since
          AND (d.outlet_id % CAST(:of AS bigint) = CAST(:nth AS bigint)) = rank.own
          AND (NOT :bounded OR (SELECT w.partner_id FROM outlet w WHERE w.id = d.outlet_id) <> ALL (
               CASE WHEN d.kind = 'retract' THEN CAST(:crammed AS bigint[]) ELSE CAST(:full AS bigint[]) END)) {_FREE}
        ORDER BY d.priority, d.tries > 0, d.due_at LIMIT :room FOR UPDATE OF d SKIP LOCKED
      ) d
      LIMIT :room
    ) next {_HOST % "next"}
  ) turn
  WHERE turn.place + coalesce(CAST(CAST(:under_way AS jsonb) ->> CAST(turn.partner_id AS text) AS int), 0)
    <= turn.at_once * CASE WHEN turn.kind = 'retract' THEN 2 ELSE 1 END"""
)

# The outlets of a lane are taken by one dispatcher at a time, so that the window is counted once; only a retraction may use the
# reserve.
_CLAIM_PACED = text(
    _TAKE
    % f"""
  SELECT next.ctid, host.carrier, host.seen FROM (
    SELECT d.ctid, d.outlet_id FROM delivery d
    JOIN (
      SELECT q.id, q.kind, row_number() OVER (PARTITION BY q.outlet_id ORDER BY q.priority, q.due_at)
        + {windows.used("q.outlet_id")} AS place
      FROM delivery q WHERE q.state = 'pending' AND q.lane = 'paced' AND q.outlet_id = ANY(CAST(:outlets AS bigint[]))
        AND q.due_at <= now()
    ) turn ON turn.id = d.id AND turn.place <= CAST(:count AS int) -
      CASE WHEN turn.kind = 'retract' THEN 0 ELSE CAST(:reserve AS int) END
    WHERE d.state = 'pending' AND (NOT :only_retractions OR d.kind = 'retract') {_FREE}
    ORDER BY d.priority, d.due_at LIMIT :room FOR UPDATE OF d SKIP LOCKED
  ) next {_HOST % "next"}"""
)

# From what waits to its outlets: the other way round, every claim reads all outlets of the country to find that none waits.
# By a lock that only claims and trials take, not the outlet's row: whoever edits outlets may hold that for seconds.
_PACED_OUTLETS = text(
    "SELECT w.carrier, w.id FROM (SELECT o.carrier, o.id FROM outlet o WHERE o.id = ANY (ARRAY("
    "SELECT DISTINCT d.outlet_id FROM delivery d WHERE d.state = 'pending' AND d.lane = 'paced' AND d.due_at <= now())) "
    "AND o.carrier = ANY (CAST(:carriers AS text[])) AND o.lane = 'paced' ORDER BY o.id OFFSET 0) w "
    "WHERE pg_try_advisory_xact_lock(hashtextextended('paced', w.id))"
)


# The planner cannot know that nearly all that waits may be sent: it expects one row, and would read and sort everything
# that waits for each batch instead of walking the index in its order. To find who of the paced waits it would read all
# deliveries that are not over, rather than the index of the paced ones in its order. For this transaction only.
_BEGIN = text(
    "SELECT now() AS now, set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true), "
    "set_config('enable_bitmapscan', 'off', true), set_config('enable_hashagg', 'off', true), "
    "pg_advisory_xact_lock_shared(hashtextextended('moving', 0))"
)


async def begin(session: Session) -> datetime:
    """To be called first in a transaction that claims; the database's clock. Where an outlet is called is not changed until it
    ends (``moving.stop_sending``)."""
    now: datetime = (await session.execute(_BEGIN)).one().now
    return now


_KINDS = {str(kind): kind for kind in Kind}
_LANES = {str(lane): lane for lane in Lane}


def claimed(row: Sequence[Any]) -> Claimed:
    """From the columns in the order of ``Claimed``."""
    id, alert_id, number, outlet_id, kind, lane, *rest = row
    return Claimed(id, alert_id, number, outlet_id, _KINDS[kind], _LANES[lane], *rest)


Rank: TypeAlias = tuple[int, bool]
"""A delivery's priority, and whether it has been tried: what goes before what."""

RANKS: Sequence[Rank] = tuple((priority, tried) for priority in priorities(*Kind) for tried in (False, True))
_RETRACTIONS = frozenset(priorities(Kind.RETRACT))
EVER = datetime.min.replace(tzinfo=UTC)
SINCE_EVER: Mapping[Rank, datetime] = MappingProxyType(dict.fromkeys(RANKS, EVER))

_LOW_WATER = text(
    """
SELECT rank.priority, rank.tried, least(now() - interval '30 seconds', (
    SELECT min(d.due_at) FROM delivery d WHERE d.state = 'pending' AND d.lane = 'push'
      AND d.priority = rank.priority AND (d.tries > 0) = rank.tried
  )) AS since
FROM unnest(CAST(:priorities AS smallint[]), CAST(:tried AS boolean[])) AS rank(priority, tried)
"""
)


async def low_water(session: Session) -> Mapping[Rank, datetime]:
    """By rank, the moment before which nothing waits. What is committed later may yet be due before it, when its transaction
    took longer than 30 seconds: it is found once this has been asked again."""
    found = await session.execute(_LOW_WATER, _ranked(RANKS))
    return {(r.priority, r.tried): r.since for r in found}


def _ranked(ranks: Sequence[Rank]) -> dict[str, Any]:
    return {"priorities": [priority for priority, _ in ranks], "tried": [tried for _, tried in ranks]}


def lasting(leases: Leases) -> dict[str, str]:
    """As ``lease_end`` wants them."""
    by_carrier = {name: f"{lease.total_seconds()} s" for name, lease in leases.by_carrier.items()}
    return {"lease": f"{leases.longest.total_seconds()} s", "leases": orjson.dumps(by_carrier).decode()}


async def claim(
    session: Session,
    *,
    worker: str,
    leases: Leases,
    room: int,
    only_retractions: bool,
    crowd: Crowd = NOBODY,
    since: Mapping[Rank, datetime] = SINCE_EVER,
    share: Share = ALL,
) -> Sequence[Claimed]:
    """Take up to ``room`` due deliveries: retractions first, and first attempts before the retries of a dead outlet; of those
    alike, the ones of its own share first. None that has been due since before its rank's low water. Raises Crossed."""
    whose = (True, False) if share.of > 1 else (True,)
    turns = [(rank, own) for rank in RANKS if not only_retractions or rank[0] in _RETRACTIONS for own in whose]
    ranks = [rank for rank, _ in turns]
    values = _ranked(ranks) | {
        "worker": worker, **lasting(leases), "room": room, "since": [since[rank] for rank in ranks],
        "own": [own for _, own in turns], "nth": share.nth, "of": share.of,
        "bounded": bool(crowd.full or crowd.crammed), "full": list(crowd.full), "crammed": list(crowd.crammed),
        "under_way": orjson.dumps(crowd.under_way, option=orjson.OPT_NON_STR_KEYS).decode(),
    }  # fmt: skip
    return await _take(session, _CLAIM, values)


async def _take(session: Session, statement: TextClause, values: Mapping[str, Any]) -> Sequence[Claimed]:
    try:
        taken = [claimed(r) for r in (await session.execute(statement, values)).all()]
        return sorted(taken, key=lambda c: c.kind is not Kind.RETRACT)
    except IntegrityError as e:
        raise Crossed(str(e.orig)) from e


async def paced_outlets(session: Session, carriers: Sequence[str]) -> Mapping[str, Sequence[int]]:
    """By carrier, the outlets for which something waits and that nobody else claims for; they are this transaction's."""
    found: dict[str, list[int]] = {}
    for carrier, id in (await session.execute(_PACED_OUTLETS, {"carriers": list(carriers)})).all():
        found.setdefault(carrier, []).append(id)
    return found


async def claim_paced(
    session: Session,
    *,
    worker: str,
    leases: Leases,
    room: int,
    only_retractions: bool,
    outlets: Sequence[int],
    count: int,
    per: timedelta,
    reserve: int,
) -> Sequence[Claimed]:
    """Take up to ``room`` of what the pace of these outlets of one carrier (``paced_outlets``) allows now, retractions first.
    Raises Crossed."""
    await windows.carry_over(session, outlets)
    return await _take(
        session,
        _CLAIM_PACED,
        {
            "worker": worker,
            **lasting(leases),
            "room": room,
            "only_retractions": only_retractions,
            "outlets": list(outlets),
            "count": count,
            "per": per,
            "reserve": reserve,
        },
    )
