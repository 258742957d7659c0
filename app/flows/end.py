"""End an alert: retract it by decision, or let it expire by the clock. Both are the same notice, told the same way."""

from dataclasses import dataclass

from app.db import alerts, audit
from app.db.alerts import AlertRow
from app.db.engine import Session, clock
from app.domain.backoff import RETRACTION_OUTLIVES
from app.domain.discretion import fault_of_line
from app.domain.errors import Fault, Invalid, NotFound
from app.domain.machines import alert_after
from app.domain.notice import correction, from_json
from app.domain.routing import told
from app.domain.words import AlertState, EndReason
from app.flows.ports import Press
from app.flows.principal import Principal, may_see
from app.flows.tell import tell


@dataclass(frozen=True, slots=True)
class Ended:
    """``told``: how many outlets may show it and are told to take it down. ``again``: it had been retracted before."""

    code: str
    number: int
    told: int
    again: bool = False


async def retract(session: Session, who: Principal, code: str, reason: EndReason, line: str, *, press: Press) -> Ended:
    """Take it back everywhere. One officer suffices. Retracting what is retracted changes nothing and says so.

    Raises NotFound, Invalid (a line that tells too much) or WrongState (declined or expired).
    """
    alert = await alerts.lock(session, code)
    if alert is None or not may_see(who, alert.organ_code, alert.area_code):
        raise NotFound(f"没有编号为 {code} 的紧急寻人。", f"There is no alert {code}.")
    if alert.state is AlertState.RETRACTED:
        return Ended(alert.code, alert.head, 0, again=True)
    alert_after(alert.state, "retract")
    return await _end(session, alert, AlertState.RETRACTED, reason, line.strip(), who.actor, press)


async def expire(session: Session, alert_id: int, *, press: Press) -> Ended | None:
    """End an alert whose time is up; ``None`` when it has ended meanwhile. Safe to run twice."""
    alert = await alerts.lock_by_id(session, alert_id)
    if alert.state is not AlertState.ACTIVE or alert.expires_at > await clock(session):
        return None
    return await _end(session, alert, alert_after(alert.state, "expire"), None, "", "clock", press)


async def _end(
    session: Session, alert: AlertRow, state: AlertState, reason: EndReason | None, line: str, by: str, press: Press
) -> Ended:
    now = await clock(session)
    last = from_json(dict(await alerts.newest_telling(session, alert.id)))
    if last.facts is not None and (fault := fault_of_line(line, last.facts.name)) is not None:
        raise Invalid(
            [Fault("/line", "line_tells_too_much", fault, "The line says more than that the search has ended.")]
        )
    await alerts.set_alert(session, alert.id, state=state, ended_at=now, ended_by=by, end_reason=reason)
    notice = correction(
        alert=alert.code, number=alert.head + 1, status=alert.status, unit=last.unit, phone=last.phone,
        masked=last.masked_name, issued_at=now, expires_at=now + RETRACTION_OUTLIVES, line=line,
    )  # fmt: skip
    plan = await tell(session, alert, notice, radius_km=alert.reach_km, by=by, press=press)
    await audit.write(
        session, by, state, alert.id, {"number": notice.number, "reason": reason, "told": len(told(plan))}
    )
    return Ended(alert.code, notice.number, len(told(plan)))
