"""What holds for every page: its headers, and how it says that something is wrong."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.console.door import HOME, SIGN_IN, ForeignForm, SignInFirst, Unwelcome
from app.console.forms import TooLarge
from app.console.pages import page
from app.db.engine import StoreUnavailable
from app.domain.errors import Conflict, Forbidden, HuijiaError, Invalid, NotFound

log = logging.getLogger("huijia.console")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_STATUS: tuple[tuple[type[HuijiaError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (Invalid, 422),
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Guarded(APIRoute):
    """A page of the console."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            response = _foreign(request) or await _answered(handle, request)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded


def _foreign(request: Request) -> Response | None:
    """Refuse what another site makes a browser send; also a sign-in, which has no session to own its form yet.

    Fetch Metadata: a browser that does not say where a request comes from is held by SameSite and the form's own mark.
    """
    if request.method in ("GET", "HEAD") or request.headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return None
    return trouble(403, "此请求来自别的网站，未执行任何操作。请从值守台页面重新操作。")


async def _answered(handle: Handler, request: Request) -> Response:
    try:
        return await handle(request)
    except SignInFirst as e:
        return to_sign_in(request, e)
    except ForeignForm as e:
        return trouble(403, "页面已过时（可能重新登录过），未执行任何操作。请返回页面再试一次。", back=e.back)
    except RequestValidationError:
        return trouble(400, "链接不完整或已损坏，未执行任何操作。请从值守台页面重新进入。")
    except TooLarge:
        return trouble(413, "提交的内容过大，未执行任何操作。")
    except Invalid as e:
        return trouble(422, *[f.zh for f in e.faults])
    except Unwelcome as e:
        return trouble(403, e.zh, e.onward, way=e.way)
    except HuijiaError as e:
        return trouble(next((status for kind, status in _STATUS if isinstance(e, kind)), 400), e.zh)
    except StoreUnavailable:
        return away()
    except HTTPException:
        raise
    except Exception as e:
        log.error("unhandled %s at %s", type(e).__name__, request.scope["route"].path)  # its words may name the child
        return trouble(500, "页面出错，已记录。请返回重试；若撤回没有生效，请再操作一次，重复操作不会重复发送。")


def to_sign_in(request: Request, e: SignInFirst, *, why: str = "") -> Response:
    """To the sign-in page, and from there back. A fragment or a stream cannot show that page: its page goes there."""
    why = why or ("expired" if e.expired else "")
    target = f"{SIGN_IN}?next={quote(e.back, safe='/')}" + (f"&why={why}" if why else "")
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"hx-redirect": target})
    if request.headers.get("accept") == "text/event-stream":
        return Response(status_code=401)
    return RedirectResponse(target, 303)


def trouble(status: int, *said: str, back: str = HOME, way: tuple[str, str] | None = None) -> Response:
    """A page that says what is wrong and leads on: ``back``, and where there is a ``way`` to mend it (path, word), there."""
    return page("trouble.html", status, said=said, back=back, way=way)


def away(back: str = HOME) -> Response:
    """The database is away. Nobody knows whether the act was done, but every act of the console may be done twice."""
    return trouble(
        503,
        "数据库暂时连接不上，操作可能没有完成。",
        "请稍候返回页面核对；没有生效就再操作一次，重复操作不会重复发送。",
        back=back,
    )
