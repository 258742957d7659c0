"""``/docs``: the API's own description as a page to read, made here from ``/openapi.json``. No script, nothing from anywhere
else: it is as good in a province's closed network."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from app.console.fields import Row, rows
from app.console.pages import render

STYLE = Markup((Path(__file__).parent / "templates" / "reference.css").read_text(encoding="utf-8"))  # noqa: S704 - our file
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
KEYS = {"police": "公安机关", "partner": "协作单位", "operator": "值班", "admin": "管理", "metrics": "监控令牌"}


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, or what comes: of one media type. ``example`` is shown as it is."""

    mime: str
    example: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One problem that an operation may answer with."""

    status: str
    code: str
    title: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One section of the page. ``parameters`` are rows too; ``answers`` by status."""

    id: str
    method: str
    path: str
    title: str
    said: Markup
    keys: str
    curl: str
    parameters: Sequence[Row]
    sent: Sequence[Body]
    answers: Sequence[tuple[str, str, Sequence[tuple[str, str]], Sequence[Body]]]
    troubles: Sequence[Trouble]


def reference() -> APIRouter:
    """The page is made when it is first asked for."""
    router = APIRouter(include_in_schema=False)
    kept: list[str] = []

    @router.api_route("/docs", methods=["GET", "HEAD"])
    async def show(request: Request) -> Response:
        if not kept:
            kept.append(_page(request.app.openapi(), request.app.state.house.base_url))
        return HTMLResponse(kept[0], headers=HEADERS)

    return router


def _page(document: Mapping[str, Any], base: str) -> str:
    schemas = document["components"]["schemas"]
    found = [
        (o.get("tags", ("",))[0], _operation(method, path, o, schemas, base))
        for method, path, o in _operations(document)
    ]
    groups = [
        (tag["name"], tag["description"], [o for of, o in found if of == tag["name"]]) for tag in document["tags"]
    ]
    about = _prose(document["info"]["description"])
    version = document["info"]["version"]
    return render("reference.html", style=STYLE, groups=groups, about=about, version=version, prose=_prose)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Those of ours, though one be half described: a test asks for its words, the page shows what there is. Last of all what
    huijia itself sends."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation
    for name, item in document["webhooks"].items():
        yield "post", f"（{name}）", item["post"]


def _operation(method: str, path: str, o: Mapping[str, Any], schemas: Mapping[str, Any], base: str) -> Operation:
    good = {status: answer for status, answer in o["responses"].items() if status < "4" or path.startswith("（")}
    bad = {status: answer for status, answer in o["responses"].items() if status not in good}
    sent = list(_bodies(o.get("requestBody", {}).get("content", {}), schemas))
    parameters = o.get("parameters", ())
    return Operation(
        o["operationId"], method.upper(), path, o["summary"], _prose(o.get("description", "")),
        "、".join(KEYS[key] for key in o.get("x-keys", ())), _curl(method, path, o, base),
        [row for p in parameters for row in rows(p["schema"], schemas, p["name"], p["required"], _where(p))], sent,
        [(status, a["description"], _headers(a), list(_bodies(a.get("content", {}), schemas))) for status, a in good.items()],
        list(_troubles(bad)),
    )  # fmt: skip


def _where(parameter: Mapping[str, Any]) -> str:
    place = {"path": "", "query": "", "header": "（头部）"}[parameter["in"]]
    return f"{parameter.get('description', '')}{place}"


def _headers(answer: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(name, header["description"]) for name, header in answer.get("headers", {}).items()]


def _bodies(content: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Body]:
    for mime, form in content.items():
        example = form.get("example", "")
        shown = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)
        yield Body(mime, shown, [row for row in rows(form.get("schema", {}), schemas) if row.name])


def _troubles(answers: Mapping[str, Any]) -> Iterator[Trouble]:
    for status, answer in answers.items():
        problems = answer.get("content", {}).get("application/problem+json", {})
        for code, example in problems.get("examples", {}).items():
            yield Trouble(status, code, example["summary"], example["value"]["remedy"])


def _curl(method: str, path: str, o: Mapping[str, Any], base: str) -> str:
    """A line to begin with; nothing for what is not called but sent."""
    if path.startswith("（"):
        return ""
    said = f"curl -sS '{base}{path}'"
    if o.get("x-keys"):
        said += ' -H "Authorization: Bearer $KEY"'
    if "requestBody" in o:
        return said + " \\\n     -H 'Content-Type: application/json' -d @body.json"
    return said + (" -X POST" if method == "post" else "")


def _prose(text: str) -> Markup:
    """Words between backticks are code."""
    return Markup(re.sub(r"``?([^`]+)``?", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before
