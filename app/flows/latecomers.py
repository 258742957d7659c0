"""An outlet that turns out to have aired an alert which has ended is told to take it down."""

import logging
from datetime import timedelta

from app import meters
from app.db import alerts, deliveries
from app.db.engine import Session
from app.domain.notice import from_json
from app.domain.words import AlertState
from app.flows.ports import Press
from app.flows.tell import deliver

CROSSING = timedelta(minutes=10)
"""Far longer than two transactions can cross."""

log = logging.getLogger("huijia.flows")
_failures = meters.sweep_failures.labels("latecomers")

_ENDED = (AlertState.RETRACTED, AlertState.EXPIRED)


async def take_down_latecomer(session: Session, code: str, outlet_id: int, *, press: Press) -> int:
    """Add the retraction for this outlet when the alert has ended and it was not told; an ended alert's head is final,
    so no lock is needed. Returns how many deliveries were added."""
    alert = await alerts.find(session, code)
    if alert is None or alert.state not in _ENDED:
        return 0
    if await deliveries.has_notice(session, alert.id, alert.head, outlet_id):
        return 0
    notice = from_json(dict(await alerts.notice_body(session, alert.id, alert.head)))
    return await deliver(session, alert, notice, [outlet_id], press=press)


async def take_down_latecomers(session: Session, *, press: Press, within: timedelta = CROSSING) -> int:
    """The sweep behind it, for evidence that crossed the retraction on its way: among alerts that ended ``within``."""
    added = 0
    for alert_id, outlet_id in await deliveries.may_still_show(session, within):
        try:
            async with session.begin_nested():
                alert = await alerts.lock_by_id(session, alert_id)
                added += await take_down_latecomer(session, alert.code, outlet_id, press=press)
        except Exception:  # one that cannot be told must not keep the others from being told
            _failures.inc()
            log.exception("outlet %d cannot be told that alert %d has ended", outlet_id, alert_id)
    return added
