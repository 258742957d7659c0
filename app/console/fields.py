"""A JSON schema as rows to read: one for each member, with what it holds."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

DEEPEST = 5


class Row(NamedTuple):
    """``name`` is the way to the member: ``minor.name``, ``items[].sequence``."""

    name: str
    kind: str
    required: bool
    said: str


def rows(
    schema: Mapping[str, Any],
    schemas: Mapping[str, Any],
    name: str = "",
    required: bool = False,
    said: str = "",
    depth: int = 0,
) -> Iterator[Row]:
    """The schema's own row, and then its members'."""
    found = _whole(schema, schemas)
    options = [_whole(one, schemas) for one in found.get("oneOf", found.get("anyOf", ()))]
    real = [one for one in options if one.get("type") != "null"] or [found]
    if name:
        note = said or schema.get("description") or ("" if "properties" in real[0] else found.get("description", ""))
        yield Row(name, _kind(found, schemas), required, note + _limits(real[0]))
    if depth >= DEEPEST:
        return
    for one in real if not name else real[:1]:
        yield from _members(one, schemas, name, depth)


def _members(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> Iterator[Row]:
    if schema.get("type") == "array":
        inner = _whole(schema.get("items", {}), schemas)
        yield from _members(inner, schemas, f"{name}[]", depth)
        return
    for member, inner in schema.get("properties", {}).items():
        way = f"{name}.{member}" if name else member
        yield from rows(inner, schemas, way, member in schema.get("required", ()), depth=depth + 1)


def _whole(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to, with what is said beside it."""
    if "$ref" not in schema:
        return schema
    return {**schemas[schema["$ref"].rpartition("/")[2]], **{k: v for k, v in schema.items() if k != "$ref"}}


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    schema = _whole(schema, schemas)
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    options = schema.get("oneOf", schema.get("anyOf"))
    if options:
        return " | ".join(dict.fromkeys(_kind(one, schemas) for one in options))
    if schema.get("type") == "array":
        return f"[ {_kind(schema.get('items', {}), schemas)} ]"
    return str(schema.get("format", schema.get("type", "any")))


def _limits(schema: Mapping[str, Any]) -> str:
    """How long, or how great."""
    low, high = schema.get("minimum", schema.get("minLength")), schema.get("maximum", schema.get("maxLength"))
    if low is None and high is None:
        return ""
    unit = " 字" if "maxLength" in schema or "minLength" in schema else ""
    span = f"≥ {low}" if high is None else f"≤ {high}" if low is None else f"{low}–{high}"
    return f"  {span}{unit}"
