"""Somebody looks at the sealed record. That they did is written before they see anything."""

from collections.abc import Mapping
from typing import Any

import orjson

from app.db import alerts, audit
from app.db.engine import Session
from app.domain.errors import NotFound
from app.flows.ports import Seal
from app.flows.principal import Principal, may_see


async def look(session: Session, who: Principal, code: str, *, seal: Seal) -> Mapping[str, Any]:
    """The newest version of the record as it was sealed: every member of ``domain.record.Record``, JSON-ready. Raises
    NotFound."""
    alert = await alerts.find(session, code)
    if alert is None or not may_see(who, alert.organ_code, alert.area_code):
        raise NotFound(f"没有编号为 {code} 的紧急寻人。", f"There is no alert {code}.")
    await audit.write(session, who.actor, "looked", alert.id)
    record: Mapping[str, Any] = orjson.loads(seal.open(await alerts.newest_record(session, alert.id)))
    return record
