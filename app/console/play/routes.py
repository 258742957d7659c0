"""/play/{token}: the page, what it shows now, the stream of it, and its receipts. The token is all that it needs."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.console.live import Live
from app.console.pages import page
from app.console.play import reports
from app.console.play.files import EDITION, static_files
from app.db.engine import Session, StoreUnavailable, transaction
from app.db.play import Player
from app.flows import play
from app.flows.house import House

PLAYERS = "players"
"""What pages listen for: something may have become due."""

MISSING = "没有这个播放页：链接不完整，或已被作废。请向回家平台管理员索取新的链接。"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def play_pages(house: House, live: Live) -> APIRouter:
    """Everything under /play."""
    router = APIRouter(include_in_schema=False)
    router.include_router(static_files())
    headers = _headers(house.base_url)

    @router.api_route("/play/{token}", methods=["GET", "HEAD"])
    async def open_page(token: str) -> Response:
        try:
            known = await _known(house, token)
        except StoreUnavailable:
            known = True  # the page itself waits for better times
        status = 200 if known else 404
        response = page("play.html", status, edition=EDITION, missing="" if known else MISSING)
        response.headers.update(headers)
        return response

    @router.get("/play/{token}/now")
    async def read_now(token: str) -> Response:
        try:
            shown = await _shown(house, token)
        except StoreUnavailable:
            return _plain(503, headers)
        return _plain(404, headers) if shown is None else _json(shown, headers)

    @router.get("/play/{token}/events")
    async def watch(token: str) -> Response:
        try:
            if not await _known(house, token):
                return _plain(404, headers)
        except StoreUnavailable:
            return _plain(503, headers)
        streaming = {**headers, "x-accel-buffering": "no"}
        return StreamingResponse(_events(house, live, token), media_type="text/event-stream", headers=streaming)

    @router.post("/play/{token}/receipts")
    async def take_receipts(token: str, request: Request) -> Response:
        said = reports.read(await _body(request))
        if said is None:
            return _plain(422, headers)
        try:
            async with transaction(house.engine) as session:
                player = await _recognised(session, token)
                if player is None:
                    return _plain(404, headers)
                taken = await play.report(session, player, said, press=house.press)
        except StoreUnavailable:
            return _plain(503, headers)
        return _json({"results": list(taken)}, headers)

    return router


async def _events(house: House, live: Live, token: str) -> AsyncIterator[bytes]:
    """What is to be shown whenever it has changed; the time every fifteen seconds, so that the page knows that it is
    heard. Ends when the link is revoked."""
    last: object = None
    async with aclosing(live.subscribe(PLAYERS)) as heard:
        async for _ in heard:
            try:
                shown = await _shown(house, token)
            except StoreUnavailable:
                yield _event("away", {})
                continue
            if shown is None:
                yield _event("gone", {})
                return
            told = {name: value for name, value in shown.items() if name not in ("now", "turn")}
            yield _event("beat", {"now": shown["now"]}) if told == last else _event("now", shown)
            last = told


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"


async def _shown(house: House, token: str) -> dict[str, Any] | None:
    """Committed before it is returned: whatever is in it counts as accepted."""
    async with transaction(house.engine) as session:
        player = await _recognised(session, token)
        if player is None:
            return None
        turn = await play.in_turn(session, player)
        items = await play.show(session, player, press=house.press)
    told = {"settings": dict(player.settings), "items": list(items)}
    return {"edition": EDITION, "turn": turn.number, "now": turn.at.isoformat(), **told}


async def _known(house: House, token: str) -> bool:
    async with transaction(house.engine) as session:
        return await _recognised(session, token) is not None


async def _recognised(session: Session, token: str) -> Player | None:
    return await play.recognise(session, token) if _TOKEN.fullmatch(token) else None


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > reports.LARGEST:
            return b""
    return bytes(body)


def _json(content: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json", headers=dict(headers))


def _plain(status: int, headers: Mapping[str, str]) -> Response:
    return Response(status_code=status, headers=dict(headers))


def _headers(base_url: str) -> Mapping[str, str]:
    """Pictures come from the address that is written into notices, and everything else from where the page came from."""
    parts = urlsplit(base_url)
    return {
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            f"img-src 'self' {parts.scheme}://{parts.netloc}; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
        ),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "x-robots-tag": "noindex, nofollow, noarchive",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
    }
