"""A partner asks to be told again what it has lost or missed: new attempts of notices that are still in force, under the
same ids."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.db import alerts, asked, audit, deliveries
from app.db.asked import Known
from app.db.engine import Session, clock, notify
from app.db.outlets import Enrolled
from app.domain.errors import Conflict, NotFound
from app.domain.machines import after_replay
from app.domain.words import DeliveryState, Lane
from app.flows.principal import Principal
from app.flows.tell import CHANGED, DUE

AT_LEAST = timedelta(hours=1)
FARTHEST = timedelta(days=7)


async def replay(session: Session, who: Principal, delivery_id: int) -> Known:
    """Send one delivery again. Raises NotFound, Conflict for an outlet that polls, WrongState when a newer notice has
    taken its place or it is being sent."""
    if (alert_id := await asked.alert_of(session, delivery_id)) is not None:
        await alerts.lock_by_id(session, alert_id)
    found = await asked.known(session, delivery_id, who.partner_id, live=who.live)
    if found is None:
        raise NotFound("没有这个投递编号，或它不属于本单位。", "There is no such delivery, or it is not yours.")
    _sent(found.lane)
    after_replay(found.state, newest=found.newest, sending=found.sending)
    await _again(session, who, [found])
    return found


async def replay_since(
    session: Session, who: Principal, outlet: Enrolled, since: datetime, lane: Lane
) -> Sequence[Known]:
    """Send again whatever is in force and the outlet may have lost or missed since then. What is being sent is left out."""
    _sent(lane)
    since = max(since, await clock(session) - FARTHEST)
    for alert_id in await asked.alerts_since(session, outlet.id, since):
        await alerts.lock_by_id(session, alert_id)
    found = await asked.missed_since(session, outlet.id, since, live=who.live)
    again = [d for d in found if not d.sending]
    await _again(session, who, again)
    return again


def _sent(lane: Lane) -> None:
    if lane is Lane.POLLED:
        raise Conflict(
            "该发布点自行拉取：用较早的 cursor 重新读取 /v1/feed 即可。",
            "This outlet polls: read /v1/feed from an earlier cursor.",
        )


async def _again(session: Session, who: Principal, found: Sequence[Known]) -> None:
    now = await clock(session)
    await deliveries.make_due(session, [d.id for d in found], DeliveryState.PENDING, now + AT_LEAST)
    for alert_id in sorted({d.alert_id for d in found}):
        ids = [d.id for d in found if d.alert_id == alert_id]
        await audit.write(session, who.actor, "replay", alert_id, {"deliveries": ids})
    if found:
        await notify(session, DUE)
    for code in sorted({d.code for d in found}):
        await notify(session, CHANGED, code)
