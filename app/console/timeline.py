"""What happened to an alert, in the words of a log book: who did what, and what outlets did, minute by minute."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.console.labels import END_REASONS, KINDS, Tone, actor
from app.db import timeline
from app.db.engine import Session
from app.db.timeline import Act, Minute
from app.domain.reasons import REASONS
from app.domain.words import EndReason, Kind

ACTS, MINUTES = 60, 60


@dataclass(frozen=True, slots=True)
class Event:
    """``by`` is who acted; empty for what outlets did."""

    at: datetime
    said: str
    tone: Tone
    by: str = ""


async def events(session: Session, alert_id: int) -> Sequence[Event]:
    """The newest first."""
    acts = [_act(a) for a in await timeline.acts(session, alert_id, ACTS)]
    minutes = [_minute(m) for m in await timeline.minutes(session, alert_id, MINUTES)]
    return sorted((*acts, *minutes), key=lambda e: e.at, reverse=True)


Words = Callable[[Mapping[str, Any]], str]
_ACTS: Mapping[str, tuple[Tone, Words]] = {
    "submit": ("good", lambda d: f"发布，送往 {d.get('told', 0)} 个发布点"),
    "confirmed": ("good", lambda d: f"第二名民警核实确认，提交人 {d.get('by', '')}"),
    "amend": ("good", lambda d: f"更新，发出第 {d.get('number', '')} 号通告"),
    "retracted": ("warn", lambda d: f"撤回（{_reason(d)}），通知 {d.get('told', 0)} 个发布点撤下"),
    "expired": ("warn", lambda d: f"到期结束，通知 {d.get('told', 0)} 个发布点撤下"),
    "extend": ("wait", lambda d: f"覆盖范围扩大到 {d.get('reach_km', '')} 公里，增加 {d.get('told', 0)} 个发布点"),
    "ask_again": ("wait", lambda d: f"重新发送 {len(d.get('deliveries', ()))} 条失败的投递"),
    "phoned": ("good", lambda d: f"电话确认已撤下：{d.get('outlet', '')}"),
    "phoned_undone": ("warn", lambda d: f"撤销了电话确认：{d.get('outlet', '')}"),
    "looked": ("off", lambda d: "查看了仅公安可见的信息"),
}


def _reason(detail: Mapping[str, Any]) -> str:
    said = detail.get("reason")
    return END_REASONS[EndReason(said)] if said else "未写原因"


def _act(a: Act) -> Event:
    tone, words = _ACTS.get(a.act, ("off", lambda _: a.act))
    return Event(a.at, words(a.detail), tone, actor(a.actor))


_DID: Mapping[str, tuple[Tone, str]] = {
    "accepted": ("wait", "{n} 个发布点接收"),
    "retry": ("warn", "{n} 次没有送成，将重试{why}"),
    "refused": ("bad", "{n} 个发布点拒收{why}"),
    "received": ("good", "{n} 个发布点报告收到"),
    "aired": ("good", "{n} 个发布点报告播出"),
    "taken_down": ("good", "{n} 个发布点报告撤下"),
    "rejected": ("bad", "{n} 个发布点拒绝播出"),
}


def _minute(m: Minute) -> Event:
    tone, words = _DID[m.what]
    why = f"（{REASONS.get(m.why, m.why)}）" if m.why else ""
    kind = "" if m.notice == Kind.PUBLISH else f"{KINDS[Kind(m.notice)]}："
    return Event(m.at, kind + words.format(n=m.number, why=why), tone)
