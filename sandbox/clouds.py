"""The addresses of the far ends that are somebody's cloud: an LED cloud, a signage CMS and DingTalk's open platform."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import faults, roster, signage
from sandbox.chat_app import ChatApp
from sandbox.faults import Fault
from sandbox.led_cloud import LedCloud, Player
from sandbox.outlets import CLOUDS
from sandbox.signage import Signage
from sandbox.state import State

MOST_PICTURE = 8 * 1024 * 1024

Strike = Callable[[str], Fault | None]
"""The fault that strikes a call meant for one of these slugs' far ends."""

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
GROUPS = "displayGroupIds[]"
NUMBER = re.compile(r"/(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Clouds:
    """``led`` has one player for each of its slugs, under the slug's name; the others stand for one slug each."""

    led: LedCloud
    signage: Signage
    chat: ChatApp
    signage_slug: str
    chat_slug: str
    base: str

    def showing(self, slug: str) -> list[dict[str, Any]]:
        """What the public sees there, in the form of a station; empty for the usual programme."""
        if slug in self.led.players:
            shown = self.led.showing(slug)
            return [_seen(shown, shown["url"])] if shown else []
        if slug == self.signage_slug:
            shown_there = self.signage.showing()
            return [_seen(shown, f"{self.base}/signage/library/{shown['media']}") for shown in shown_there]
        return []

    def messages(self, slug: str) -> list[dict[str, Any]]:
        """What is in the chat now."""
        return self.chat.chat() if slug == self.chat_slug else []

    def knows(self, slug: str) -> bool:
        return slug in self.led.players or slug in (self.signage_slug, self.chat_slug)

    def forget(self) -> None:
        """As on the first day."""
        for cloud in (self.led, self.signage, self.chat):
            cloud.forget()


def routes(clouds: Clouds, strike: Strike, slow_seconds: float) -> list[Route]:
    """For the application that all far ends share."""

    async def guarded(slug: str, honest: Callable[[], Awaitable[Response]], lie: Any) -> Response:
        fault = strike(slug)
        if fault in faults.UNHEARD:
            return JSONResponse(lie) if fault is Fault.LYING else await faults.answer(fault, Response(), slow_seconds)
        return await faults.answer(fault, await honest(), slow_seconds)

    async def led(request: Request) -> Response:
        body = await _json(request)
        named = body.get("playerIds") if isinstance(body, dict) else None
        first = next((one for one in named if one in clouds.led.players), "") if isinstance(named, list) else ""

        async def honest() -> Response:
            status, said = clouds.led.call(request.path_params["path"], dict(request.headers), body)
            return JSONResponse(said, status)

        return await guarded(first, honest, {"success": [], "fail": named})

    async def cms(request: Request) -> Response:
        async def honest() -> Response:
            try:
                status, said = await _cms(clouds.signage, request)
            except ValueError as refusal:  # also a number that is none
                status, said = signage.refused(refusal)
            return Response(status_code=204) if status == 204 else JSONResponse(said, status)

        lie = {"grid": False, "success": False, "error": {"message": "Access Denied", "code": 403, "data": {}}}
        return await guarded(clouds.signage_slug, honest, lie)

    async def chat(request: Request) -> Response:
        async def honest() -> Response:
            body, verb = await _json(request), request.path_params.get("verb")
            token = request.headers.get("x-acs-dingtalk-access-token", "")
            status, said = clouds.chat.call(verb, token, body) if verb else clouds.chat.token(body)
            return JSONResponse(said, status)

        lie = {"code": "bot.stopped", "message": "群机器人已经停用", "requestid": "0"}
        return await guarded(clouds.chat_slug, honest, lie)

    return [
        Route("/led/v2/player/{path:path}", led, methods=["POST"]),
        *_pictures(clouds),
        Route("/signage/api/{path:path}", cms, methods=["GET", "POST", "PUT", "DELETE"]),
        Route("/dingtalk/v1.0/oauth2/accessToken", chat, methods=["POST"]),
        Route("/dingtalk/v1.0/robot/groupMessages/{verb}", chat, methods=["POST"]),
    ]


def _pictures(clouds: Clouds) -> list[Route]:
    """Screenshots, and what lies in the library."""

    async def shot(request: Request) -> Response:
        picture = clouds.led.shots.get(request.path_params["name"])
        if picture is None:
            raise HTTPException(404)
        return _ranged(request, picture)

    async def poster(request: Request) -> Response:
        kept = clouds.signage.library.get(request.path_params["media"])
        if kept is None:
            raise HTTPException(404)
        return Response(kept.body, media_type=kept.mime)

    return [Route("/led/shots/{name}", shot), Route("/signage/library/{media:int}", poster)]


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of the CMS. Form fields only, as it reads them: a PUT that brings JSON brings nothing."""

    fields: dict[str, str]
    groups: list[str]
    file: tuple[str, bytes] | None  # type and content of files[]


async def _asked(request: Request) -> Asked:
    if not request.headers.get("content-type", "").startswith(FORMS):
        return Asked(dict(request.query_params), request.query_params.getlist(GROUPS), None)
    async with request.form() as form:
        sent = form.get("files[]")
        file = None if sent is None or isinstance(sent, str) else (sent.content_type or "", await sent.read())
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return Asked(fields, [str(one) for one in form.getlist(GROUPS)], file)


async def _cms(cms: Signage, request: Request) -> signage.Answer:
    method, path, asked = request.method, request.path_params["path"], await _asked(request)
    fields, groups, number = asked.fields, asked.groups, NUMBER.search(path)
    if (method, path) == ("POST", "authorize/access_token"):
        return cms.token(fields)
    if not cms.knows(request.headers.get("authorization", "")):
        return signage.unknown_token()
    item = int(number[1]) if number else 0
    match method, path.partition("/")[0] if number else path:
        case "POST", "library":
            kind, body = asked.file or ("", b"")
            return cms.upload(fields.get("name", ""), kind, body, fields.get("expires", ""))
        case "GET", "library":
            return cms.media(fields)
        case "DELETE", "library":
            return cms.delete(item, fields)
        case "POST", "layout/fullscreen":
            return cms.full_screen(fields)
        case "GET", "schedule":
            return cms.events(fields, groups)
        case "POST", "schedule":
            return cms.plan(fields, groups)
        case "PUT", "schedule":
            return cms.plan(fields, groups, item)
        case "DELETE", "schedule":
            return cms.unplan(item)
        case "GET", "stats":
            return cms.stats(fields)
        case "GET", "display":
            return cms.screens(fields)
    return 404, {"error": {"message": "Not Found", "code": 404, "data": {}}}


def built(state: State, client: httpx.AsyncClient, clock: Callable[[], datetime]) -> Clouds:
    """The clouds of this sandbox, with the keys that its roster gives out. ``client`` loads pictures and calls back."""
    given = {outlet.slug: roster.settings(outlet, state) for outlet in CLOUDS}
    players = {slug: Player(slug) for slug, settings in given.items() if "player" in settings}
    account, cms, chat = given["led-1"], given["signage-1"], given["dingtalk-2"]
    led = LedCloud(
        account["app_key"], account["app_secret"], players, account["url"], fetching(client), telling(client), clock
    )
    signs = Signage(cms["client_id"], cms["client_secret"], cms["group"], 2, clock)
    app = ChatApp(chat["app_key"], chat["app_secret"], chat["robot_code"], chat["conversation"], clock)
    return Clouds(led, signs, app, "signage-1", "dingtalk-2", state.base)


def fetching(client: httpx.AsyncClient) -> Callable[[str], Awaitable[bytes | None]]:
    """How a player loads a picture: the whole of it, or ``None``."""

    async def fetch(url: str) -> bytes | None:
        try:
            answer = await client.get(url)
        except httpx.HTTPError:
            return None
        return answer.content if answer.status_code == 200 and len(answer.content) <= MOST_PICTURE else None

    return fetch


def telling(client: httpx.AsyncClient) -> Callable[[str, dict[str, Any]], Awaitable[str]]:
    """How the cloud calls a noticeUrl: JSON, and three seconds for the answer."""

    async def tell(url: str, said: dict[str, Any]) -> str:
        try:
            answer = await client.post(url, json=said, timeout=3.0)
        except httpx.HTTPError:
            return ""
        return answer.text.strip() if answer.status_code == 200 else ""

    return tell


def _seen(shown: dict[str, Any], url: str | None) -> dict[str, Any]:
    """What is called ``【演练】紧急寻人 HJ-2026-000123/2``, as a station shows it."""
    name = shown["name"]
    code = re.search(r"(\S+)/(\d+)", name)
    status = "exercise" if "【演练】" in name else "test" if "【测试】" in name else "actual"
    return {
        "alert": code[1] if code else "",
        "number": int(code[2]) if code else 0,
        "kind": "publish",
        "status": status,
        "since": shown["since"].isoformat(timespec="milliseconds"),
        "expires_at": shown["until"].isoformat(),
        "texts": {"lines": list(shown.get("lines") or (name,))},
        "media": [{"role": "poster", "url": url}] if url else [],
    }


def _ranged(request: Request, whole: bytes) -> Response:
    """RFC 9110 §14: one range of bytes, as object stores answer it."""
    asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
    if asked is None or int(asked[1]) >= len(whole):
        return Response(whole, media_type="image/jpeg")
    start, end = int(asked[1]), min(int(asked[2]), len(whole) - 1)
    headers = {"content-range": f"bytes {start}-{end}/{len(whole)}"}
    return Response(whole[start : end + 1], 206, headers, "image/jpeg")


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        return None
