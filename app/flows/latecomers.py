"""An outlet that turns out to have aired an alert which has ended is told to take it down."""

from app.db import alerts, deliveries
from app.db.engine import Session
from app.domain.notice import from_json
from app.domain.words import AlertState
from app.flows.ports import Press
from app.flows.tell import deliver

_ENDED = (AlertState.RETRACTED, AlertState.EXPIRED)


async def take_down_latecomer(session: Session, code: str, outlet_id: int, *, press: Press) -> int:
    """Add the retraction for this outlet when the alert has ended and it was not told; an ended alert's head is final,
    so no lock is needed. Returns how many deliveries were added."""
    alert = await alerts.find(session, code)
    if alert is None or alert.state not in _ENDED:
        return 0
    if outlet_id in await deliveries.outlets_of_notice(session, alert.id, alert.head):
        return 0
    notice = from_json(dict(await alerts.notice_body(session, alert.id, alert.head)))
    return await deliver(session, alert, notice, [outlet_id], press=press)


async def take_down_latecomers(session: Session, *, press: Press) -> int:
    """The sweep behind it, for evidence that crossed the retraction on its way."""
    added = 0
    for alert_id, outlet_id in await deliveries.may_still_show(session):
        alert = await alerts.lock_by_id(session, alert_id)
        added += await take_down_latecomer(session, alert.code, outlet_id, press=press)
    return added
