"""RFC 9457 problem details, in Chinese and English: the one table from our errors to HTTP."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problem_types import TYPES, URN
from app.db.engine import StoreUnavailable
from app.domain.errors import Conflict, Fault, Forbidden, HuijiaError, Invalid, LiveAlertExists, NotFound, Replaced
from app.domain.wordless import wordless
from app.flows.faults import faults_of

log = logging.getLogger("huijia.api")

STATUS: Sequence[tuple[type[HuijiaError], int]] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (Replaced, 410),
    (Invalid, 422),
)


class Problem(Exception):
    """Something wrong with the request itself rather than with what it asks for. ``code`` is one of ``TYPES``."""

    def __init__(
        self,
        code: str,
        zh: str,
        en: str,
        *,
        remedy: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(en)
        self.code, self.zh, self.en, self.remedy, self.headers = code, zh, en, remedy, headers


def problem(
    request: Request,
    code: str,
    zh: str,
    en: str,
    *,
    status: int | None = None,
    remedy: tuple[str, str] | None = None,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """The response. ``detail`` is Chinese, ``detail_en`` the same in English; ``remedy`` says what to do, and ``errors``
    names each field with its own remedy."""
    kind = TYPES.get(code, TYPES["http"])
    remedy_zh, remedy_en = remedy or (kind.remedy, kind.remedy_en)
    body = {
        "type": f"{URN}{code}",
        "title": kind.title,
        "title_en": kind.title_en,
        "status": status or kind.status,
        "detail": zh,
        "detail_en": en,
        "remedy": remedy_zh,
        "remedy_en": remedy_en,
        "instance": request.scope["path"],
        **members,
    }
    if faults:
        body["errors"] = [described(f) for f in faults]
    return Response(orjson.dumps(body), status or kind.status, headers, media_type="application/problem+json")


def described(fault: Fault) -> Mapping[str, str]:
    """One fault as the caller reads it."""
    return {
        "pointer": fault.pointer, "code": fault.code, "detail": fault.zh, "detail_en": fault.en,
        "remedy": fault.remedy_zh or TYPES["invalid"].remedy, "remedy_en": fault.remedy_en or TYPES["invalid"].remedy_en,
    }  # fmt: skip


async def _ours(request: Request, e: Exception) -> Response:
    assert isinstance(e, HuijiaError)
    status = next((code for kind, code in STATUS if isinstance(e, kind)), 400)
    members: dict[str, Any] = {"alert": e.alert} if isinstance(e, LiveAlertExists) else {}
    faults = e.faults if isinstance(e, Invalid) else ()
    return problem(request, e.code, e.zh, e.en, status=status, faults=faults, **members)


async def _stated(request: Request, e: Exception) -> Response:
    assert isinstance(e, Problem)
    return problem(request, e.code, e.zh, e.en, remedy=e.remedy, headers=e.headers)


async def _form(request: Request, e: Exception) -> Response:
    assert isinstance(e, RequestValidationError)
    faults = faults_of(list(e.errors()))
    zh = f"请求的参数或头部有 {len(faults)} 处问题，未予办理。"
    return problem(request, "invalid", zh, f"{len(faults)} fault(s) in the parameters or headers.", faults=faults)


async def _away(request: Request, e: Exception) -> Response:
    log.warning("the database is away: %s", e)
    zh = "数据库暂不可用，不能确认本次请求已被接受。请稍后用同一个 Idempotency-Key 原样重试。"
    en = (
        "The database is not available; nothing is known to be accepted. Retry as it is, with the same Idempotency-Key."
    )
    return problem(request, "store-unavailable", zh, en, headers={"retry-after": "2"})


async def _http(request: Request, e: Exception) -> Response:
    assert isinstance(e, HTTPException)
    path = request.scope["path"][:80]
    if e.status_code == 404:
        return problem(request, "no-such-address", f"没有 {path} 这个地址。", f"There is nothing at {path}.")
    if e.status_code == 405:
        zh, en = f"此地址不支持 {request.method} 方法。", f"{request.method} is not allowed here."
        return problem(request, "method", zh, en, headers=e.headers)
    zh, en = TYPES["http"].title, TYPES["http"].title_en
    return problem(request, "http", f"{zh}。", f"{en}: {e.detail}", status=e.status_code, headers=e.headers)


class Crash:
    """ASGI middleware: an error that nobody expected is a 500 in this form. What is logged are types and lines of code:
    the words of a database error may quote a record, and a path may hold a token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            log.info("the caller left before its body had arrived")
        except Exception as e:
            _log_crash(scope, e)
            if begun:
                raise RuntimeError("the answer was cut off by an error that is logged above") from None
            zh, en = "系统内部错误，已记录。", "An internal error; it was logged."
            await problem(Request(scope), "internal", zh, en)(scope, receive, send)


def _log_crash(scope: Scope, e: BaseException) -> None:
    kinds, where = wordless(e)
    route = getattr(scope.get("route"), "path", "?")
    log.error("unhandled %s at %s %s\n%s", kinds, scope["method"], route, where)


def install(app: FastAPI) -> None:
    """Answer every error of the API in this form."""
    app.add_exception_handler(HuijiaError, _ours)
    app.add_exception_handler(Problem, _stated)
    app.add_exception_handler(RequestValidationError, _form)
    app.add_exception_handler(StoreUnavailable, _away)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Crash)
