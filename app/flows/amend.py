"""Update a live alert: a new notice with everything the public should know now. It replaces the earlier ones."""

from dataclasses import replace
from datetime import datetime

from app.db import alerts, audit, keys
from app.db.alerts import AlertRow
from app.db.engine import Session, clock
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.machines import alert_after
from app.domain.notice import PublicNotice, from_json, publication
from app.domain.reach import radius_km
from app.domain.record import Record
from app.domain.routing import told
from app.domain.words import AlertState, Kind, Scope
from app.flows.drawn import Drawn
from app.flows.idempotency import replayed
from app.flows.ports import Seal
from app.flows.principal import Principal, may_issue, may_see
from app.flows.submit import Issued, Picture, keep_picture, publishable, seal_record
from app.flows.tell import draw_update, prepare_correction, tell


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
    press: Drawn,
) -> Issued:
    """A whole new version of the record. Without a picture the earlier one stays. Case and status are the alert's
    identity: changing them is another alert. Raises NotFound, Forbidden, WrongState, Conflict or Undrawn."""
    alert = await alerts.lock(session, code)
    if alert is None or not may_see(who, alert.organ_code, alert.area_code):
        raise NotFound(f"没有编号为 {code} 的紧急寻人。", f"There is no alert {code}.")
    may_issue(who, record.status, record.organ_code, record.loss.area_code)
    if (done := await replayed(session, who, idempotency_key, body_hash)) is not None:
        return Issued(done, 0, again=True)
    alert_after(alert.state, "amend")
    if record.organ_code != alert.organ_code and not (who.organ_area or "").endswith("0000"):
        raise Forbidden("只有发布机关或省厅可以更新。", "Only the issuing or the province organ may update.")
    issued = await _tell_anew(session, who.actor, alert, record, picture, seal, press)
    if idempotency_key is not None:
        await keys.bind(session, who.actor, idempotency_key, alert.id)
    return issued


async def revise(
    session: Session,
    who: Principal,
    code: str,
    record: Record,
    picture: Picture | None,
    *,
    seen: int,
    seal: Seal,
    press: Drawn,
) -> Issued:
    """An operator corrects what the public is told. ``seen``: the notice that was corrected; when a newer one has gone out
    meanwhile, nothing is done. Raises NotFound, WrongState, Conflict or Undrawn."""
    alert = await alerts.lock(session, code)
    if alert is None or who.scope not in (Scope.OPERATOR, Scope.ADMIN):
        raise NotFound(f"没有编号为 {code} 的紧急寻人。", f"There is no alert {code}.")
    alert_after(alert.state, "amend")
    if seen != alert.head:
        raise Conflict(
            f"其间已发出第 {alert.head} 号通告，您改的是第 {seen} 号。没有执行任何操作，请核对后重新修改。",
            f"Notice {alert.head} has gone out meanwhile; yours corrects {seen}.",
        )
    return await _tell_anew(session, who.actor, alert, record, picture, seal, press)


async def _tell_anew(
    session: Session, by: str, alert: AlertRow, record: Record, picture: Picture | None, seal: Seal, press: Drawn
) -> Issued:
    if record.status is not alert.status or record.case_number != await alerts.case_number(session, alert.id):
        raise Conflict(
            "更新不能改变案件编号，也不能改变实发/演练/测试的性质。另一案件请另行发布。",
            "An update changes neither the case number nor the status; another case is another alert.",
        )
    now = await clock(session)
    if alert.expires_at <= now:
        alert_after(AlertState.EXPIRED, "amend")  # its time is up, whether or not the sweep has come by
    point, reach = record.loss.point, max(alert.reach_km, radius_km(record.loss.at, now))
    alert = replace(alert, point=point, area_code=record.loss.area_code, lost_at=record.loss.at, reach_km=reach)
    notice = await _update(session, alert, record, picture, press.moment(alert.head + 1, now))
    await draw_update(session, alert, notice, picture.body if picture else None, press)
    await alerts.add_record(session, alert.id, seal_record(seal, record), by)
    await keep_picture(session, alert.id, picture)
    await alerts.set_alert(
        session, alert.id, lon=point.lon, lat=point.lat, area_code=alert.area_code, lost_at=alert.lost_at,
        reach_km=reach,
    )  # fmt: skip
    plan = await tell(session, alert, notice, radius_km=alert.reach_km, by=by, press=press)
    await alerts.drop_standing_correction(session, alert.id)
    await prepare_correction(session, alert.id, notice, told(plan), press)
    await audit.write(session, by, "amend", alert.id, {"number": notice.number})
    return Issued(alert.code, len(told(plan)))


async def _update(
    session: Session, alert: AlertRow, record: Record, picture: Picture | None, at: datetime
) -> PublicNotice:
    facts = await publishable(session, record)
    photo = picture.described() if picture else from_json(dict(await alerts.newest_telling(session, alert.id))).photo
    return publication(
        Kind.UPDATE, facts, alert=alert.code, number=alert.head + 1, status=alert.status, photo=photo, issued_at=at,
        expires_at=alert.expires_at,
    )  # fmt: skip
