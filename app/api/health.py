"""Liveness and readiness, for whoever restarts or routes."""

from typing import Any

from fastapi import APIRouter

from app.api.access import TheHouse
from app.api.openapi import answers
from app.api.problems import Problem
from app.db import schema, views, workers
from app.db.engine import Session, by_itself

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready", responses=answers(503))
async def ready(house: TheHouse) -> dict[str, Any]:
    """The database answers and has our schema; with the age in seconds of the oldest undelivered item, whatever it waits for.
    503 otherwise. What takes long to count may be some seconds old; ``null``: it takes too long."""
    if (found := await house.sparing.read(house.watch, _look)) is None:
        raise Problem(
            "store-unavailable",
            "数据库结构比程序旧，系统尚不能受理。",
            "The database's schema is older than this program.",
            remedy=("运行 huijia migrate 升级数据库结构。", "Run `huijia migrate` to bring the schema up to date."),
            headers={"retry-after": "2"},
        )
    return found


async def _look(session: Session) -> dict[str, Any] | None:
    """``None``: it must be migrated first."""
    if await schema.is_behind(session):
        return None
    at_work = await by_itself(session, workers.at_work)
    count, seconds = await by_itself(session, _undelivered) or (None, None)
    return {
        "status": "ok",
        "dispatchers": None if at_work is None else len(at_work),
        "late_to_expire": await by_itself(session, views.late_to_expire),
        "undelivered": count,
        "oldest_undelivered_seconds": seconds,
    }


async def _undelivered(session: Session) -> tuple[int, float]:
    oldest = await views.oldest_undelivered(session)
    return (oldest["count"], oldest["seconds"]) if oldest else (0, 0.0)
