"""What stands now and a partner's outlets have not taken, paused ones included: nobody tries those."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.db import alerts, deliveries, outlets, postings
from app.db.engine import Session
from app.domain.notice import from_json
from app.domain.routing import Why, decide
from app.domain.words import Kind, Status
from app.flows.tell import target


@dataclass(frozen=True, slots=True)
class Missed:
    """``why``: ``failed`` (refused, or out of time), ``unreachable`` (tried, and being tried), ``waiting`` (not tried or
    not fetched yet) or ``paused``. ``delivery`` is ``None`` for a paused outlet: it gets the notice once it is resumed."""

    notice: str
    outlet: int
    name: str
    why: str
    delivery: str | None
    tries: int
    since: datetime


async def missed(session: Session, partner_id: int, *, live: bool) -> Sequence[Missed]:
    """Oldest first; for a test key (not ``live``) nothing actual."""
    found = [
        Missed(u.notice, u.outlet, u.name, u.why, f"dlv_{u.delivery}", u.tries, u.since)
        for u in await postings.untaken(session, partner_id, live=live)
    ]
    return sorted([*found, *await _passed_over(session, partner_id, live)], key=lambda m: (m.since, m.outlet))


async def _passed_over(session: Session, partner_id: int, live: bool) -> Sequence[Missed]:
    """Live alerts that paused outlets of this partner would have heard of."""
    paused = await outlets.paused_of(session, partner_id)
    found = []
    for alert in await alerts.live(session) if paused else ():
        if alert.status is Status.ACTUAL and not live:
            continue
        notice = from_json(dict(await alerts.notice_body(session, alert.id, alert.head)))
        told = await deliveries.outlets_of_notice(session, alert.id, alert.head)
        aim = await target(session, alert, [facts for facts, _ in paused], alert.reach_km)
        for facts, name in paused:
            awake = replace(facts, paused=False)
            if facts.id not in told and decide(Kind.PUBLISH, alert.status, awake, aim, None) is Why.ROUTED:
                found.append(Missed(f"{alert.code}/{alert.head}", facts.id, name, "paused", None, 0, notice.issued_at))
    return found
