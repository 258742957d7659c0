"""Give one notice to the outlets that are to have it: what every issuing flow has in common."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.db import alerts, deliveries, drills, media, outlets
from app.db.alerts import STANDING_CORRECTION, AlertRow
from app.db.engine import Session, notify
from app.db.outlets import Profiles
from app.domain.geo import Point
from app.domain.notice import PublicNotice, correction, to_json
from app.domain.regions import nearest_km
from app.domain.routing import OutletFacts, Target, Why, fan_out, fan_out_end, priority, told
from app.domain.wordless import wordless
from app.domain.words import Kind, Status
from app.flows.drawn import Drawn, Wanted
from app.flows.ports import Plate, Press

log = logging.getLogger("huijia.flows")

DUE = "huijia_due"
CHANGED = "huijia_changed"


async def target(session: Session, alert: AlertRow, facts: Sequence[OutletFacts], radius_km: int) -> Target:
    """The alert as routing sees it."""
    chosen = await drills.chosen(session, alert.id) if alert.status is Status.EXERCISE else None
    return aim(alert.point, alert.area_code, facts, radius_km, chosen)


def aim(
    place: Point, area: str, facts: Sequence[OutletFacts], radius_km: int, chosen: frozenset[int] | None = None
) -> Target:
    """A place of loss as routing sees it."""
    codes = {code for outlet in facts for code in outlet.codes}
    return Target(place, area, radius_km, nearest_km(place, codes), chosen)


async def tell(
    session: Session, alert: AlertRow, notice: PublicNotice, *, radius_km: int, by: str, press: Press
) -> Mapping[int, Why]:
    """Freeze the notice, supersede what is older, and issue its deliveries. The caller holds the alert's lock."""
    await alerts.add_notice(session, alert.id, notice.number, notice.kind, to_json(notice), by, notice.issued_at)
    await deliveries.supersede(session, alert.id, notice.number)
    plan = await _plan(session, alert, notice, radius_km)
    await deliver(session, alert, notice, told(plan), press=press, anew=True)
    return plan


async def _plan(session: Session, alert: AlertRow, notice: PublicNotice, radius_km: int) -> Mapping[int, Why]:
    histories = await deliveries.histories(session, alert.id)
    if notice.kind is Kind.RETRACT:
        return fan_out_end(histories)
    facts = await outlets.facts(session)
    aim = await target(session, alert, facts, radius_km)
    return fan_out(notice.kind, notice.status, facts, aim, histories)


async def draw_update(
    session: Session, alert: AlertRow, notice: PublicNotice, new_photo: bytes | None, drawn: Drawn
) -> None:
    """Raise Undrawn, before anything is written, unless this update of a live alert has been drawn. For whom it has not is
    found out once it is written."""
    if drawn.begun(notice):
        return
    plan = await _plan(session, alert, notice, alert.reach_km)
    profiles = await outlets.profiles(session, told(plan))
    photo = new_photo or await _photo(session, alert.id, notice)
    drawn.need([Wanted(notice, profiles, photo), Wanted(_standing(notice), profiles, None)])


async def draw_more(
    session: Session, alert: AlertRow, notice: PublicNotice, outlet_ids: Sequence[int], drawn: Drawn
) -> None:
    """The same of the notice in force, for outlets that it reaches only now."""
    profiles = await outlets.profiles(session, outlet_ids)
    wanted = []
    for number, said in ((notice.number, notice), (STANDING_CORRECTION, _standing(notice))):
        have = await alerts.renditions(session, alert.id, number)
        lacking = {p: facts for p, facts in profiles.items() if p not in have}
        wanted.append(Wanted(said, lacking, await _photo(session, alert.id, said)))
    drawn.need(wanted)


async def _photo(session: Session, alert_id: int, notice: PublicNotice) -> bytes | None:
    """The officer's, that goes with it."""
    return await media.photo(session, alert_id, notice.photo.sha256) if notice.photo else None


