"""The composition root of the API and the console."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.responses import RedirectResponse
from starlette.types import Receive, Scope, Send

from app import meters
from app.api import (
    alerts,
    cap,
    deliveries,
    drills,
    health,
    inbound,
    keys,
    media,
    metrics,
    outlets,
    partners,
    problems,
    receipts,
)
from app.api.feed import Unchanged, feed_routes
from app.api.feed_desk import FeedDesk
from app.api.limits import BodyLimit
from app.api.reference.completing import complete
from app.console.board import warm as warm_board
from app.console.live import Live
from app.console.play.routes import PLAYERS, play_pages
from app.console.public import public_pages
from app.console.reference import reference
from app.console.routes import console
from app.console.tally import Tally
from app.db.engine import connect, connect_to_watch, listen
from app.dispatch.catalogue import catalogue
from app.dispatch.hearing import Hearing
from app.dispatch.keeping import Keeping
from app.dispatch.press import HousePress
from app.dispatch.studio import Studio
from app.dispatch.trial import Trials
from app.dispatch.wire import HttpWire
from app.dispatch.wiring import wire
from app.flows.house import House
from app.flows.notary import Notary
from app.flows.ports import Seal, Signer
from app.flows.tell import CHANGED, DUE
from app.settings import Settings


def build_house(settings: Settings, database_url: str) -> House:
    """Everything the edges share. ``database_url``: the one that was set, or the embedded database's. What it opens as
    it goes is closed by ``close_house``."""
    secret = settings.signing_secret()
    engine, crowd = connect(database_url), connect(database_url, pool=5, waits=2.0)
    watch = connect_to_watch(database_url)
    for name, pool in (("officers", engine), ("public", crowd), ("watch", watch)):
        meters.watch_pool(name, pool)
    seal = Seal(*settings.sealing_keys())
    press = HousePress(settings.base_url, secret, Studio())
    signer = Signer(*settings.own_keys())
    way = HttpWire(Keeping(engine), signer=signer, allowed=settings.networks)
    return House(
        engine=engine,
        crowd=crowd,
        watch=watch,
        seal=seal,
        press=press,
        wire=wire,
        base_url=settings.base_url,
        media_secret=secret,
        metrics_token=settings.token_for_metrics(),
        ear=Hearing(engine, press, seal, way, secret),
        trier=Trials(engine, seal, press, way),
        signer=signer,
        notary=Notary(settings.heartbeat_seed(), settings.cap_papers()),
        cap_sender=settings.cap_name,
        catalogue=catalogue(),
    )


async def close_house(house: House) -> None:
    """End the studio's processes and every connection."""
    if isinstance(house.press, HousePress):
        house.press.close()
    if isinstance(house.ear, Hearing):
        await house.ear.close()
    await house.watch.dispose()
    await house.crowd.dispose()
    await house.engine.dispose()


def build_app(house: House) -> FastAPI:
    """The ASGI application: API, console and public pages."""
    live, desk = Live(), FeedDesk(house)
    tally = Tally(live)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        hears = {CHANGED: live.publish, DUE: lambda _: live.publish(PLAYERS)}
        listening = asyncio.create_task(listen(house.engine, hears, stop, live.hearing))
        warming = [asyncio.create_task(warm_board(house, tally, live))]
        if isinstance(house.press, HousePress):
            warming.append(asyncio.create_task(house.press.warm()))
        following = asyncio.create_task(desk.run(stop))
        yield
        for task in warming:
            task.cancel()
        stop.set()
        live.close()
        await asyncio.gather(listening, following)

    app = App(title="huijia 回家", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.unchanged = Unchanged(desk)
    app.state.house, app.state.live, app.state.desk = house, live, desk
    app.router.routes[:0] = feed_routes(desk)  # asked far more often than all the others
    problems.install(app)
    for room in (alerts, receipts, cap, partners, media, health, metrics, inbound, keys, outlets, deliveries, drills):
        app.include_router(room.router)
    app.include_router(console(house, live, tally), prefix="/console")
    app.include_router(public_pages(house))
    app.include_router(reference())
    app.include_router(play_pages(house, live))
    app.add_api_route("/", _home, include_in_schema=False)
    app.add_middleware(BodyLimit)
    _complete_openapi(app)
    return app


class App(FastAPI):
    """FastAPI, but for what memory can tell at once: the way through all of its middleware takes longer than that answer."""

    unchanged: Unchanged

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (told := self.unchanged.tells(scope)) is not None:
            return await self.unchanged.tell(*told, send)
        await super().__call__(scope, receive, send)


async def _home() -> RedirectResponse:
    return RedirectResponse("/console/")


def _complete_openapi(app: FastAPI) -> None:
    """The document that describes the API, made once."""
    made = app.openapi
    kept: dict[str, Any] = {}

    def whole() -> dict[str, Any]:
        if not kept:
            kept.update(complete(made()))
        return kept

    app.openapi = whole  # type: ignore[method-assign]  # the way FastAPI documents
