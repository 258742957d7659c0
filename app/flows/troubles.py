"""What is wrong now, in words for the person who is told. Silence is never a sign of health."""

from dataclasses import dataclass

from app.db import proposals, quarantine, views, workers
from app.db.engine import Session

UNCLAIMED_SECONDS = 30.0
UNHEARD_SECONDS = 120.0
UNCONFIRMED_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """``name`` is the same as long as the trouble lasts; ``zh`` says what and what to do."""

    name: str
    zh: str


async def troubles(session: Session) -> list[Trouble]:
    """Worst first."""
    found = await of_the_service(session)
    if shut := await quarantine.listing(session):
        names = "、".join(str(r["outlet"]) for r in shut[:3]) + ("等" if len(shut) > 3 else "")
        found.append(
            Trouble("outlet_quarantined", f"{len(shut)} 个发布点连续失败，已隔离并定时探测：{names}。请电话联系。")
        )
    return found


async def of_the_service(session: Session) -> list[Trouble]:
    """Those that no outlet is to blame for."""
    found = []
    at_work = [w for w in await workers.listing(session) if w["silent"] <= workers.SILENT_SECONDS]
    if not at_work:
        found.append(
            Trouble("dispatcher_silent", "没有投递进程在运行，通告和撤回都发不出去。请立即启动 huijia dispatch。")
        )
    late = await views.late_to_expire(session)
    if late:
        found.append(Trouble("late_to_expire", f"{late} 条紧急寻人已到期而没有结束。请检查投递进程的定时任务。"))
    unheard = await views.retractions_unheard(session, UNHEARD_SECONDS)
    if unheard:
        found.append(
            Trouble("retraction_unheard", f"{unheard} 个发布点两分钟仍未收到撤回。请在控制台查看，并电话通知。")
        )
    if unconfirmed := await proposals.unanswered(session, UNCONFIRMED_SECONDS):
        found.append(
            Trouble(
                "proposal_unconfirmed",
                f"{unconfirmed} 份实发信息已等三分钟，仍没有第二名民警确认，尚未发出。请立即请一名民警登录值守台核实。",
            )
        )
    unclaimed = await views.unclaimed(session, UNCLAIMED_SECONDS)
    if unclaimed:
        found.append(Trouble("unclaimed", f"{unclaimed} 条投递到时半分钟仍无人处理。请检查投递进程。"))
    return found
