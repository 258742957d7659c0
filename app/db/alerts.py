"""Alerts, their notices and what was rendered of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import tables as t
from app.db.engine import Session
from app.domain.geo import Point
from app.domain.words import AlertState, EndReason, Kind, Status

STANDING_CORRECTION = 0
"""The notice number under which the correction waits, rendered when the alert was issued."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    id: int
    code: str
    status: Status
    state: AlertState
    organ_code: str
    area_code: str
    point: Point
    lost_at: datetime
    head: int
    reach_km: int
    expires_at: datetime
    ended_at: datetime | None
    end_reason: EndReason | None


_COLUMNS = (
    t.alert.c.id, t.alert.c.code, t.alert.c.status, t.alert.c.state, t.alert.c.organ_code, t.alert.c.area_code,
    t.alert.c.lon, t.alert.c.lat, t.alert.c.lost_at, t.alert.c.head, t.alert.c.reach_km, t.alert.c.expires_at,
    t.alert.c.ended_at, t.alert.c.end_reason,
)  # fmt: skip


def _row(r: Any) -> AlertRow:
    return AlertRow(
        r.id, r.code, Status(r.status), AlertState(r.state), r.organ_code, r.area_code, Point(r.lon, r.lat), r.lost_at,
        r.head, r.reach_km, r.expires_at, r.ended_at, EndReason(r.end_reason) if r.end_reason else None,
    )  # fmt: skip


async def next_code(session: Session, status: Status, now: datetime) -> str:
    """A new alert number: HJ for what is real, YL (演练) and CS (测试) for what is not, so that the number alone tells."""
    n = (await session.execute(select(t.alert_code.next_value()))).scalar_one()
    prefix = {Status.ACTUAL: "HJ", Status.EXERCISE: "YL", Status.TEST: "CS"}[status]
    return f"{prefix}-{now.year}-{n:06d}"


async def insert_alert(session: Session, **values: Any) -> int:
    """Write a new alert; returns its id. Raises IntegrityError when the case has a live one."""
    return int((await session.execute(insert(t.alert).values(**values).returning(t.alert.c.id))).scalar_one())


async def case_number(session: Session, id: int) -> str:
    """The case that an alert belongs to."""
    return str((await session.execute(select(t.alert.c.case_number).where(t.alert.c.id == id))).scalar_one())


async def live_for_case(session: Session, case_number: str) -> str | None:
    """The code of the live actual alert of a case, if there is one."""
    found = await session.execute(
        select(t.alert.c.code).where(
            t.alert.c.case_number == case_number,
            t.alert.c.status == Status.ACTUAL,
            t.alert.c.state.in_([AlertState.SUBMITTED, AlertState.ACTIVE]),
        )
    )
    return found.scalar_one_or_none()


async def lock_case(session: Session, case_number: str) -> None:
    """Let submissions for one case pass one at a time until this transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:case, 4241))"), {"case": case_number})


async def lock(session: Session, code: str) -> AlertRow | None:
    """The alert, locked: notices are added one at a time, and nothing is settled or extended meanwhile."""
    found = await session.execute(select(*_COLUMNS).where(t.alert.c.code == code).with_for_update(key_share=True))
    return _row(r) if (r := found.one_or_none()) else None


async def lock_by_id(session: Session, id: int) -> AlertRow:
    """As ``lock``, for an id that is known to exist."""
    return _row(
        (await session.execute(select(*_COLUMNS).where(t.alert.c.id == id).with_for_update(key_share=True))).one()
    )


async def find(session: Session, code: str) -> AlertRow | None:
    found = await session.execute(select(*_COLUMNS).where(t.alert.c.code == code))
    return _row(r) if (r := found.one_or_none()) else None


async def set_alert(session: Session, id: int, **values: Any) -> None:
    await session.execute(update(t.alert).where(t.alert.c.id == id).values(**values))


async def add_record(session: Session, alert_id: int, sealed: bytes, by: str) -> int:
    """Append a version of the record; returns its number."""
    statement = text(
        "INSERT INTO record (alert_id, version, sealed, written_by) "
        "SELECT :a, coalesce(max(version), 0) + 1, :sealed, :by FROM record WHERE alert_id = :a RETURNING version"
    )
    return int((await session.execute(statement, {"a": alert_id, "sealed": sealed, "by": by})).scalar_one())


async def newest_record(session: Session, alert_id: int) -> bytes:
    """The sealed bytes of the newest version."""
    found = await session.execute(
        select(t.record.c.sealed).where(t.record.c.alert_id == alert_id).order_by(t.record.c.version.desc()).limit(1)
    )
    return bytes(found.scalar_one())


async def add_photo(
    session: Session, alert_id: int, *, sha256: str, mime: str, size: tuple[int, int], body: bytes
) -> None:
    """Keep a photo by its content; the same content twice is one row."""
    await session.execute(
        upsert(t.photo)
        .values(alert_id=alert_id, sha256=sha256, mime=mime, width=size[0], height=size[1], body=body)
        .on_conflict_do_nothing()
    )


async def add_notice(
    session: Session, alert_id: int, number: int, kind: Kind, body: Mapping[str, Any], by: str, at: datetime
) -> None:
    """Freeze a notice, make it the alert's head, and leave word of it, though nobody may be told."""
    await session.execute(
        insert(t.notice).values(alert_id=alert_id, number=number, kind=kind, body=body, issued_by=by, issued_at=at)
    )
    await set_alert(session, alert_id, head=number)
    await session.execute(insert(t.telling).values(alert_id=alert_id))


