"""What OpenAPI must be told where a route reads its body itself."""

from typing import Any

from pydantic import BaseModel

from app.api.record_form import RecordForm


def submission_body() -> dict[str, Any]:
    """JSON, or multipart with a ``record`` and a ``photo`` part."""
    schema = RecordForm.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    part = {"type": "object", "required": ["record"], "additionalProperties": False}
    properties = {"record": schema, "photo": {"type": "string", "format": "binary"}}
    encoding = {
        "record": {"contentType": "application/json"},
        "photo": {"contentType": "image/jpeg, image/png, image/webp"},
    }
    content = {
        "application/json": {"schema": schema},
        "multipart/form-data": {"schema": part | {"properties": properties}, "encoding": encoding},
    }
    return {"requestBody": {"required": True, "content": content}}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """A JSON body of one flat model."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


def definitions() -> dict[str, Any]:
    """The schemas that ``submission_body`` refers to."""
    found: dict[str, Any] = RecordForm.model_json_schema(ref_template="#/components/schemas/{model}").get("$defs", {})
    return found
