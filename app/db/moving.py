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


async def stop_sending(session: Session, outlet_ids: Collection[int]) -> None:
    """Until this transaction ends nothing is claimed, nor given to the play pages of these outlets: what has been counts as
    tried, and what comes reads the outlets as this transaction leaves them. For its very end: whoever claims waits behind
    it. Raises StoreUnavailable where that would take more than two seconds."""
    await session.execute(text("SET LOCAL lock_timeout = '2s'"))
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('moving', 0))"))
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('play', id)) FROM unnest(CAST(:ids AS bigint[])) AS id"),
        {"ids": sorted(outlet_ids)},
    )


async def may_be_up(session: Session, outlet_ids: Collection[int]) -> Mapping[int, list[str]]:
    """Of these outlets those where a live alert may be up, or the end of one is still under way and nobody has telephoned;
    with the numbers of the alerts."""
    found = await session.execute(
        text(
            "SELECT DISTINCT d.outlet_id, a.code FROM delivery d JOIN alert a ON a.id = d.alert_id "
            "WHERE d.outlet_id = ANY(CAST(:ids AS bigint[])) AND ("
            "(a.ended_at IS NULL AND d.kind <> 'retract' AND (d.tries > d.refusals OR d.heard)) "
            "OR (a.ended_at > now() - CAST(:within AS interval) AND d.kind = 'retract' "
            "AND (d.state IN ('pending', 'sending', 'failed') OR d.tend_at IS NOT NULL) "
            "AND NOT EXISTS (SELECT 1 FROM phoned p WHERE p.delivery_id = d.id AND p.undone_at IS NULL))) ORDER BY 1, 2"
        ),
        {"ids": list(outlet_ids), "within": STILL_ENDING},
    )
    up: dict[int, list[str]] = {}
    for id, code in found.all():
        up.setdefault(id, []).append(code)
    return up
