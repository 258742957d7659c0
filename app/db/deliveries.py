"""Deliveries: issued with their notice, superseded by a newer one, asked for again by an operator."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from sqlalchemy import text

from app.db.engine import Session
from app.db.outlets import Profiles
from app.domain.routing import History
from app.domain.words import DeliveryState, Kind, Outcome

Took: TypeAlias = tuple[str, str, float]
"""What an outlet has taken, for the first time: the delivery's kind, its lane, and how many seconds it had been issued for."""


class Attempted(NamedTuple):
    """What stands in the ledger of one attempt: a send that is over, or a fetch."""

    delivery_id: int
    alert_id: int
    number: int
    outlet_id: int
    carrier: str
    tries: int
    outcome: str = Outcome.ACCEPTED
    reason: str | None = None
    ms: float = 0


def _told_of(changed: str) -> str:
    """Part of a statement that leaves word of the deliveries it has ``changed``: boards in memory read on from there."""
    return f"told_of AS (INSERT INTO telling (alert_id) SELECT DISTINCT alert_id FROM {changed})"


async def issue(
    session: Session,
    *,
    alert_id: int,
    number: int,
    kind: Kind,
    priority: int,
    outlet_ids: Sequence[int],
    give_up_at: datetime,
    anew: bool,
) -> tuple[int, Profiles]:
    """One delivery per outlet, due at once; an outlet that already has one for this notice keeps it. ``anew``: none can
    have, for the notice is of this very transaction; asking of each costs a third of the whole. Returns how many are new, and
    the profiles they are to be rendered for. One statement: were the profiles read apart, an outlet that is changed in
    between would be left with a delivery that has no rendition."""
    but_once = "" if anew else "ON CONFLICT (alert_id, number, outlet_id) DO NOTHING "
    statement = text(
        "WITH told AS (SELECT id, lane, profile, channel, panel, duty FROM outlet WHERE id = ANY(CAST(:outlets AS bigint[]))), "
        "made AS (INSERT INTO delivery "
        "(alert_id, number, outlet_id, kind, lane, profile, priority, state, due_at, give_up_at) "
        "SELECT :alert, :number, o.id, :kind, o.lane, o.profile, :priority, 'pending', now(), :give_up "
        f"FROM told o ORDER BY o.id {but_once}RETURNING alert_id), "
        f"{_told_of('made')} "
        "SELECT DISTINCT ON (profile) profile, channel, panel, duty, (SELECT count(*) FROM made) AS made "
        "FROM told ORDER BY profile"
    )
    done = await session.execute(
        statement,
        {
            "alert": alert_id, "number": number, "kind": kind, "priority": priority, "outlets": list(outlet_ids),
            "give_up": give_up_at,
        },
    )  # fmt: skip
    found = done.all()
    return (found[0].made if found else 0), {r.profile: (r.channel, r.panel, r.duty) for r in found}


async def follow_outlets(session: Session, outlet_id: int | None = None) -> int:
    """What waits for an outlet whose wire has changed goes the new way: in its old lane nobody would move it; due now, for in
    its new one nobody looks for what has been due long since, and what the old one asked for does not hold any more. In the
    feed it gets a number when its reader is given it: the one that it may have been seen under, readers have passed. Of one
    outlet, or of all; safe to run twice."""
    done = await session.execute(
        text(
            "WITH moved AS (UPDATE delivery d SET lane = o.lane, due_at = now(), "
            "feed_seq = CASE WHEN o.lane = 'polled' THEN NULL ELSE d.feed_seq END FROM outlet o "
            "WHERE o.id = d.outlet_id AND d.id = ANY (ARRAY("
            "SELECT l.id FROM delivery l JOIN outlet w ON w.id = l.outlet_id AND w.lane <> l.lane "
            "WHERE l.state IN ('pending', 'sending', 'failed') "
            "AND (CAST(:outlet AS bigint) IS NULL OR l.outlet_id = :outlet) ORDER BY l.id FOR UPDATE OF l)) "
            f"RETURNING d.alert_id), {_told_of('moved')} SELECT count(*) FROM moved"
        ),
        {"outlet": outlet_id},
    )
    return int(done.scalar_one())


async def supersede(session: Session, alert_id: int, number: int) -> int:
    """Whatever older than notice ``number`` has not left never leaves. The caller holds the alert's lock."""
    done = await session.execute(
        text(
            "UPDATE delivery SET state = 'superseded' WHERE state = 'pending' AND id = ANY (ARRAY(SELECT l.id "
            "FROM delivery l WHERE l.alert_id = :alert AND l.number < :number AND l.state = 'pending' "
            "ORDER BY l.id FOR UPDATE))"
        ),
        {"alert": alert_id, "number": number},
    )
    return done.rowcount


async def histories(session: Session, alert_id: int) -> Mapping[int, History]:
    """All attempts and evidence by outlet, over every notice of the alert that shows something."""
    found = await session.execute(
        text(
            "SELECT array_agg(h.outlet_id), array_agg(h.tries), array_agg(h.refusals), array_agg(h.heard) FROM ("
            "SELECT outlet_id, sum(tries) AS tries, sum(refusals) AS refusals, bool_or(heard) AS heard "
            "FROM delivery WHERE alert_id = :alert AND kind <> 'retract' GROUP BY outlet_id) h"
        ),
        {"alert": alert_id},
    )
    ids, *told = (column or () for column in found.one())  # four values, and not four for each of ten thousand rows
    return dict(zip(ids, map(History, *told), strict=True))


