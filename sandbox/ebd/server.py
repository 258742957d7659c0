"""The platform's address, its switches, and what can be watched."""

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from sandbox.ebd.answers import Voice
from sandbox.ebd.manners import TAKES, Manner, spoilt
from sandbox.ebd.packet import Packet, Rejected, opened
from sandbox.ebd.platform import Platform, china_now

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One packet that came, and what it was answered. ``rule`` is what it broke."""

    at: str
    manner: str
    ebdid: str
    type: str
    code: int
    rule: str = ""


@dataclass(slots=True)
class Post:
    """A platform at its address. ``answers_questions``: a state is told in the answer; otherwise it is only reported.
    ``callback``: where huijia said it can be called."""

    platform: Platform
    manner: Manner = Manner.OK
    refusal: int = 5
    answers_questions: bool = True
    slow_seconds: float = 3.0
    callback: str = ""
    clock: Callable[[], datetime] = china_now
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=10_000))
    voice: Voice = field(init=False)

    def __post_init__(self) -> None:
        self.voice = Voice(self.platform)

    def forget(self) -> None:
        """As on the first day."""
        self.platform.forget()
        self.calls.clear()

    def take(self, packet: Packet, now: datetime) -> tuple[str, bytes]:
        """The answer to a packet that could be opened."""
        code, words, asked = self.refusal, "", ""
        if self.manner in TAKES:
            try:
                said = self.platform.hear(packet, now)
                code, words, asked = said.code, said.words, said.asked
                self.callback = packet.text("SRC/URL") or self.callback
            except Rejected as broken:
                code, words = broken.code, broken.words
        elif self.manner is Manner.LYING:
            code = 1
        kind = packet.text("EBDType")
        self.calls.append(Call(now.isoformat(), self.manner, packet.ebdid, kind, code, words))
        related = packet.ebdid if self.manner is not Manner.STRANGER else f"10{self.platform.who.peer}{9:016}"
        if asked and self.answers_questions and self.platform.code(asked, now) is not None:
            return self.voice.report(asked, related, now)
        return self.voice.response(code, words, related, now)


def routes(post: Post, prefix: str = "/ebd", *, arrive: Callable[[], Manner] | None = None) -> list[Route]:
    """``{prefix}`` takes packets; ``/now``, ``/log`` and ``/control`` below it; ``/`` below it is the page. ``arrive`` is
    asked for the manner of each call, where another switch than ``/control`` decides."""

    async def access(request: Request) -> Response:
        post.manner = arrive() if arrive is not None else post.manner
        now = post.clock()
        try:
            packet = opened(*await _upload(request))
        except Rejected as broken:
            post.calls.append(Call(now.isoformat(), post.manner, "", "", broken.code, broken.words))
            return await spoilt(post.manner, post.voice.response(broken.code, broken.words, "", now), post.slow_seconds)
        return await spoilt(post.manner, post.take(packet, now), post.slow_seconds)

    async def showing(request: Request) -> Response:
        return JSONResponse({**post.platform.showing(post.clock()), "manner": post.manner})

    async def log(request: Request) -> Response:
        return JSONResponse({"calls": [asdict(call) for call in post.calls]})

    async def control(request: Request) -> Response:
        try:
            wanted: Any = json.loads(await request.body())
            post.manner = Manner(wanted["manner"])
            post.refusal = int(wanted.get("code", 5))
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "no such manner"}, status_code=422)
        return JSONResponse({"manner": post.manner, "code": post.refusal})

    return [
        Route(prefix, access, methods=["POST"]),
        Route(f"{prefix}/", _page("ebd.html", "text/html")),
        Route(f"{prefix}/icon.svg", _page("icon.svg", "image/svg+xml")),
        Route(f"{prefix}/page.js", _page("ebd.js", "text/javascript")),
        Route(f"{prefix}/now", showing),
        Route(f"{prefix}/log", log),
        Route(f"{prefix}/control", control, methods=["POST"]),
    ]


def create_app(post: Post, *, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """The ASGI application of a platform that stands alone."""
    return Starlette(routes=routes(post), lifespan=lifespan)


def _page(file: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    content = resources.files("sandbox").joinpath("pages", file).read_bytes()
    headers = {"content-security-policy": POLICY, "cache-control": "no-cache", "x-content-type-options": "nosniff"}

    async def page(_: Request) -> Response:
        return Response(content, media_type=kind, headers=headers)

    return page


async def _upload(request: Request) -> tuple[str, bytes]:
    """The file name and the tar. Raises :class:`Rejected` unless there is one part, named ``file``."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data;"):
        raise Rejected(2, "not multipart/form-data")
    async with request.form(max_files=4, max_fields=4) as form:
        parts = form.multi_items()
        if len(parts) != 1 or parts[0][0] != "file" or not isinstance(parts[0][1], UploadFile):
            raise Rejected(2, f"parts {[name for name, _ in parts]}")
        upload = parts[0][1]
        if upload.content_type != "application/octet-stream":
            raise Rejected(2, f"part of type {upload.content_type}")
        return upload.filename or "", await upload.read()
