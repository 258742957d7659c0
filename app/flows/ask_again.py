"""An operator sends failed deliveries again."""

from datetime import timedelta

from app.db import alerts, audit, deliveries
from app.db.engine import Session, clock, notify
from app.domain.errors import NotFound
from app.domain.machines import after_ask_again
from app.domain.words import DeliveryState
from app.flows.principal import Principal, may_see
from app.flows.tell import CHANGED, DUE


async def ask_again(session: Session, who: Principal, code: str, delivery_id: int | None = None) -> int:
    """Send one failed delivery of the newest notice again, or all of them; returns how many.

    Raises WrongState when the one asked for is not failed or no longer the newest.
    """
    alert = await alerts.lock(session, code)
    if alert is None or not may_see(who, alert.organ_code, alert.area_code):
        raise NotFound(f"没有编号为 {code} 的紧急寻人。", f"There is no alert {code}.")
    ids = await deliveries.failed_of(session, alert.id, alert.head, delivery_id)
    if delivery_id is not None and not ids:
        after_ask_again(DeliveryState.FAILED, newest=False)
    now = await clock(session)
    state = after_ask_again(DeliveryState.FAILED, newest=True)
    await deliveries.make_due(session, ids, state, now + timedelta(hours=1))
    await audit.write(session, who.actor, "ask_again", alert.id, {"deliveries": list(ids)})
    await notify(session, DUE)
    await notify(session, CHANGED, alert.code)
    return len(ids)