async def deliver(
    session: Session,
    alert: AlertRow,
    notice: PublicNotice,
    outlet_ids: Sequence[int],
    *,
    press: Press,
    anew: bool = False,
) -> int:
    """Write the deliveries of these outlets, render what they need and wake the dispatchers; ``anew``: the notice has none
    yet. Returns how many are new."""
    issued, profiles = await deliveries.issue(
        session,
        alert_id=alert.id,
        number=notice.number,
        kind=notice.kind,
        priority=priority(notice.kind, notice.status),
        outlet_ids=outlet_ids,
        give_up_at=notice.expires_at,
        anew=anew,
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
    """Words, pictures and sounds of the profiles that have none yet. One medium that cannot be worded stops no other: its
    deliveries fail one by one, and are shown. Only when none can be worded is nothing issued."""
    have = await alerts.renditions(session, alert_id, number)
    made, failed = _worded(notice, {p: facts for p, facts in profiles.items() if p not in have}, press)
    if failed is not None and not made and not have:
        raise failed
    plates = await press.illustrate(notice, {p: profiles[p] for p in made}, await _photo(session, alert_id, notice))
    await media.keep(session, alert_id, number, (asdict(plate) for drawn in plates.values() for plate in drawn))
    await alerts.keep_renditions(
        session, alert_id, number, {p: _illustrated(body, plates.get(p, ())) for p, body in made.items()}
    )


def _worded(
    notice: PublicNotice, profiles: Profiles, press: Press
) -> tuple[Mapping[str, Mapping[str, Any]], Exception | None]:
    """By profile; and the last failure, if there was one."""
    made, failed = {}, None
    for profile, facts in profiles.items():
        try:
            made[profile] = press.render(notice, *facts)
        except Exception as error:
            log.error(
                "notice %d of %s has no words for %s: %s\n%s", notice.number, notice.alert, profile, *wordless(error)
            )
            failed = error
    return made, failed


def _illustrated(body: Mapping[str, Any], plates: Sequence[Plate]) -> Mapping[str, Any]:
    """The rendition, with what was made for it listed after what came with the notice."""
    listed = [
        {
            "role": p.role, "mime": p.mime, "url": "", "sha256": p.sha256, "size": len(p.body), "width": p.width,
            "height": p.height, "seconds": p.seconds,
        }
        for p in plates
    ]  # fmt: skip
    return {**body, "media": [*body["media"], *listed]}


async def prepare_correction(
    session: Session, alert_id: int, notice: PublicNotice, outlet_ids: Sequence[int], press: Press
) -> None:
    """Render the correction of a notice before it is needed, for every profile that is told now (Hawaii 2018: 38 minutes,
    for want of exactly that)."""
    profiles = await outlets.profiles(session, outlet_ids)
    await _render(session, alert_id, STANDING_CORRECTION, _standing(notice), profiles, press)


def _standing(notice: PublicNotice) -> PublicNotice:
    return correction(
        alert=notice.alert, number=notice.number + 1, status=notice.status, unit=notice.unit, phone=notice.phone,
        masked=notice.masked_name, issued_at=notice.issued_at, expires_at=notice.expires_at,
    )  # fmt: skip


async def _use_standing_correction(
    session: Session, alert_id: int, notice: PublicNotice, profiles: Profiles, press: Press
) -> None:
    """A retraction says what was prepared, unless it carries a line of its own; pictures are never drawn now. A medium
    that cannot be worded does not stop it: it falls back to what was prepared, and without that its deliveries fail one
    by one, and are shown."""
    ready = await alerts.renditions(session, alert_id, STANDING_CORRECTION)
    anew = profiles if notice.line else {p: facts for p, facts in profiles.items() if p not in ready}
    worded, _ = _worded(notice, anew, press)
    said = {p: {**body, "media": ready[p]["media"] if p in ready else []} for p, body in worded.items()}
    prepared = {p: ready[p] for p in profiles if p in ready}
    await alerts.keep_renditions(session, alert_id, notice.number, prepared | said)
