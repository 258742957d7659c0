"""What OpenAPI must be told: the bodies that routes read themselves, and the problems each may answer with."""

from typing import Any

from pydantic import BaseModel

from app.api.problem_types import TYPES, URN
from app.forms.record_form import RecordForm

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_TEXT = {"type": "string"}


def submission_body() -> dict[str, Any]:
    """JSON, or multipart with a ``record`` and a ``photo`` part."""
    record = {"$ref": "#/components/schemas/RecordForm"}
    part = {
        "type": "object",
        "required": ["record"],
        "additionalProperties": False,
        "properties": {"record": record, "photo": {"type": "string", "format": "binary"}},
    }
    encoding = {
        "record": {"contentType": "application/json"},
        "photo": {"contentType": "image/jpeg, image/png, image/webp"},
    }
    content = {
        "application/json": {"schema": record},
        "multipart/form-data": {"schema": part, "encoding": encoding},
    }
    return {"requestBody": {"required": True, "content": content}}


_BODIES: dict[str, type[BaseModel]] = {"RecordForm": RecordForm}


def json_body(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """A JSON body of this model, which joins the schemas."""
    _BODIES[model.__name__] = model
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems a route may answer with, for its ``responses``."""
    return {status: _answer(status) for status in statuses}


def _answer(status: int) -> dict[str, Any]:
    kinds = {code: kind for code, kind in TYPES.items() if kind.status == status and code != "http"}
    said: dict[str, Any] = {
        "description": "；".join(f"{kind.title} ({code})" for code, kind in kinds.items()),
        "content": {"application/problem+json": {"schema": _PROBLEM}},
    }
    if status == 503:
        said["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return said


def definitions() -> dict[str, Any]:
    """The schemas that the bodies and the problems refer to."""
    found: dict[str, Any] = {}
    for name, model in _BODIES.items():
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {})
        found[name] = schema
    return {**found, "Fault": _fault(), "Problem": _problem()}


def _fault() -> dict[str, Any]:
    where = {"type": "string", "description": "JSON Pointer into the body; /query/… and /header/… name a parameter."}
    texts = ("code", "detail", "detail_en", "remedy", "remedy_en")
    return {
        "type": "object",
        "required": ["pointer", *texts],
        "properties": {"pointer": where} | dict.fromkeys(texts, _TEXT),
    }


def _problem() -> dict[str, Any]:
    """RFC 9457, and what this API adds."""
    texts = ("title", "title_en", "detail", "detail_en", "remedy", "remedy_en", "instance")
    return {
        "type": "object",
        "required": ["type", "status", *texts],
        "properties": {
            "type": {"type": "string", "enum": [URN + code for code in TYPES]},
            "status": {"type": "integer"},
            **dict.fromkeys(texts, _TEXT),
            "alert": {"type": "string", "description": "The live alert of the case (live-alert-exists)."},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
        },
    }