async def notice_body(session: Session, alert_id: int, number: int) -> Mapping[str, Any]:
    found = await session.execute(
        select(t.notice.c.body).where(t.notice.c.alert_id == alert_id, t.notice.c.number == number)
    )
    body: Mapping[str, Any] = found.scalar_one()
    return body


async def newest_telling(session: Session, alert_id: int) -> Mapping[str, Any]:
    """The body of the newest publish or update: what the public was last told."""
    found = await session.execute(
        select(t.notice.c.body)
        .where(t.notice.c.alert_id == alert_id, t.notice.c.kind != Kind.RETRACT)
        .order_by(t.notice.c.number.desc())
        .limit(1)
    )
    body: Mapping[str, Any] = found.scalar_one()
    return body


async def keep_renditions(
    session: Session, alert_id: int, number: int, by_profile: Mapping[str, Mapping[str, Any]]
) -> None:
    """Keep what was rendered of a notice, one row a profile; what was kept before stays (a rendition is frozen)."""
    if by_profile:
        rows = [{"alert_id": alert_id, "number": number, "profile": p, "body": b} for p, b in by_profile.items()]
        await session.execute(upsert(t.rendition).values(rows).on_conflict_do_nothing())


async def drop_standing_correction(session: Session, alert_id: int) -> None:
    """Make room for a new standing correction, when an update has changed what it says."""
    for made in (t.rendition.c, t.media.c):
        gone = (made.alert_id == alert_id, made.number == STANDING_CORRECTION)
        await session.execute(delete(made.alert_id.table).where(*gone))


async def renditions(session: Session, alert_id: int, number: int) -> Mapping[str, Mapping[str, Any]]:
    """What was rendered of a notice, by profile."""
    found = await session.execute(
        select(t.rendition.c.profile, t.rendition.c.body).where(
            t.rendition.c.alert_id == alert_id, t.rendition.c.number == number
        )
    )
    return {r.profile: r.body for r in found}


async def ended(session: Session, ids: Collection[int]) -> frozenset[int]:
    """Those of these alerts that have been retracted or have expired."""
    if not ids:
        return frozenset()
    found = await session.execute(
        text("SELECT id FROM alert WHERE id = ANY(CAST(:ids AS bigint[])) AND state IN ('retracted', 'expired')"),
        {"ids": list(ids)},
    )
    return frozenset(r.id for r in found)


async def heads(
    session: Session, alert_ids: Iterable[int], tell: str | None = None
) -> tuple[datetime, Mapping[int, int]]:
    """The database's clock; and of each alert the newest notice's number. Not locked: a settle that misses a notice which is
    just being issued leaves a pending delivery that no claim will take and ``leftovers.supersede`` puts right. ``tell``: the
    channel on which their public numbers are called out when this transaction commits."""
    call = ", pg_notify(:tell, code)" if tell else ""
    found = await session.execute(
        text(f"SELECT id, head, now() AS now{call} FROM alert WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(set(alert_ids))} | ({"tell": tell} if tell else {}),
    )
    rows = found.all()
    return rows[0].now, {r.id: r.head for r in rows}


async def overdue_to_expire(session: Session) -> Sequence[int]:
    """Live alerts whose time is up by the database's clock."""
    found = await session.execute(
        text("SELECT id FROM alert WHERE state = 'active' AND expires_at <= now() ORDER BY id")
    )
    return [r.id for r in found]


async def live(session: Session) -> Sequence[AlertRow]:
    found = await session.execute(select(*_COLUMNS).where(t.alert.c.state == AlertState.ACTIVE).order_by(t.alert.c.id))
    return [_row(r) for r in found]
