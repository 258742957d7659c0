"""What an outlet's place may be showing, asked before the outlet is called elsewhere."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text

from app.db import tables as t
from app.db.engine import Session
from app.domain.words import Lane

STILL_ENDING = timedelta(days=7)
"""For so long after an alert's end its retraction may be on the way to a place."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An outlet as it is before a change; ``sealed`` are its settings."""

    channel: str
    carrier: str
    lane: Lane
    sealed: bytes


async def standing(session: Session, partner_id: int, name: str) -> Standing | None:
    """The partner's outlet of that name, locked against other changes."""
    o = t.outlet.c
    found = await session.execute(
        select(o.channel, o.carrier, o.lane, o.settings_sealed)
        .where(o.partner_id == partner_id, o.name == name)
        .with_for_update(key_share=True)
    )
    row = found.one_or_none()
    return Standing(row.channel, row.carrier, Lane(row.lane), bytes(row.settings_sealed)) if row else None


async def stop_sending(session: Session, played: Collection[int]) -> None:
    """Until this transaction ends nothing is claimed, nor given to the play pages of ``played``: what has been counts as tried,
    and what comes reads the outlets as this transaction leaves them. For its very end, for whoever claims waits behind it:
    a process that freezes with it is cut off after two seconds. Raises StoreUnavailable where others do not let go."""
    await session.execute(text("SET LOCAL lock_timeout = '2s'"))
    await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '2s'"))
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('play', id)) FROM unnest(CAST(:ids AS bigint[])) AS id"),
        {"ids": sorted(played)},
    )
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('moving', 0))"))


# Alert by alert (OFFSET 0): joined at once, all deliveries that there ever were would be read through.
_MAY_BE_UP = text(
    """
SELECT up.outlet_id, a.code FROM alert a CROSS JOIN LATERAL (
  SELECT DISTINCT d.outlet_id FROM delivery d
  WHERE d.alert_id = a.id AND d.outlet_id = ANY(CAST(:ids AS bigint[]))
    AND d.kind <> 'retract' AND (d.tries > d.refusals OR d.heard)
    AND NOT EXISTS (
      SELECT 1 FROM delivery r
      WHERE r.alert_id = a.id AND r.number = a.head AND r.outlet_id = d.outlet_id AND r.kind = 'retract'
        AND (r.state = 'confirmed' OR (r.state = 'accepted' AND r.tend_at IS NULL)
             OR EXISTS (SELECT 1 FROM phoned p WHERE p.delivery_id = r.id AND p.undone_at IS NULL)))
  OFFSET 0
) up
WHERE a.ended_at IS NULL OR a.ended_at > now() - CAST(:within AS interval) ORDER BY 1, 2
"""
)


async def may_be_up(session: Session, outlet_ids: Collection[int]) -> Mapping[int, list[str]]:
    """Of these outlets those where an alert may be up that is live, or whose end they have not taken; with the alerts' numbers.
    An end is over when it was taken and is not looked after any more, proven, or confirmed by telephone."""
    up: dict[int, list[str]] = {}
    for id, code in (await session.execute(_MAY_BE_UP, {"ids": list(outlet_ids), "within": STILL_ENDING})).all():
        up.setdefault(id, []).append(code)
    return up
