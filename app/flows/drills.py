"""Drills: an exercise for chosen outlets, sent end to end, and taken back by itself after a few minutes."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from app.db import alerts, audit, drill_schedule, drills, keys
from app.db.drills import Candidate
from app.db.engine import Session, clock
from app.domain.errors import Conflict, Fault, Forbidden, HuijiaError, Invalid
from app.domain.weekly import Weekly
from app.domain.words import EndReason, Scope
from app.flows.end import Ended, retract
from app.flows.idempotency import replayed
from app.flows.outlet_form import StrictForm
from app.flows.ports import Press, Seal
from app.flows.principal import Principal
from app.flows.rehearsal import face, rehearsal
from app.flows.submit import Issued, Rehearsal, submit

LATE = timedelta(minutes=30)
"""A weekly drill that nobody could send for so long is left out: it would surprise."""
CLOCK = Principal("schedule", Scope.OPERATOR, live=True)

log = logging.getLogger("huijia.flows")

_Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]+$")]


class DrillForm(StrictForm):
    """Which outlets: those that are named (by number or name) and those of the channels that have agreed to exercises;
    when neither is given, all that have agreed. After how many minutes it is retracted."""

    outlets: Annotated[tuple[_Word, ...], Field(max_length=500, examples=[["7"]])] = ()
    channels: Annotated[tuple[_Word, ...], Field(max_length=20, examples=[["tv"]])] = ()
    minutes: Annotated[int, Field(ge=1, le=30)] = 5


async def start(
    session: Session,
    who: Principal,
    form: DrillForm,
    *,
    idempotency_key: str | None = None,
    body_hash: bytes = b"",
    seal: Seal,
    press: Press,
) -> Issued:
    """Raises Forbidden; Invalid, naming each chosen outlet that cannot take part; Conflict when nobody takes part or no
    organ is registered; KeyReused."""
    if who.scope not in (Scope.OPERATOR, Scope.ADMIN):
        raise Forbidden("演练由值班人员或管理员发起。", "Drills are started by operators and administrators.")
    if (code := await replayed(session, who, idempotency_key, body_hash)) is not None:
        return Issued(code, 0, again=True)
    issuer = await drills.issuer(session)
    if issuer is None:
        raise Conflict("还没有登记公安机关，无法演练。请先登记机关。", "No organ is registered; register one first.")
    outlets = await _chosen(session, form)
    organ, name, area = issuer
    picture = await asyncio.to_thread(face)
    issued = await submit(
        session, Principal(who.actor, Scope.POLICE, True, organ, name, area), rehearsal(organ, area, await clock(session)),
        picture, idempotency_key=None, body_hash=b"", seal=seal, press=press,
        drill=Rehearsal([o.id for o in outlets], timedelta(minutes=form.minutes)),
    )  # fmt: skip
    if idempotency_key is not None:
        alert = await alerts.find(session, issued.code)
        assert alert is not None
        await keys.bind(session, who.actor, idempotency_key, alert.id)
    return issued


async def _chosen(session: Session, form: DrillForm) -> Sequence[Candidate]:
    """Each once. Raises Invalid or Conflict."""
    named = await drills.called(session, form.outlets)
    faults = [f for n, word in enumerate(form.outlets) if (f := _unfit(f"/outlets/{n}", word, named[word]))]
    willing: Sequence[Candidate] = ()
    if form.channels or not form.outlets:
        willing = await drills.willing(session, form.channels)
        faults += _idle(form.channels, willing)
    if faults:
        raise Invalid(faults)
    found = {o.id: o for o in (*(named[word][0] for word in form.outlets), *willing)}
    if not found:
        raise Conflict(
            "没有参加演练的发布点。请先在发布点的设置中勾选“参加演练”。", "No outlet has agreed to exercises."
        )
    return list(found.values())


def _unfit(pointer: str, word: str, found: Sequence[Candidate]) -> Fault | None:
    """Why an outlet that was named cannot take part."""
    if not found:
        return Fault(
            pointer, "no_such_outlet", f"没有名称或编号为“{word}”的发布点。", f"There is no outlet {word}.",
            "核对名称，或改用编号。", "Check the name, or give its number.",
        )  # fmt: skip
    if len(found) > 1:
        return Fault(
            pointer, "several_outlets", f"有 {len(found)} 个发布点叫“{word}”。", f"{len(found)} outlets are called {word}.",
            f"请用编号：{'、'.join(str(o.id) for o in found)}。", f"Give a number: {', '.join(str(o.id) for o in found)}.",
        )  # fmt: skip
    (outlet,) = found
    if not outlet.takes_exercises:
        return Fault(
            pointer, "takes_no_exercises", f"“{outlet.name}”没有同意参加演练，不能发给它。",
            f"{outlet.name} has not agreed to exercises.",
            "去掉它；或在对方同意后，在发布点的设置中勾选“参加演练”。", "Leave it out, or let it opt in first.",
        )  # fmt: skip
    if outlet.paused:
        return Fault(
            pointer, "outlet_paused", f"“{outlet.name}”已暂停。", f"{outlet.name} is paused.",
            "去掉它，或先恢复该发布点。", "Leave it out, or resume it first.",
        )  # fmt: skip
    return None


def _idle(channels: Sequence[str], willing: Sequence[Candidate]) -> Sequence[Fault]:
    have = {o.channel for o in willing}
    return [
        Fault(
            f"/channels/{n}", "nobody_on_channel", f"渠道“{channel}”没有参加演练的发布点。",
            f"No outlet on {channel} has agreed to exercises.", "去掉这个渠道，或核对写法。", "Leave it out, or check the word.",
        )
        for n, channel in enumerate(channels) if channel not in have
    ]  # fmt: skip


async def end(session: Session, who: Principal, code: str, *, press: Press) -> Ended:
    """Retract the exercise. Raises as ``retract`` does."""
    return await retract(session, who, code, EndReason.FOUND, "", press=press)


async def weekly(session: Session, *, seal: Seal, press: Press) -> str | None:
    """Send the weekly drill when it is due; its code, or ``None``. Exactly one for each time, whoever asks and however
    often: what keeps it from going out is kept beside the schedule, and is not tried again."""
    schedule = await drill_schedule.read(session)
    if schedule is None:
        return None
    now = await clock(session)
    slot = schedule.when.latest(now)
    if not await drill_schedule.use_up(session, slot):
        return None
    if now - slot > LATE:
        await _left_out(session, "到时没有在运行的投递进程，或者发送时出错（见日志），这一次没有演练。")
        return None
    try:
        async with session.begin_nested():
            form = DrillForm(channels=tuple(schedule.channels), minutes=schedule.lasts)
            return (await start(session, CLOCK, form, seal=seal, press=press)).code
    except HuijiaError as e:
        await _left_out(session, "".join(f.zh for f in e.faults) if isinstance(e, Invalid) else e.zh)
        return None


async def _left_out(session: Session, why: str) -> None:
    log.warning("the weekly drill is left out: %s", why)
    await drill_schedule.say(session, why)


@dataclass(frozen=True, slots=True)
class Plan:
    """A weekly drill as it is set. ``lasts`` in minutes; no channels are all."""

    when: Weekly
    lasts: int
    channels: Sequence[str] = ()


async def set_schedule(session: Session, by: str, plan: Plan | None) -> None:
    """``None``: no weekly drill from now on."""
    if plan is None:
        await drill_schedule.clear(session)
    else:
        await drill_schedule.save(session, plan.when, plan.lasts, plan.channels, by)
    await audit.write(session, by, "drill_schedule", detail=_said(plan))


def _said(plan: Plan | None) -> Mapping[str, object]:
    if plan is None:
        return {"off": True}
    at = f"{plan.when.minute // 60:02d}:{plan.when.minute % 60:02d}"
    return {"weekday": plan.when.weekday, "at": at, "minutes": plan.lasts, "channels": list(plan.channels)}
