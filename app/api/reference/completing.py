"""Completes the OpenAPI document that FastAPI makes: names, keys, forms, examples and errors of every operation."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from app.api.feed_openapi import FEED_PATHS
from app.api.openapi import definitions
from app.api.parameters import unknown
from app.api.problem_types import TYPES, URN
from app.api.problems import described
from app.api.reference.payload_shape import Payload, ThinPayload
from app.api.reference.shapes import SHAPES
from app.api.reference.words import ABOUT, HEADERS, ONLY, PARAMETERS, TAGS, WEBHOOK
from app.domain.errors import Fault

_HERE = Path(__file__).parent
_MEMBERS: Mapping[str, Mapping[str, str]] = json.loads((_HERE / "members.json").read_text(encoding="utf-8"))
"""What a member holds, in Chinese: by the schema it stands in, or by its name alone (``*``)."""
OPERATIONS: Mapping[str, Any] = json.loads((_HERE / "operations.json").read_text(encoding="utf-8"))
"""By ``get /v1/feed``: its name in Chinese, whose keys it takes, an example of what is sent and of what comes."""

_SCHEMA = "#/components/schemas/{model}"
_METHODS = ("get", "post")


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The same document, complete."""
    document["info"]["description"] = ABOUT
    document["tags"] = [{"name": name, "description": said} for name, said in TAGS.items()]
    document["paths"] |= FEED_PATHS
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(definitions())
    models: tuple[type[BaseModel], ...] = (*SHAPES.values(), Payload, ThinPayload)
    for model in models:
        schemas.update(_schemas(model))
    for name, operation in operations(document):
        _complete(name, operation)
    document["webhooks"] = {"notice": {"post": _webhook()}}
    _explain(document["components"]["schemas"])
    _explain(document["paths"])
    return document


def _explain(node: Any, schema: str = "") -> None:
    """Say of each member what it holds, where nothing is said yet."""
    if isinstance(node, list):
        for inner in node:
            _explain(inner, schema)
    if not isinstance(node, dict):
        return
    schema = node["title"] if isinstance(node.get("title"), str) and "properties" in node else schema
    for name, member in node["properties"].items() if isinstance(node.get("properties"), dict) else ():
        said = _MEMBERS.get(schema, {}).get(name) or _MEMBERS["*"].get(name)
        if said is not None and isinstance(member, dict):
            member.setdefault("description", said)
    for key, inner in node.items():
        if key not in ("example", "examples"):
            _explain(inner, schema)


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each by its name, ``get /v1/feed``."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield f"{method} {path}", item[method]


def _schemas(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template=_SCHEMA, mode="serialization")
    return {**schema.pop("$defs", {}), model.__name__: schema}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _SCHEMA.format(model=model.__name__)}


def _complete(name: str, operation: dict[str, Any]) -> None:
    known = OPERATIONS.get(name)
    if known is None:  # a test asks for it
        return
    operation["summary"] = known["summary"]
    operation["description"] = operation["description"].replace("``", "`")
    operation["x-keys"] = known["keys"]
    if not known["keys"]:
        operation["security"] = []
    for parameter in operation.get("parameters", ()):
        if not parameter.get("description"):
            parameter["description"] = PARAMETERS.get(parameter["name"], "")
    _requests(operation, known)
    fault = _example_fault(name, operation, known)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            _succeeds(name, answer, known)
        elif status >= "400":
            _fails(name, int(status), answer, fault)


def _requests(operation: dict[str, Any], known: Mapping[str, Any]) -> None:
    if "requestBody" not in operation or "request" not in known:
        return
    for mime, content in operation["requestBody"]["content"].items():
        if mime == "application/json":
            content["example"] = known["request"]
        elif mime == "multipart/form-data":
            content["example"] = {"record": known["request"], "photo": "（JPEG、PNG 或 WebP 的字节）"}
        else:
            content["example"] = known["request_xml"]


def _succeeds(name: str, answer: dict[str, Any], known: Mapping[str, Any]) -> None:
    answer["description"] = known["summary"]
    if name in HEADERS:
        answer["headers"] = {
            header: {"description": said, "schema": {"type": "string"}} for header, said in HEADERS[name].items()
        }
    content = answer.setdefault("content", {})
    if not content:
        content["text/plain"] = {"schema": {"type": "string"}}
    for mime, form in content.items():
        if name in SHAPES:
            form["schema"] = _reference(SHAPES[name])
        if mime == "text/event-stream":
            form["example"] = OPERATIONS["get /v1/feed/stream"]["response"]
        elif "response" in known:
            form["example"] = known["response"]


def _fails(name: str, status: int, answer: dict[str, Any], fault: Mapping[str, str]) -> None:
    """Only the problems that this operation has."""
    kinds = {
        code: kind for code, kind in TYPES.items()
        if kind.status == status and code != "http" and name in ONLY.get(code, (name,))
    }  # fmt: skip
    answer["description"] = "；".join(f"{kind.title} ({code})" for code, kind in kinds.items())
    answer["content"]["application/problem+json"]["examples"] = {
        code: {"summary": kind.title, "value": _problem(name, code, fault)} for code, kind in kinds.items()
    }


def _example_fault(name: str, operation: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, str]:
    """One that this operation may find: a limit too high, a parameter that there is not, or a member that there is not."""
    parameters = {p["name"]: p for p in operation.get("parameters", ()) if p["in"] == "query"}
    if "limit" in parameters:
        most = parameters["limit"]["schema"]["maximum"]
        words = (
            f"过大，不得大于 {most}。",
            f"Input should be less than or equal to {most}",
            "核对后填写。",
            "Check it.",
        )
        return described(Fault("/query/limit", "less_than_equal", *words))
    if name.startswith("get"):
        return described(Fault("/query/curser", *unknown("curser", list(parameters)).words))
    first = next(iter(known.get("request", ("note",))))
    words = (
        "没有此项。",
        "Extra inputs are not permitted",
        "删去此项，或核对拼写。",
        "Remove it, or check its spelling.",
    )
    return described(Fault(f"/{first}s", "extra_forbidden", *words))


def _problem(name: str, code: str, fault: Mapping[str, str]) -> dict[str, Any]:
    kind = TYPES[code]
    said: dict[str, Any] = {
        "type": f"{URN}{code}", "title": kind.title, "title_en": kind.title_en, "status": kind.status,
        "detail": f"{kind.title}。", "detail_en": f"{kind.title_en}.", "remedy": kind.remedy, "remedy_en": kind.remedy_en,
        "instance": name.partition(" ")[2],
    }  # fmt: skip
    if code == "invalid":
        said["errors"] = [fault]
    if code == "live-alert-exists":
        said["alert"] = "HJ-2026-000123"
    return said


def _webhook() -> dict[str, Any]:
    """What huijia sends."""
    notice = OPERATIONS["get /v1/deliveries/{delivery}/notice"]["response"]
    schema = {"oneOf": [_reference(Payload), _reference(ThinPayload)]}
    return {
        **WEBHOOK,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": notice}}},
    }
