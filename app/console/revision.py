"""What an operator changes of a search before it is told anew: typed, checked as the API checks it, and kept until it is
confirmed."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from app.console.shown import Shown
from app.db import alerts, drafts
from app.db.engine import Session
from app.domain.beijing import BEIJING
from app.domain.record import PublicFacts, Record
from app.flows.faults import faults_of
from app.flows.house import House
from app.flows.look import opened
from app.flows.submit import Picture
from app.forms.record_form import RecordForm

# The fields of the form: the member of the record that each one is, and its word.
FIELDS: Mapping[str, tuple[str, str]] = {
    "name": ("/minor/name", "姓名"),
    "height": ("/minor/height_cm", "身高（厘米）"),
    "clothing": ("/minor/clothing", "衣着"),
    "features": ("/minor/features", "特征"),
    "at": ("/loss/at", "失踪时间"),
    "address": ("/loss/address", "失踪地点"),
    "circumstances": ("/loss/circumstances", "经过"),
    "suspect": ("/suspect/description", "相关人员"),
    "vehicle": ("/vehicle/description", "相关车辆"),
    "phone": ("/verified_by/phone", "公布的电话"),
}


@dataclass(frozen=True, slots=True)
class Revision:
    """``typed`` by field; ``seen``: the number of the notice that is corrected; ``picture``: a new photo."""

    typed: Mapping[str, str]
    seen: int
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """``record`` is ``None`` when something is wrong; then ``faults`` say what, by field ("" for what has none)."""

    record: Record | None
    faults: Mapping[str, str] = field(default_factory=dict)


def told(facts: PublicFacts) -> Mapping[str, str]:
    """The form filled in with what the public was last told."""
    return {
        "name": facts.name, "height": str(facts.height_cm or ""), "clothing": facts.clothing, "features": facts.features,
        "at": facts.lost_at.astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M"), "address": facts.place,
        "circumstances": facts.circumstances, "suspect": facts.suspect, "vehicle": facts.vehicle, "phone": facts.phone,
    }  # fmt: skip


def changed(facts: PublicFacts, typed: Mapping[str, str]) -> Sequence[tuple[str, str, str]]:
    """Word, what stands now and what will stand, of every field that differs."""
    now = told(facts)
    return [(word, now[name], typed[name]) for name, (_, word) in FIELDS.items() if typed[name] != now[name]]


async def check(session: Session, house: House, alert: Shown, typed: Mapping[str, str], now: datetime) -> Checked:
    """The whole record with what was typed in place of what stood there. The record is opened, and nobody sees it."""
    assert alert.facts is not None
    record = opened(house.seal, await alerts.newest_record(session, alert.id))
    try:
        form = RecordForm.model_validate(_sent(record, alert.facts, typed), context={"now": now})
    except ValidationError as e:
        names = {path: name for name, (path, _) in FIELDS.items()}
        found: dict[str, str] = {}
        for fault in faults_of(e.errors(include_url=False, include_input=False)):
            name = names.get(fault.pointer, "")
            found[name] = " ".join(filter(None, (found.get(name), fault.zh, fault.remedy_zh)))
        return Checked(None, found)
    return Checked(form.record())


def _sent(record: Record, facts: PublicFacts, typed: Mapping[str, str]) -> Mapping[str, Any]:
    """The record as a police system would send it."""
    minor, loss = record.minor, record.loss
    same_minute = typed["at"] == told(facts)["at"]
    body = {
        "status": record.status.value, "case_number": record.case_number, "organ_code": record.organ_code,
        "reported_by": _officer(record.reported_by), "verified_by": _officer(record.verified_by) | {"phone": typed["phone"]},
        "verified_at": record.verified_at.isoformat(), "basis": record.basis, "duration_hours": record.duration_hours,
        "note": record.note,
        "minor": {
            "name": typed["name"], "sex": minor.sex, "birth_date": minor.birth_date and minor.birth_date.isoformat(),
            "age": minor.age, "height_cm": _whole(typed["height"]), "features": typed["features"],
            "clothing": typed["clothing"], "resident_id": minor.resident_id,
        },
        "loss": {
            "address": typed["address"], "area_code": loss.area_code, "datum": loss.datum, "lon": loss.lon, "lat": loss.lat,
            "at": loss.at.isoformat() if same_minute else f"{typed['at']}:00+08:00", "circumstances": typed["circumstances"],
        },
        "guardian": {
            "told": record.guardian.told, "name": record.guardian.name, "phone": record.guardian.phone,
            "relation": record.guardian.relation,
        },
        "suspect": {"description": typed["suspect"]} if typed["suspect"] else None,
        "vehicle": {"description": typed["vehicle"]} if typed["vehicle"] else None,
    }  # fmt: skip
    return body


def _officer(of: Any) -> dict[str, str]:
    return {"name": of.name, "number": of.number, "phone": of.phone}


def _whole(said: str) -> int | str | None:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else said or None


def subject(code: str) -> str:
    return f"update {code}"


async def keep(session: Session, house: House, account: str, code: str, revision: Revision) -> None:
    """Until it is confirmed, a day at most."""
    p = revision.picture
    picture = [base64.b64encode(p.body).decode(), p.mime, p.width, p.height] if p else None
    plain = orjson.dumps([dict(revision.typed), revision.seen, picture])
    await drafts.save(session, account, subject(code), house.seal.close(plain))


async def kept(session: Session, house: House, account: str, code: str) -> Revision | None:
    sealed = await drafts.find(session, account, subject(code))
    if sealed is None:
        return None
    typed, seen, picture = orjson.loads(house.seal.open(sealed))
    return Revision(
        typed, seen, Picture(base64.b64decode(picture[0]), picture[1], picture[2], picture[3]) if picture else None
    )
