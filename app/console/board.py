"""The board: every live alert, and first of all what needs a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.console.door import signed_in
from app.console.guard import Guarded
from app.console.labels import ENDED_COUNTS, LIVE_COUNTS, ORDER, Tone
from app.console.pages import page
from app.console.shown import Shown, shown
from app.db import views
from app.db.engine import Session, clock, transaction
from app.flows.house import House

ENDED_WATCHED = 60  # ended alerts whose take-downs are still watched for failures
ENDED_SHOWN = 12
RECEIPTS_SHOWN = 100
SLOW = 60.0  # seconds after which something undelivered is worth a look


@dataclass(frozen=True, slots=True)
class Count:
    word: str
    tone: Tone
    number: int


@dataclass(frozen=True, slots=True)
class Card:
    """An alert on the board. ``needs``: how many outlets are at each stage that a person must look at."""

    alert: Shown
    counts: Sequence[Count]
    total: int
    needs: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Board:
    real: Sequence[Card]
    drills: Sequence[Card]
    ended: Sequence[Card]
    needing: Sequence[Card]
    oldest: Mapping[str, Any] | None
    slow: bool
    unmatched: int


def board(house: House) -> APIRouter:
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/")
    async def show(request: Request) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            seen = await look(session, house.media_secret, now)
        return page("board.html", who=who, now=now, board=seen)

    @router.get("/receipts")
    async def receipts(request: Request) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            unmatched = await views.unmatched_receipts(session, RECEIPTS_SHOWN)
        return page("receipts.html", who=who, now=now, receipts=unmatched, most=RECEIPTS_SHOWN)

    return router


async def look(session: Session, secret: bytes, now: datetime) -> Board:
    """Everything on the board."""
    live = await views.alerts(session, live=True, limit=200)
    ended = await views.alerts(session, live=False, limit=ENDED_WATCHED)
    stages = await views.stages(session, [row["id"] for row in (*live, *ended)])
    cards = [card(shown(row, secret, now), stages[row["id"]]) for row in live]
    past = [card(shown(row, secret, now), stages[row["id"]]) for row in ended]
    past.sort(key=lambda c: c.alert.ended_at or c.alert.expires_at, reverse=True)
    oldest = await views.oldest_undelivered(session)
    return Board(
        real=[c for c in cards if not c.alert.drill],
        drills=[c for c in cards if c.alert.drill],
        ended=past[:ENDED_SHOWN],
        needing=sorted((c for c in (*cards, *past) if c.needs), key=lambda c: c.alert.drill),
        oldest=oldest,
        slow=oldest is not None and oldest["seconds"] >= SLOW,
        unmatched=len(await views.unmatched_receipts(session, RECEIPTS_SHOWN)),
    )


def card(alert: Shown, stages: Mapping[str, int]) -> Card:
    """An alert with what its outlets come to."""
    groups = LIVE_COUNTS if alert.live else ENDED_COUNTS
    counts = [Count(word, tone, sum(stages.get(s, 0) for s in summed)) for word, tone, summed in groups]
    needs = sorted(((s, n) for s, n in stages.items() if pressing(s, live=alert.live)), key=lambda need: ORDER[need[0]])
    return Card(alert, counts, sum(c.number for c in counts), needs)


def pressing(stage: str, *, live: bool) -> bool:
    """True when a person must look. What was never shown and never will be is no longer anybody's worry."""
    return stage in views.NEEDS_A_PERSON and (live or stage.startswith("down_"))
