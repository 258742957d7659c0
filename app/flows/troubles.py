"""What is wrong now, in words for the person who is told. Silence is never a sign of health."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from app.db import proposals, quarantine, schema, views, workers
from app.db.engine import Session

UNCLAIMED_SECONDS = 30.0
UNHEARD_SECONDS = 120.0
UNCONFIRMED_SECONDS = 180.0

Check = Callable[[Session], Awaitable[str]]
"""What is wrong and what to do; nothing when all is well."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """``name`` is the same as long as the trouble lasts; ``zh`` says what and what to do."""

    name: str
    zh: str


async def troubles(session: Session) -> list[Trouble]:
    """Worst first."""
    return await _found(session, CHECKS)


async def of_the_service(session: Session) -> list[Trouble]:
    """Those that no outlet is to blame for."""
    return await _found(session, OF_THE_SERVICE)


async def _found(session: Session, checks: Mapping[str, Check]) -> list[Trouble]:
    return [Trouble(name, zh) for name, check in checks.items() if (zh := await check(session))]


async def _dispatcher_silent(session: Session) -> str:
    if await workers.at_work(session):
        return ""
    return "没有投递进程在运行，通告和撤回都发不出去。请立即启动 huijia dispatch。"


async def _late_to_expire(session: Session) -> str:
    late = await views.late_to_expire(session)
    return f"{late} 条紧急寻人已到期而没有结束。请检查投递进程的定时任务。" if late else ""


async def _retraction_unheard(session: Session) -> str:
    unheard = await views.retractions_unheard(session, UNHEARD_SECONDS)
    return f"{unheard} 个发布点两分钟仍未收到撤回。请在控制台查看，并电话通知。" if unheard else ""


async def _proposal_unconfirmed(session: Session) -> str:
    waiting = await proposals.unanswered(session, UNCONFIRMED_SECONDS)
    if not waiting:
        return ""
    return f"{waiting} 份实发信息已等三分钟，仍没有第二名民警确认，尚未发出。请立即请一名民警登录值守台核实。"


async def _unclaimed(session: Session) -> str:
    unclaimed = await views.unclaimed(session, UNCLAIMED_SECONDS)
    return f"{unclaimed} 条投递到时半分钟仍无人处理。请检查投递进程。" if unclaimed else ""


async def _schema_behind(session: Session) -> str:
    return "数据库结构比程序旧。请立即运行 huijia migrate。" if await schema.is_behind(session) else ""


async def _outlet_quarantined(session: Session) -> str:
    shut = await quarantine.listing(session)
    names = "、".join(str(r["outlet"]) for r in shut[:3]) + ("等" if len(shut) > 3 else "")
    return f"{len(shut)} 个发布点连续失败，已隔离并定时探测：{names}。请电话联系。" if shut else ""


OF_THE_SERVICE: Mapping[str, Check] = {
    "dispatcher_silent": _dispatcher_silent,
    "late_to_expire": _late_to_expire,
    "retraction_unheard": _retraction_unheard,
    "proposal_unconfirmed": _proposal_unconfirmed,
    "unclaimed": _unclaimed,
}
CHECKS: Mapping[str, Check] = {
    **OF_THE_SERVICE,
    "schema_behind": _schema_behind,
    "outlet_quarantined": _outlet_quarantined,
}
