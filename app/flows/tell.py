"""Give one notice to the outlets that are to have it: what every issuing flow has in common."""

import logging
from collections.abc import Mapping, Sequence

from app.db import alerts, deliveries, outlets
from app.db.alerts import STANDING_CORRECTION, AlertRow
from app.db.engine import Session, notify
from app.db.outlets import Profiles
from app.domain.notice import PublicNotice, to_json
from app.domain.regions import nearest_km
from app.domain.routing import OutletFacts, Target, Why, fan_out, priority, told
from app.domain.words import Kind
from app.flows.ports import Press

log = logging.getLogger("huijia.flows")

DUE = "huijia_due"
CHANGED = "huijia_changed"


def target(alert: AlertRow, facts: Sequence[OutletFacts], radius_km: int) -> Target:
    """The alert as routing sees it."""
    codes = {code for outlet in facts for code in outlet.codes}
    return Target(alert.point, alert.area_code, radius_km, nearest_km(alert.point, codes))


async def tell(
    session: Session, alert: AlertRow, notice: PublicNotice, *, radius_km: int, by: str, press: Press
) -> Mapping[int, Why]:
    """Freeze the notice, supersede what is older, and issue its deliveries. The caller holds the alert's lock."""
    await alerts.add_notice(session, alert.id, notice.number, notice.kind, to_json(notice), by, notice.issued_at)
    await deliveries.supersede(session, alert.id, notice.number)
    facts = await outlets.facts(session)
    plan = fan_out(
        notice.kind,
        notice.status,
        facts,
        target(alert, facts, radius_km),
        await deliveries.histories(session, alert.id),
    )
    await deliver(session, alert, notice, told(plan), press=press)
    return plan


async def deliver(
    session: Session, alert: AlertRow, notice: PublicNotice, outlet_ids: Sequence[int], *, press: Press
) -> int:
    """Write the deliveries of these outlets, render what they need and wake the dispatchers. Returns how many are new."""
    issued, profiles = await deliveries.issue(
        session,
        alert_id=alert.id,
        number=notice.number,
        kind=notice.kind,
        priority=priority(notice.kind, notice.status),
        outlet_ids=outlet_ids,
        give_up_at=notice.expires_at,
    )
    if notice.kind is Kind.RETRACT:
        await _use_standing_correction(session, alert.id, notice, profiles, press)
    else:
        await _render(session, alert.id, notice.number, notice, profiles, press)
    await notify(session, DUE)
    await notify(session, CHANGED, alert.code)
    return issued


async def _render(
    session: Session, alert_id: int, number: int, notice: PublicNotice, profiles: Profiles, press: Press
) -> None:
    have = await alerts.renditions(session, alert_id, number)
    made = {p: press.render(notice, *facts) for p, facts in profiles.items() if p not in have}
    await alerts.keep_renditions(session, alert_id, number, made)


async def prepare_correction(
    session: Session, alert_id: int, correction: PublicNotice, outlet_ids: Sequence[int], press: Press
) -> None:
    """Render the correction before it is needed, for every profile that is told now (Hawaii 2018: 38 minutes, for want
    of exactly that)."""
    profiles = await outlets.profiles(session, outlet_ids)
    await _render(session, alert_id, STANDING_CORRECTION, correction, profiles, press)


async def _use_standing_correction(
    session: Session, alert_id: int, notice: PublicNotice, profiles: Profiles, press: Press
) -> None:
    """A retraction says what was prepared, unless it carries a line of its own. A medium that cannot be worded now does
    not stop it: it falls back to what was prepared, and without that its deliveries fail one by one, and are shown."""
    ready = await alerts.renditions(session, alert_id, STANDING_CORRECTION)
    made = {} if notice.line else {p: ready[p] for p in profiles if p in ready}
    for profile, facts in profiles.items():
        if profile in made:
            continue
        try:
            made[profile] = press.render(notice, *facts)
        except Exception:
            log.exception("the retraction cannot be worded for profile %s", profile)
            if profile in ready:
                made[profile] = ready[profile]
    await alerts.keep_renditions(session, alert_id, notice.number, made)
