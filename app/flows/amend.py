"""Update a live alert: a new notice with everything the public should know now. It replaces the earlier ones."""

from dataclasses import replace

from app.db import alerts, audit, keys
from app.db.engine import Session, clock
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.machines import alert_after
from app.domain.notice import Photo, from_json, publication
from app.domain.reach import radius_km
from app.domain.record import Record
from app.domain.routing import told
from app.domain.words import AlertState, Kind
from app.flows.idempotency import replayed
from app.flows.ports import Press, Seal
from app.flows.principal import Principal, may_issue, may_see
from app.flows.submit import Issued, Picture, keep_picture, publishable, seal_record
from app.flows.tell import prepare_correction, tell


async def amend(
    session: Session,
    who: Principal,
    code: str,
    record: Record,
    picture: Picture | None,
    *,
    idempotency_key: str | None,
    body_hash: bytes,
    seal: Seal,
    press: Press,
) -> Issued:
    """A whole new version of the record. Without a picture the earlier one stays. Case and status are the alert's
    identity: changing them is another alert. Raises NotFound, Forbidden, WrongState or Conflict."""
    alert = await alerts.lock(session, code)
    if alert is None or not may_see(who, alert.organ_code, alert.area_code):
        raise NotFound(f"没有编号为 {code} 的紧急寻人。", f"There is no alert {code}.")
    may_issue(who, record.status, record.organ_code, record.loss.area_code)
    if (done := await replayed(session, who, idempotency_key, body_hash)) is not None:
        return Issued(done, 0, again=True)
    alert_after(alert.state, "amend")
    if record.status is not alert.status or record.case_number != await alerts.case_number(session, alert.id):
        raise Conflict(
            "更新不能改变案件编号，也不能改变实发/演练/测试的性质。另一案件请另行发布。",
            "An update changes neither the case number nor the status; another case is another alert.",
        )
    if record.organ_code != alert.organ_code and not (who.organ_area or "").endswith("0000"):
        raise Forbidden("只有发布机关或省厅可以更新。", "Only the issuing or the province organ may update.")
    now = await clock(session)
    if alert.expires_at <= now:
        alert_after(AlertState.EXPIRED, "amend")  # its time is up, whether or not the sweep has come by
    facts = await publishable(session, record)
    await alerts.add_record(session, alert.id, seal_record(seal, record), who.actor)
    photo: Photo | None = await keep_picture(session, alert.id, picture)
    if photo is None:
        photo = from_json(dict(await alerts.newest_telling(session, alert.id))).photo
    point = record.loss.point
    reach = max(alert.reach_km, radius_km(record.loss.at, now))
    await alerts.set_alert(
        session, alert.id, lon=point.lon, lat=point.lat, area_code=record.loss.area_code, lost_at=record.loss.at,
        reach_km=reach,
    )  # fmt: skip
    alert = replace(alert, point=point, area_code=record.loss.area_code, lost_at=record.loss.at, reach_km=reach)
    notice = publication(
        Kind.UPDATE, facts, alert=alert.code, number=alert.head + 1, status=alert.status, photo=photo, issued_at=now,
        expires_at=alert.expires_at,
    )  # fmt: skip
    plan = await tell(session, alert, notice, radius_km=alert.reach_km, by=who.actor, press=press)
    await alerts.drop_standing_correction(session, alert.id)
    await prepare_correction(session, alert.id, notice, told(plan), press)
    if idempotency_key is not None:
        await keys.bind(session, who.actor, idempotency_key, alert.id)
    await audit.write(session, who.actor, "amend", alert.id, {"number": notice.number})
    return Issued(alert.code, len(told(plan)))
