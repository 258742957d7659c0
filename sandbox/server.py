"""The sandbox's addresses: the far ends' own wires, the switches, and what can be watched."""

import hashlib
import json
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from sandbox import clouds, faults, holding
from sandbox.ebd import town as broadcast
from sandbox.faults import Mode
from sandbox.town import Town

MOST_BODY = 256 * 1024
ASSETS = {
    "/": ("index.html", "text/html"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/style.css": ("style.css", "text/css"),
    "/devices.css": ("devices.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/devices.js": ("devices.js", "text/javascript"),
    "/elements.js": ("elements.js", "text/javascript"),
}


def create_app(
    town: Town, *, huijia: str, slow_seconds: float = 3.0, lifespan: Lifespan[Starlette] | None = None
) -> Starlette:
    """The ASGI application. ``huijia``: where pictures may come from; ``slow_seconds``: how late a slow one answers."""
    app = Starlette(
        routes=[
            Route("/station/{slug}", station, methods=["POST"]),
            Route("/robot/send", robot, methods=["POST"]),
            Route("/control/{slug}", control, methods=["POST"]),
            Route("/reset", reset, methods=["POST"]),
            Route("/log", log),
            Route("/now", now),
            Route("/holding", holding_now, methods=["POST"]),
            Route("/health", health),
            *clouds.routes(town.clouds, town.strike, slow_seconds),
            *broadcast.far_end(town.post, town.strike, slow_seconds),
            *(Route(path, asset) for path in ASSETS),
        ],
        lifespan=lifespan,
    )
    app.state.town = town
    app.state.slow_seconds = slow_seconds
    app.state.policy = policy(huijia)
    app.state.assets = {path: _read(file) for path, (file, _) in ASSETS.items()}
    return app


async def station(request: Request) -> Response:
    """The webhook of one station."""
    town = _town(request)
    site = town.sites.get(request.path_params["slug"])
    if site is None or not site.secret:
        return JSONResponse({"error": "no such station"}, status_code=404)
    body, fault = await _body(request), site.switch.strike()
    if fault is not None and fault in faults.UNHEARD:
        town.unheard(site, request.headers.get("webhook-id"), body, fault)
        return await faults.answer(fault, Response(), request.app.state.slow_seconds)
    heard = town.webhook(site, dict(request.headers), body, fault)
    honest = JSONResponse(heard.body, status_code=heard.status)
    return await faults.answer(fault, honest, request.app.state.slow_seconds)


async def robot(request: Request) -> Response:
    """The chat robots' shared address; the access token tells them apart."""
    town = _town(request)
    query = dict(request.query_params)
    site = town.robot_site(query.get("access_token", ""))
    body, fault = await _body(request), site.switch.strike() if site else None
    if site is not None and fault is not None and fault in faults.UNHEARD:
        town.unheard(site, None, body, fault)
        return await faults.answer(fault, Response(), request.app.state.slow_seconds)
    errcode, errmsg = town.chat(query, request.headers.get("content-type", ""), body, fault)
    honest = JSONResponse({"errcode": errcode, "errmsg": errmsg})
    return await faults.answer(fault, honest, request.app.state.slow_seconds)


async def control(request: Request) -> Response:
    """Set the mode of a station, of ``all``, or of every other one (``half``)."""
    _refuse_strangers(request)
    try:
        mode = Mode(json.loads(await _body(request))["mode"])
        changed = _town(request).turn(request.path_params["slug"], mode)
    except (ValueError, KeyError, TypeError) as error:
        known = isinstance(error, KeyError) and error.args[0] != "mode"
        return JSONResponse(
            {"error": "no such station" if known else "no such mode"}, status_code=404 if known else 422
        )
    return JSONResponse({"mode": mode, "changed": changed})


async def reset(request: Request) -> Response:
    """Forget everything heard and shown, and put every switch back."""
    _refuse_strangers(request)
    _town(request).reset()
    return JSONResponse({"ok": True})


async def log(request: Request) -> Response:
    """Every call heard, oldest first; ``?after=`` a sequence for the rest."""
    after = request.query_params.get("after", "0")
    if not (after.isascii() and after.isdigit()):
        raise HTTPException(422, "after is a sequence")
    return JSONResponse({"last": _town(request).calls.last, "calls": _town(request).calls.after(int(after))})


async def now(request: Request) -> Response:
    """What each station shows now. Answers 304 to the ETag of an unchanged picture."""
    content = json.dumps({"stations": _town(request).now()}, ensure_ascii=False).encode()
    tag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


async def holding_now(request: Request) -> Response:
    """Where any of ``texts`` is held by a far end, or a picture or sound with one of these SHA-256 ``digests``."""
    _refuse_strangers(request)
    try:
        asked = json.loads(await _body(request))
        texts, digests = [str(one) for one in asked["texts"]], {str(one) for one in asked.get("digests", ())}
    except (ValueError, KeyError, TypeError, AttributeError):
        return JSONResponse({"error": "texts"}, status_code=422)
    return JSONResponse({"places": holding.places(_town(request), texts, digests)})


async def health(request: Request) -> Response:
    """Whether it serves, and what the receipts are doing."""
    town = _town(request)
    counts = town.sender.counts
    return JSONResponse(
        {
            "ok": True,
            "stations": len(town.sites),
            "calls": town.calls.last,
            "receipts": {
                "waiting": town.sender.waiting,
                "sent": counts.sent,
                "refused": counts.refused,
                "dropped": counts.dropped,
                "keyless": counts.keyless,
            },
        }
    )


async def asset(request: Request) -> Response:
    """The page and its parts."""
    headers = {
        "content-security-policy": request.app.state.policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
    content = request.app.state.assets[request.url.path]
    return Response(content, media_type=ASSETS[request.url.path][1], headers=headers)


def policy(huijia: str) -> str:
    """Nothing from elsewhere but the pictures of a notice, and those only from huijia."""
    parts = urlsplit(huijia)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self' {parts.scheme}://{parts.netloc}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _town(request: Request) -> Town:
    town: Any = request.app.state.town
    assert isinstance(town, Town)
    return town


def _read(file: str) -> bytes:
    return resources.files("sandbox").joinpath("pages", file).read_bytes()


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BODY:
                raise HTTPException(413)
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return bytes(body)


def _refuse_strangers(request: Request) -> None:
    """A page from elsewhere, open in the same browser, may not turn the switches."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403)
