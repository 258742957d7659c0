"""Liveness and readiness, for whoever restarts or routes."""

from typing import Any

from fastapi import APIRouter

from app.api.access import TheHouse
from app.api.openapi import answers
from app.db import views, workers
from app.db.engine import transaction

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready", responses=answers(503))
async def ready(house: TheHouse) -> dict[str, Any]:
    """The database answers; with the age in seconds of the oldest undelivered item, whatever it waits for. 503 otherwise."""
    async with transaction(house.engine) as session:
        oldest = await views.oldest_undelivered(session)
        late = await views.late_to_expire(session)
        at_work = [w for w in await workers.listing(session) if w["silent"] <= workers.SILENT_SECONDS]
    return {
        "status": "ok",
        "dispatchers": len(at_work),
        "late_to_expire": late,
        "undelivered": oldest["count"] if oldest else 0,
        "oldest_undelivered_seconds": oldest["seconds"] if oldest else 0.0,
    }
