"""The board: every live alert, and first of all what needs a person."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.console.door import signed_in
from app.console.guard import Guarded
from app.console.labels import ENDED_COUNTS, LIVE_COUNTS, Tone
from app.console.live import Live
from app.console.needs import Needs, needs, trouble_of
from app.console.pages import page
from app.console.shown import Shown, shown
from app.console.tally import Tally, by_stage, still_up
from app.db import progress, views
from app.db.engine import Session, StoreUnavailable, clock, transaction
from app.flows.house import House

LIVE_SHOWN = 200
ENDED_WATCHED = 60  # ended alerts whose take-downs are still watched for failures
ENDED_SHOWN = 12
RECEIPTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Count:
    word: str
    tone: Tone
    number: int


@dataclass(frozen=True, slots=True)
class Card:
    """An alert on the board. ``up``: after the end, how many outlets may still show it."""

    alert: Shown
    counts: Sequence[Count]
    total: int
    up: int


@dataclass(frozen=True, slots=True)
class Board:
    """``ending``: ended, and not down everywhere yet."""

    real: Sequence[Card]
    drills: Sequence[Card]
    ending: Sequence[Card]
    ended: Sequence[Card]
    needs: Needs

    @property
    def said(self) -> str:
        """The whole board in a sentence, for who hears it."""
        still = sum(card.up for card in self.ending)
        waiting = self.needs.real.waiting + self.needs.drills.waiting
        return (
            (f"{waiting} 份信息等待第二名民警确认，" if waiting else "")
            + f"正在发布 {len(self.real)} 条，演练和测试 {len(self.drills)} 条"
            + (f"，{still} 个发布点尚未撤下" if still else "")
        )


def board(house: House, tally: Tally, live: Live) -> APIRouter:
    router = APIRouter(route_class=Guarded, include_in_schema=False)

    @router.get("/")
    async def show(request: Request) -> Response:
        stamp = live.stamp("")
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            seen = await look(session, house.media_secret, tally, now)
        return page("board.html", who=who, now=now, board=seen, stamp=stamp, trouble_of=trouble_of)

    @router.get("/receipts")
    async def receipts(request: Request) -> Response:
        async with transaction(house.engine) as session:
            who = await signed_in(session, request)
            now = await clock(session)
            unmatched = await views.unmatched_receipts(session, RECEIPTS_SHOWN)
        return page("receipts.html", who=who, now=now, receipts=unmatched, most=RECEIPTS_SHOWN)

    return router


async def warm(house: House, tally: Tally, live: Live) -> None:
    """Count everything once when a process has begun to hear of changes, before anybody looks."""
    while live.mark("") is None:  # noqa: ASYNC110 - it takes a moment, once
        await asyncio.sleep(0.1)
    with suppress(StoreUnavailable):
        async with transaction(house.engine) as session:
            await look(session, house.media_secret, tally, await clock(session))


async def look(session: Session, secret: bytes, tally: Tally, now: datetime) -> Board:
    """Everything on the board."""
    live = await views.alerts(session, live=True, limit=LIVE_SHOWN)
    ended = await views.alerts(session, live=False, limit=ENDED_WATCHED)
    counted = await tally.counts(session, {row["id"]: row["code"] for row in (*live, *ended)}, now)
    alerts = [(shown(row, secret, now), counted[row["id"]]) for row in (*live, *ended)]
    cards = [card(alert, counts) for alert, counts in alerts]
    past = sorted((c for c in cards if not c.alert.live), key=lambda c: c.alert.over_at, reverse=True)
    return Board(
        real=[c for c in cards if c.alert.live and not c.alert.drill],
        drills=[c for c in cards if c.alert.live and c.alert.drill],
        ending=[c for c in past if c.up],
        ended=[c for c in past if not c.up][:ENDED_SHOWN],
        needs=await needs(session, [(alert, by_stage(counts)) for alert, counts in alerts]),
    )


def card(alert: Shown, counted: Sequence[progress.Count]) -> Card:
    """An alert with what its outlets come to."""
    stages = by_stage(counted)
    groups = LIVE_COUNTS if alert.live else ENDED_COUNTS
    counts = [Count(word, tone, sum(stages.get(s, 0) for s in summed)) for word, tone, summed in groups]
    return Card(alert, counts, sum(c.number for c in counts), 0 if alert.live else still_up(counted))
