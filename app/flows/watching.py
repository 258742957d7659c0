"""To look at the ledger for troubles, and to keep there what was found and what was told of it."""

from collections.abc import Sequence

from app.db import watch
from app.db.engine import Session, by_itself
from app.domain.telling import Standing
from app.flows.troubles import CHECKS

STUMBLES = "watchdog_stumbles"
NAMES = (*CHECKS, STUMBLES)
"""Of all troubles that the ledger keeps, the worst first."""
CALM = frozenset({"outlet_quarantined"})
"""Nobody need be told of it every five minutes: a few outlets are down for days."""


async def look(session: Session, *, follows: bool) -> Sequence[Standing]:
    """Check everything, each by itself, and keep what is found. What a check that fails had found before is not over: nobody
    knows. ``follows``: the last look was lately."""
    said = {name: await by_itself(session, check) for name, check in CHECKS.items()}
    failed = sum(words is None for words in said.values())
    said[STUMBLES] = (
        f"{failed} 项检查无法进行，可能有故障看不到。请运行 huijia doctor，并查看接口进程的日志。" if failed else ""
    )
    await watch.stands(session, {name: zh for name, zh in said.items() if zh}, follows=follows)
    await watch.is_over(session, [name for name, zh in said.items() if zh == ""])
    return await standing(session)


async def standing(session: Session) -> Sequence[Standing]:
    """What stands in the ledger, the worst first."""
    kept = [Standing(**row, calm=row["name"] in CALM) for row in await watch.standing(session)]
    return sorted(kept, key=lambda one: NAMES.index(one.name) if one.name in NAMES else len(NAMES))
