"""RFC 9457 problem details, in Chinese and English: the one table from our errors to HTTP."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.db.engine import StoreUnavailable
from app.domain.errors import Conflict, Fault, Forbidden, HuijiaError, Invalid, LiveAlertExists, NotFound
from app.flows.faults import faults_of

log = logging.getLogger("huijia.api")

STATUS: Sequence[tuple[type[HuijiaError], int]] = ((NotFound, 404), (Forbidden, 403), (Conflict, 409), (Invalid, 422))

_TITLES: Mapping[int, tuple[str, str]] = {
    400: ("请求无法读取", "The request cannot be read"),
    401: ("需要有效的密钥", "A valid key is needed"),
    403: ("无此权限", "Not allowed"),
    404: ("没有找到", "Not found"),
    405: ("不支持此方法", "Method not allowed"),
    409: ("与现状冲突", "Conflict with the present state"),
    410: ("已结束", "Gone"),
    413: ("内容过大", "Content too large"),
    415: ("不支持的内容类型", "Unsupported media type"),
    422: ("信息有误，未发布", "Invalid; nothing was issued"),
    500: ("系统内部错误", "Internal error"),
    503: ("系统暂不可用", "Unavailable for the moment"),
}


class Problem(Exception):
    """Something wrong with the request itself rather than with what it asks for."""

    def __init__(self, status: int, code: str, zh: str, en: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(en)
        self.status, self.code, self.zh, self.en, self.headers = status, code, zh, en, headers


def problem(
    request: Request,
    status: int,
    code: str,
    zh: str,
    en: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """The response. ``detail`` is Chinese; ``detail_en`` the same in English; ``errors`` names each field and remedy."""
    title, title_en = _TITLES.get(status, ("请求未被接受", "The request was not accepted"))
    body = {
        "type": f"urn:huijia:problem:{code}",
        "title": title,
        "title_en": title_en,
        "status": status,
        "detail": zh,
        "detail_en": en,
        "instance": request.url.path,
        **members,
    }
    if faults:
        body["errors"] = [
            {
                "pointer": f.pointer, "code": f.code, "detail": f.zh, "detail_en": f.en, "remedy": f.remedy_zh,
                "remedy_en": f.remedy_en,
            }
            for f in faults
        ]  # fmt: skip
    return Response(orjson.dumps(body), status, headers, media_type="application/problem+json")


async def _ours(request: Request, e: Exception) -> Response:
    assert isinstance(e, HuijiaError)
    status = next((code for kind, code in STATUS if isinstance(e, kind)), 400)
    members: dict[str, Any] = {"alert": e.alert} if isinstance(e, LiveAlertExists) else {}
    return problem(request, status, e.code, e.zh, e.en, faults=e.faults if isinstance(e, Invalid) else (), **members)


async def _stated(request: Request, e: Exception) -> Response:
    assert isinstance(e, Problem)
    return problem(request, e.status, e.code, e.zh, e.en, headers=e.headers)


async def _form(request: Request, e: Exception) -> Response:
    assert isinstance(e, RequestValidationError)
    faults = faults_of(list(e.errors()))
    return await _ours(request, Invalid(faults))


async def _away(request: Request, e: Exception) -> Response:
    log.warning("the database is away: %s", e)
    zh = "数据库暂不可用，本次请求未被接受。请稍后用同一个 Idempotency-Key 原样重试。"
    en = "The database is not available; nothing was accepted. Retry as it is, with the same Idempotency-Key."
    return problem(request, 503, "store-unavailable", zh, en, headers={"retry-after": "2"})


async def _http(request: Request, e: Exception) -> Response:
    assert isinstance(e, HTTPException)
    zh, en = _TITLES.get(e.status_code, ("请求未被接受", "The request was not accepted"))
    return problem(request, e.status_code, f"http-{e.status_code}", f"{zh}。", f"{en}.", headers=e.headers)


async def _crash(request: Request, e: Exception) -> Response:
    log.error("unhandled error at %s %s", request.method, request.url.path, exc_info=e)
    return problem(request, 500, "internal", "系统内部错误，已记录。请稍后重试。", "An internal error; it was logged.")


def install(app: FastAPI) -> None:
    """Answer every error of the API in this form."""
    app.add_exception_handler(HuijiaError, _ours)
    app.add_exception_handler(Problem, _stated)
    app.add_exception_handler(RequestValidationError, _form)
    app.add_exception_handler(StoreUnavailable, _away)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _crash)
