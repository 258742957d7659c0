"""What attempts say of the outlets they were made to: who is quarantined, who is well again. Nothing here stops a notice:
claims read ``probe_at``, and that only before a repeat."""

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.db import audit, quarantine
from app.db.engine import Session, clock, notify
from app.db.quarantine import Health
from app.domain.breaker import ENOUGH, Sign, probe_wait, quarantined
from app.flows.tell import CHANGED, DUE

log = logging.getLogger("huijia.health")


@dataclass(frozen=True, slots=True)
class Seen:
    """One attempt's word about an outlet."""

    outlet_id: int
    sign: Sign
    reason: str = ""


async def note(session: Session, seen: Sequence[Seen]) -> None:
    """Take note of a batch. An outlet that took anything in it is well."""
    well = sorted({s.outlet_id for s in seen if s.sign is Sign.WELL})
    ill: dict[int, list[Seen]] = {}
    for s in seen:
        if s.sign in (Sign.ILL, Sign.GONE) and s.outlet_id not in well:
            ill.setdefault(s.outlet_id, []).append(s)
    changed = await _fall_ill(session, ill) if ill else 0
    changed += await _recover(session, well) if well else 0
    if changed:
        await notify(session, CHANGED)


async def _fall_ill(session: Session, ill: Mapping[int, Sequence[Seen]]) -> int:
    now, changed = await clock(session), 0
    for health in (await quarantine.of(session, list(ill))).values():
        said = ill[health.id]
        worse = replace(health, failures=health.failures + len(said), since=health.since or now)
        gone = any(s.sign is Sign.GONE for s in said)
        shut = health.at is not None or gone or quarantined(worse.failures, worse.since or now, now)
        wait = probe_wait(max(worse.failures - ENOUGH, 0), random.random())  # noqa: S311 (jitter, not a secret)
        await quarantine.fell_ill(session, worse, said[-1].reason, now + wait if shut else None, now)
        if shut and health.at is None:
            changed += 1
            await _say(session, "outlet_quarantined", health, {"reason": said[-1].reason, "failures": worse.failures})
    return changed


async def _recover(session: Session, well: Sequence[int]) -> int:
    healths = await quarantine.of(session, well)
    freed = await quarantine.recovered(session, list(healths.values()))
    for id in freed:
        await _say(session, "outlet_recovered", healths[id], {"since": str(healths[id].at)})
    if freed:
        await notify(session, DUE)
    return len(freed)


async def _say(session: Session, act: str, health: Health, detail: Mapping[str, Any]) -> None:
    log.warning("%s outlet=%d %s", act, health.id, " ".join(f"{k}={v}" for k, v in detail.items()))
    await audit.write(session, "clock", act, detail={"outlet": health.id, **detail})
