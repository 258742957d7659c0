"""An outlet that is to be called elsewhere while its old place may be showing an alert: the row of the old place stays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from app.db import tables as t
from app.db.engine import Session

_MAY_SHOW = "d.kind <> 'retract' AND a.state = 'active' AND (d.tries > d.refusals OR d.heard)"
_END_UNDER_WAY = "d.kind = 'retract' AND d.state IN ('pending', 'sending', 'failed')"


@dataclass(frozen=True, slots=True)
class Standing:
    """An outlet as it is before the change; ``sealed`` are its settings."""

    id: int
    channel: str
    carrier: str
    sealed: bytes
    paused: bool


async def standing(session: Session, partner_id: int, name: str) -> Standing | None:
    """The partner's outlet of that name, locked against other changes."""
    o = t.outlet.c
    found = await session.execute(
        select(o.id, o.channel, o.carrier, o.settings_sealed, o.paused)
        .where(o.partner_id == partner_id, o.name == name)
        .with_for_update(key_share=True)
    )
    row = found.one_or_none()
    return Standing(row.id, row.channel, row.carrier, bytes(row.settings_sealed), row.paused) if row else None


async def hold(session: Session, outlet_id: int) -> None:
    """Nothing that waits for the outlet is taken until this transaction ends; what has been taken counts as tried. Without
    it a send to the old place could begin after it was asked what that shows."""
    await session.execute(
        text("SELECT id FROM delivery WHERE outlet_id = :outlet AND state = 'pending' ORDER BY id FOR UPDATE"),
        {"outlet": outlet_id},
    )


async def is_needed(session: Session, outlet_id: int) -> bool:
    """Whether the place may be showing a live alert, or has yet to be told the end of one."""
    found = await session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM delivery d JOIN alert a ON a.id = d.alert_id "
            f"WHERE d.outlet_id = :outlet AND (({_MAY_SHOW}) OR ({_END_UNDER_WAY})))"
        ),
        {"outlet": outlet_id},
    )
    return bool(found.scalar_one())


async def leave(session: Session, outlet_id: int, name: str) -> None:
    """The row becomes that of the old place: under another name, paused, serving nowhere, so that no alert begins there. An
    alert that waits for it does not begin there either; an update of what it may be showing goes on, and so does an end."""
    o = t.outlet
    await session.execute(
        o.update()
        .where(o.c.id == outlet_id)
        .values(name=name, paused=True, lon=None, lat=None, codes=[], updated_at=text("now()"))
    )
    await session.execute(
        text(
            "WITH gone AS (UPDATE delivery d SET state = 'superseded' WHERE d.outlet_id = :outlet AND d.state = 'pending' "
            "AND (d.kind = 'publish' OR (d.kind = 'update' AND NOT EXISTS (SELECT 1 FROM delivery m "
            "WHERE m.alert_id = d.alert_id AND m.outlet_id = d.outlet_id AND m.kind <> 'retract' "
            "AND (m.tries > m.refusals OR m.heard)))) RETURNING d.alert_id) "
            "INSERT INTO telling (alert_id) SELECT DISTINCT alert_id FROM gone"
        ),
        {"outlet": outlet_id},
    )


async def tell_both(session: Session, old: int, new: int, give_up_at: datetime) -> None:
    """Ends that the old place has not taken are told to the new one too: it may be the same station. Not on another channel,
    for which they are not worded."""
    values: dict[str, Any] = {"old": old, "new": new, "give_up": give_up_at}
    await session.execute(
        text(
            "WITH made AS (INSERT INTO delivery "
            "(alert_id, number, outlet_id, kind, lane, profile, priority, state, due_at, give_up_at) "
            "SELECT d.alert_id, d.number, o.id, d.kind, o.lane, d.profile, d.priority, 'pending', now(), "
            "greatest(d.give_up_at, :give_up) FROM delivery d JOIN outlet w ON w.id = d.outlet_id "
            "JOIN outlet o ON o.id = :new AND o.channel = w.channel "
            f"WHERE d.outlet_id = :old AND {_END_UNDER_WAY} ORDER BY d.id RETURNING alert_id) "
            "INSERT INTO telling (alert_id) SELECT DISTINCT alert_id FROM made"
        ),
        values,
    )