# Alert by alert (OFFSET 0): joined at once, all deliveries that there ever were would be read through.
MAY_STILL_SHOW = text(
    """
SELECT a.id, shown.outlet_id FROM alert a CROSS JOIN LATERAL (
  SELECT DISTINCT d.outlet_id FROM delivery d
  WHERE d.alert_id = a.id AND d.kind <> 'retract' AND (d.tries > d.refusals OR d.heard)
    AND NOT EXISTS (SELECT 1 FROM delivery r WHERE r.alert_id = a.id AND r.outlet_id = d.outlet_id AND r.number = a.head)
  OFFSET 0
) shown
WHERE a.ended_at > now() - CAST(:within AS interval) ORDER BY 1, 2
"""
)


async def may_still_show(session: Session, within: timedelta) -> Sequence[tuple[int, int]]:
    """(alert, outlet) of alerts that ended lately, that may have aired there and were not told to end.

    None, unless evidence arrived in the very moment of the retraction. The rule is ``routing.may_have_aired``: refusals
    never outnumber tries, so that one delivery with more tries than refusals is as good as the sum.
    """
    found = await session.execute(MAY_STILL_SHOW, {"within": within})
    return [(r.id, r.outlet_id) for r in found.all()]


async def has_notice(session: Session, alert_id: int, number: int, outlet_id: int) -> bool:
    """True when the outlet has a delivery for this notice."""
    found = await session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM delivery WHERE alert_id = :alert AND number = :number AND outlet_id = :outlet)"
        ),
        {"alert": alert_id, "number": number, "outlet": outlet_id},
    )
    return bool(found.scalar_one())


async def outlets_of_notice(session: Session, alert_id: int, number: int) -> frozenset[int]:
    """The outlets that have a delivery for this notice."""
    found = await session.execute(
        text("SELECT outlet_id FROM delivery WHERE alert_id = :alert AND number = :number"),
        {"alert": alert_id, "number": number},
    )
    return frozenset(r.outlet_id for r in found.all())


async def failed_of(session: Session, alert_id: int, number: int, delivery_id: int | None) -> Sequence[int]:
    """Failed deliveries of one notice, locked: one of them, or all when ``delivery_id`` is ``None``."""
    found = await session.execute(
        text(
            "SELECT id FROM delivery WHERE alert_id = :alert AND number = :number AND state = 'failed' "
            "AND (CAST(:one AS bigint) IS NULL OR id = :one) ORDER BY id FOR UPDATE"
        ),
        {"alert": alert_id, "number": number, "one": delivery_id},
    )
    return [r.id for r in found.all()]


async def make_due(session: Session, ids: Sequence[int], state: DeliveryState, give_up_at: datetime) -> None:
    """Put deliveries back into the queue, due at once."""
    await session.execute(
        text(
            "WITH due AS (UPDATE delivery SET state = :state, due_at = now(), reason = NULL, detail = NULL, "
            "give_up_at = greatest(give_up_at, :give_up) WHERE id = ANY(CAST(:ids AS bigint[])) RETURNING alert_id), "
            f"{_told_of('due')} SELECT 1"
        ),
        {"state": state, "ids": list(ids), "give_up": give_up_at},
    )


async def of_wire(
    session: Session, carrier: str, outlet_id: int | None, ids: Sequence[int], references: Sequence[str]
) -> tuple[frozenset[int], Mapping[str, int]]:
    """Which of these deliveries belong to outlets of the carrier (to one outlet of it), and the newest delivery of each
    reference there."""
    found = await session.execute(
        text(
            "SELECT d.id, d.reference FROM delivery d JOIN outlet o ON o.id = d.outlet_id WHERE o.carrier = :carrier "
            "AND (CAST(:outlet AS bigint) IS NULL OR o.id = :outlet) "
            "AND (d.id = ANY(CAST(:ids AS bigint[])) OR d.reference = ANY(CAST(:references AS text[]))) ORDER BY d.id"
        ),
        {"carrier": carrier, "outlet": outlet_id, "ids": list(ids), "references": list(references)},
    )
    rows = found.all()
    return frozenset(r.id for r in rows), {r.reference: r.id for r in rows if r.reference}


async def standing(session: Session, outlet_ids: Sequence[int], within: timedelta) -> Sequence[tuple[int, int, str]]:
    """(alert, number, profile) of what these outlets are to have: the newest notice of every live alert that one of them
    has taken, and of those that ended ``within`` this time the end, whether it has been taken or not."""
    found = await session.execute(
        text(
            "SELECT a.id, a.head, f.profile FROM alert a CROSS JOIN LATERAL (SELECT d.profile FROM delivery d "
            "WHERE d.alert_id = a.id AND d.number = a.head AND d.outlet_id = ANY(CAST(:outlets AS bigint[])) "
            "AND (d.kind = 'retract' OR d.state IN ('accepted', 'confirmed')) LIMIT 1) f "
            "WHERE (a.state = 'active' AND a.expires_at > now()) OR a.ended_at > now() - CAST(:within AS interval) ORDER BY a.id"
        ),
        {"outlets": list(outlet_ids), "within": within},
    )
    return [(r.id, r.head, r.profile) for r in found]
