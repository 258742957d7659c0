"""What an administrator changes of an outlet that is enrolled: its settings, its secret, whether it is paused."""

import base64
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from app.db import audit, outlets
from app.db.engine import Session, clock
from app.db.outlets import Enrolled
from app.domain.errors import Conflict, NotFound
from app.flows.enrol import Application, check_move, enrol, save
from app.flows.ports import Seal, Wirer

CHANGEOVER = timedelta(hours=24)
"""How long the old secret signs beside the new one."""
_ROTATED = ("secret", "previous_secret", "previous_until")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Which settings are secret, and which of them are to be forgotten; one that is left empty stays what it is."""

    names: Collection[str]
    cleared: Collection[str] = ()


async def add_outlet(
    session: Session, by: str, partner_id: int, application: Application, *, wire: Wirer, seal: Seal
) -> int:
    """Enrol a new outlet; returns its id. Raises Invalid, or Conflict when the partner has one of that name."""
    if await outlets.named(session, partner_id, application.name):
        raise Conflict(
            "该协作单位已有同名的发布点。请换一个名称，或到它的页面修改。", "The partner has an outlet of that name."
        )
    id = await enrol(session, partner_id, application, wire=wire, seal=seal)
    await audit.write(session, by, "outlet_add", detail=_said(id, application))
    return id


async def revise_outlet(
    session: Session,
    by: str,
    id: int,
    application: Application,
    held: Secrets,
    *,
    wire: Wirer,
    seal: Seal,
    settled: Collection[str] = (),
) -> None:
    """Replace what is known of an outlet; partner and name are its identity and stay. A secret that is not given stays,
    unless the carrier is another one now. ``settled`` as for ``enrol``. Raises Invalid or NotFound."""
    outlet = await _locked(session, id)
    kept = _opened(outlet, seal) if outlet.carrier == application.carrier else {}
    stays = {n: kept[n] for n in held.names if kept.get(n) and n not in held.cleared}
    given = replace(application, name=outlet.name, settings=stays | dict(application.settings))
    saved = await save(session, outlet.partner_id, given, wire=wire, seal=seal)
    sure = {"settled": sorted(settled)} if settled and saved.moved else {}
    await audit.write(session, by, "outlet_edit", detail={**_said(id, application), **sure})
    await check_move(session, saved, settled)


def _said(id: int, application: Application) -> Mapping[str, Any]:
    return {"outlet": id, "channel": application.channel, "carrier": application.carrier}


async def rotate_secret(session: Session, by: str, id: int, *, wire: Wirer, seal: Seal) -> str:
    """A new secret, which can be read only now; the old one signs beside it for ``CHANGEOVER``. Raises Conflict while an
    earlier change is still under way (the far end may know only the oldest), or where there is no such secret."""
    outlet = await _locked(session, id)
    said, now = _opened(outlet, seal), await clock(session)
    if not said.get("secret") or not all(name in said for name in _ROTATED):
        raise Conflict("该发布点没有可更换的签名密钥。", "This outlet has no secret to rotate.")
    until = said["previous_until"]
    if said["previous_secret"] and (until is None or datetime.fromisoformat(until) > now):
        raise Conflict(
            "上次更换密钥的过渡期还没有结束，对方可能仍在用旧密钥。请等它结束，或在“修改”里清除原签名密钥。",
            "The last rotation is still under way; wait for its end, or clear the previous secret.",
        )
    fresh = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    ends = (now + CHANGEOVER).isoformat()
    wiring = wire(
        outlet.channel,
        outlet.carrier,
        said | {"secret": fresh, "previous_secret": said["secret"], "previous_until": ends},
    )
    await outlets.set_settings(session, id, seal.close(orjson.dumps(wiring.kept)), wiring.shown)
    await audit.write(session, by, "secret_rotate", detail={"outlet": id})
    return fresh


async def pause(session: Session, by: str, id: int, paused: bool) -> bool:
    """Stop telling an outlet anything new, or begin again; what it shows is still taken down. Returns whether that changed
    anything."""
    await _locked(session, id)
    changed = await outlets.set_paused(session, id, paused)
    if changed:
        await audit.write(session, by, "outlet_pause" if paused else "outlet_resume", detail={"outlet": id})
    return changed


def _opened(outlet: Enrolled, seal: Seal) -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(seal.open(outlet.sealed))
    return said


async def _locked(session: Session, id: int) -> Enrolled:
    await outlets.lock(session, id)
    outlet = (await outlets.enrolled(session, [id])).get(id)
    if outlet is None:
        raise NotFound("没有这个发布点。", "There is no such outlet.")
    return outlet
