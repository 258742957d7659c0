"""Extend an alert to the outlets that its grown circle, or a new enrolment, now covers."""

from collections.abc import Sequence

from app.db import alerts, audit, deliveries, outlets
from app.db.alerts import AlertRow
from app.db.engine import Session, clock
from app.domain.notice import from_json
from app.domain.reach import radius_km
from app.domain.routing import OutletFacts, fan_out, told
from app.domain.words import AlertState
from app.flows.drawn import Drawn
from app.flows.tell import deliver, draw_more, prepare_correction, target


async def extend(session: Session, alert_id: int, *, press: Drawn) -> int:
    """Add deliveries of the current notice for newly covered outlets; returns how many. Safe to run twice. Raises Undrawn."""
    alert = await alerts.lock_by_id(session, alert_id)
    now = await clock(session)
    radius = max(alert.reach_km, radius_km(alert.lost_at, now))
    if alert.state is not AlertState.ACTIVE:
        return 0
    if radius == alert.reach_km and not await outlets.any_changed_since_sweep(session, alert_id):
        return 0
    untold = await outlets.untold(session, alert_id, alert.head, changed=radius == alert.reach_km)
    added = await _tell(session, alert, untold, radius, press) if untold else 0
    await alerts.set_alert(session, alert_id, reach_km=radius, swept_at=now)
    if added or radius != alert.reach_km:
        await audit.write(session, "clock", "extend", alert_id, {"reach_km": radius, "told": added})
    return added


async def _tell(session: Session, alert: AlertRow, untold: Sequence[OutletFacts], radius: int, press: Drawn) -> int:
    """Those of them that are covered now; how many they are."""
    notice = from_json(dict(await alerts.notice_body(session, alert.id, alert.head)))
    aim = await target(session, alert, untold, radius)
    histories = await deliveries.histories(session, alert.id)
    fresh = told(fan_out(notice.kind, notice.status, untold, aim, histories))
    if not fresh:
        return 0
    await draw_more(session, alert, notice, fresh, press)
    added = await deliver(session, alert, notice, fresh, press=press)
    await prepare_correction(session, alert.id, notice, fresh, press)
    return added
