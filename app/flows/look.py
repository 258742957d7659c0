"""Somebody looks at the sealed record. That they did is written before they see anything."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson

from app.db import alerts, audit
from app.db.engine import Session
from app.domain.errors import NotFound
from app.domain.record import Guardian, Loss, Minor, Officer, Record
from app.domain.words import Status
from app.flows.ports import Seal
from app.flows.principal import Principal, may_see


async def look(session: Session, who: Principal, code: str, *, seal: Seal) -> Record:
    """The newest version of the record. Raises NotFound."""
    alert = await alerts.find(session, code)
    if alert is None or not may_see(who, alert.organ_code, alert.area_code):
        raise NotFound(f"没有编号为 {code} 的紧急寻人。", f"There is no alert {code}.")
    await audit.write(session, who.actor, "looked", alert.id)
    return opened(seal, await alerts.newest_record(session, alert.id))


def opened(seal: Seal, sealed: bytes) -> Record:
    """The inverse of ``submit.seal_record``."""
    plain: Mapping[str, Any] = orjson.loads(seal.open(sealed))
    minor, loss = plain["minor"], plain["loss"]
    born = minor["birth_date"]
    return Record(
        **{
            **plain,
            "status": Status(plain["status"]),
            "reported_by": Officer(**plain["reported_by"]),
            "verified_by": Officer(**plain["verified_by"]),
            "verified_at": datetime.fromisoformat(plain["verified_at"]),
            "minor": Minor(**{**minor, "birth_date": date.fromisoformat(born) if born else None}),
            "loss": Loss(**{**loss, "at": datetime.fromisoformat(loss["at"])}),
            "guardian": Guardian(**plain["guardian"]),
        }
    )
