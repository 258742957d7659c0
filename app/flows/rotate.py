"""A new signing secret for an outlet, while the old one still signs beside it."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from app.db import audit, outlets
from app.db.engine import Session, clock
from app.domain.errors import Conflict, NotFound
from app.flows.ports import Seal, Wirer
from app.flows.principal import Principal

CARRIER = "webhook"
BYTES = 32
DEFAULT_OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Rotated:
    """``secret`` can be read only now; the old one signs too until ``previous_until``, if it does at all."""

    secret: str
    previous_until: datetime | None


async def rotate(
    session: Session, who: Principal, outlet_id: int, overlap: timedelta, *, wire: Wirer, seal: Seal
) -> Rotated:
    """With no overlap the old secret is dead at once: for one that has become known. Raises NotFound, or Conflict when
    there is no secret, or when an older one still signs."""
    outlet = await outlets.locked(session, outlet_id)
    if outlet is None:
        raise NotFound("没有这个发布点。", "There is no such outlet.")
    kept = orjson.loads(seal.open(outlet.sealed))
    if outlet.carrier != CARRIER or not kept.get("secret"):
        raise Conflict("该发布点的传输方式没有可更换的签名密钥。", "This outlet has no signing secret to change.")
    now = await clock(session)
    if overlap and _still_signs(kept.get("previous_secret"), kept.get("previous_until"), now):
        raise Conflict(
            "上一次更换尚未结束，原密钥仍在使用。请等其到期，或以 hours=0 立即换掉所有旧密钥。",
            "The secret before this one still signs. Wait until it has run out, or change with hours=0, which ends all old ones.",
        )
    until = now + overlap if overlap else None
    fresh = "whsec_" + base64.b64encode(secrets.token_bytes(BYTES)).decode()
    changed = {
        **kept, "secret": fresh, "previous_secret": kept["secret"] if until else None,
        "previous_until": until.isoformat() if until else None,
    }  # fmt: skip
    wiring = wire(outlet.channel, outlet.carrier, changed)
    await outlets.set_settings(session, outlet.id, seal.close(orjson.dumps(wiring.kept)), dict(wiring.shown))
    await audit.write(session, who.actor, "secret_rotated", detail={"outlet": outlet.id, "until": str(until)})
    return Rotated(fresh, until)


def _still_signs(previous: str | None, until: str | None, now: datetime) -> bool:
    return bool(previous) and (until is None or datetime.fromisoformat(until) > now)
