"""Submit a verified record: the alert, its first notice, the correction and every delivery, in one transaction.

Issuing takes two named officers (the record names both and they differ); a verified record activates at once, as on the
团圆 platform, which has no approval chain either.
"""

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import orjson

from app.db import alerts, audit, drills, keys
from app.db.engine import Session, clock
from app.domain.errors import Forbidden, LiveAlertExists
from app.domain.machines import alert_after
from app.domain.notice import Photo, publication
from app.domain.reach import radius_km
from app.domain.record import PublicFacts, Record, public_facts
from app.domain.regions import counties
from app.domain.routing import told
from app.domain.words import AlertState, Kind, Status
from app.flows.idempotency import replayed
from app.flows.ports import Press, Seal
from app.flows.principal import Principal, may_issue
from app.flows.tell import prepare_correction, tell


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo that was decoded, stripped of everything but pixels, and encoded again."""

    body: bytes
    mime: str
    width: int
    height: int

    def described(self) -> Photo:
        return Photo(hashlib.sha256(self.body).hexdigest(), self.mime, len(self.body), self.width, self.height)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Which outlets a drill is for, and after how long it is retracted."""

    outlets: Collection[int]
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Issued:
    """``again``: the same request had been carried out before; this is its alert. ``told``: outlets that get it now."""

    code: str
    told: int
    again: bool = False


async def submit(
    session: Session,
    who: Principal,
    record: Record,
    picture: Picture | None,
    *,
    idempotency_key: str | None,
    body_hash: bytes,
    seal: Seal,
    press: Press,
    drill: Rehearsal | None = None,
) -> Issued:
    """``drill``: an exercise for these outlets alone. Raises Forbidden, LiveAlertExists or KeyReused; then nothing is written."""
    may_issue(who, record.status, record.organ_code, record.loss.area_code)
    if (code := await replayed(session, who, idempotency_key, body_hash)) is not None:
        return Issued(code, 0, again=True)
    alert_id, issued = await issue(session, who.actor, record, picture, seal=seal, press=press, drill=drill)
    if idempotency_key is not None:
        await keys.bind(session, who.actor, idempotency_key, alert_id)
    return issued


async def issue(
    session: Session,
    by: str,
    record: Record,
    picture: Picture | None,
    *,
    seal: Seal,
    press: Press,
    drill: Rehearsal | None = None,
) -> tuple[int, Issued]:
    """What follows once it is settled that ``by`` may: the alert's id, and what was issued. Raises LiveAlertExists."""
    await alerts.lock_case(session, record.case_number)
    if record.status is Status.ACTUAL and (live := await alerts.live_for_case(session, record.case_number)) is not None:
        raise LiveAlertExists(live)
    now = await clock(session)
    facts = await publishable(session, record)
    code = await alerts.next_code(session, record.status, now)
    alert_id = await _write_alert(session, by, record, code, now)
    await alerts.add_record(session, alert_id, seal_record(seal, record), by)
    if drill is not None:
        await drills.add(session, alert_id, drill.outlets, now + drill.lasts)
    photo = await keep_picture(session, alert_id, picture)
    count = await _announce(session, by, alert_id, facts, photo, now, press)
    await audit.write(session, by, "submit", alert_id, {"status": record.status, "told": count})
    return alert_id, Issued(code, count)


async def _write_alert(session: Session, by: str, record: Record, code: str, now: datetime) -> int:
    point = record.loss.point
    return await alerts.insert_alert(
        session,
        code=code, status=record.status, state=alert_after(AlertState.SUBMITTED, "activate"),
        organ_code=record.organ_code, case_number=record.case_number, area_code=record.loss.area_code,
        lon=point.lon, lat=point.lat, lost_at=record.loss.at, reach_km=radius_km(record.loss.at, now),
        issued_by=by, activated_at=now, expires_at=now + timedelta(hours=record.duration_hours),
    )  # fmt: skip


async def _announce(
    session: Session,
    by: str,
    alert_id: int,
    facts: PublicFacts,
    photo: Photo | None,
    now: datetime,
    press: Press,
) -> int:
    alert = await alerts.lock_by_id(session, alert_id)
    notice = publication(
        Kind.PUBLISH, facts, alert=alert.code, number=1, status=alert.status, photo=photo, issued_at=now,
        expires_at=alert.expires_at,
    )  # fmt: skip
    plan = await tell(session, alert, notice, radius_km=alert.reach_km, by=by, press=press)
    await prepare_correction(session, alert_id, notice, told(plan), press)
    return len(told(plan))


async def publishable(session: Session, record: Record) -> PublicFacts:
    """The public part of a record, with the names that its codes stand for."""
    organ = await keys.organ(session, record.organ_code)
    if organ is None:
        raise Forbidden("公安机关代码未登记。", "The organ is not registered.")
    return public_facts(record, organ[0], counties()[record.loss.area_code].full_name)


def seal_record(seal: Seal, record: Record) -> bytes:
    """The whole record, encrypted."""
    return seal.close(orjson.dumps(asdict(record)))


async def keep_picture(session: Session, alert_id: int, picture: Picture | None) -> Photo | None:
    if picture is None:
        return None
    photo = picture.described()
    await alerts.add_photo(
        session, alert_id, sha256=photo.sha256, mime=photo.mime, size=(photo.width, photo.height), body=picture.body
    )
    return photo
