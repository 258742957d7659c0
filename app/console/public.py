"""The child's page: what a phone opens from a QR code or a card. No cookies, no scripts, nothing from anywhere else.

After the end it says that the search has ended, and nothing else (未成年人保护法 §103).
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from app.console.assets import FILES
from app.console.pages import page
from app.console.shown import Shown, find
from app.db.engine import StoreUnavailable, clock, transaction
from app.domain.errors import NotFound
from app.flows.house import House

STYLE = Markup((Path(__file__).parent / "templates" / "public.css").read_text(encoding="utf-8"))  # noqa: S704 - our file
ICON = "/p/icon.svg"
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow, noarchive, nosnippet, noimageindex",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def public_pages(house: House) -> APIRouter:
    """/p/{code}, and the icon of its tab: whoever lets the public in at /p/ alone lets it in to all that the page asks for."""
    router = APIRouter(include_in_schema=False)

    @router.api_route(ICON, methods=["GET", "HEAD"])
    async def icon() -> Response:
        kept = {**HEADERS, "cache-control": "public, max-age=86400"}
        return Response(FILES["icon.svg"], media_type="image/svg+xml", headers=kept)

    @router.api_route("/p/{code}", methods=["GET", "HEAD"])
    async def show(code: str) -> Response:
        try:
            response = _answer(await _find(house, code.upper()))
        except NotFound:
            response = page("public_other.html", 404, style=STYLE, title="没有这条信息", drill="", said=_UNKNOWN)
        except StoreUnavailable:
            response = page("public_other.html", 503, style=STYLE, title="暂时打不开", drill="", said=_AWAY)
            response.headers["retry-after"] = "5"
        response.headers.update(HEADERS)
        return response

    return router


_UNKNOWN = "没有找到这条寻人信息。请核对网址，或重新扫描二维码。"
_AWAY = "页面暂时打不开，请稍后再试。发现线索请直接拨打 110。"


async def _find(house: House, code: str) -> Shown:
    async with transaction(house.crowd) as session:
        alert, _ = await find(session, code, house.media_secret, await clock(session))
    return alert


def _answer(alert: Shown) -> Response:
    drill = f"{alert.mark}信息，请勿转发" if alert.drill else ""
    if not alert.live:
        return page(
            "public_other.html", 410, style=STYLE, title="搜寻已结束，谢谢", drill=drill,
            said="请停止转发此前的信息，感谢您的关注。",
        )  # fmt: skip
    return page("public.html", style=STYLE, alert=alert, drill=drill)
