"""The stream that tells an open page to look again (Server-Sent Events, WHATWG HTML §9.2)."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.console.door import signed_in
from app.console.guard import Guarded
from app.console.live import Live
from app.db.engine import transaction
from app.flows.house import House

CHANGED = "event: changed\ndata: 1\n\n"
STILL_HERE = ": still here\n\n"


def changes(house: House, live: Live) -> APIRouter:
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/changes")
    async def watch(request: Request, alert: str = "", seen: str = "") -> Response:
        async with transaction(house.engine) as session:
            await signed_in(session, request)
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(events(live, alert, seen), media_type="text/event-stream", headers=headers)

    return router


async def events(live: Live, code: str, seen: str = "") -> AsyncIterator[str]:
    """That something changed, and never what."""
    async with aclosing(live.subscribe(code, seen)) as heard:
        async for changed in heard:
            yield CHANGED if changed else STILL_HERE
