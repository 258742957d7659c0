"""What may be chosen when an outlet is enrolled: channels, carriers, and each carrier's settings as a form."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from app.flows.ports import CarrierForm, Catalogue, FieldKind, SettingField
from channels.registry import CARRIERS, CHANNELS, AnyCarrier, is_polled

_KINDS: Mapping[str, FieldKind] = {"integer": "number", "number": "number", "boolean": "yes_no", "array": "list"}


def catalogue() -> Catalogue:
    """Read from the registry; the forms from the JSON Schemas of the carriers' own settings models."""
    return Catalogue(
        {name: channel.title for name, channel in CHANNELS.items()},
        {name: _form(carrier) for name, carrier in CARRIERS.items()},
    )


def _form(carrier: AnyCarrier) -> CarrierForm:
    return CarrierForm(carrier.name, carrier.title, is_polled(carrier), carrier.carries, fields_of(carrier.settings))


def fields_of(settings: type[BaseModel]) -> tuple[SettingField, ...]:
    """In the order in which the model names them."""
    schema = settings.model_json_schema()
    required = set(schema.get("required", ()))
    return tuple(
        _field(name, said, name in required, schema.get("$defs", {}))
        for name, said in schema.get("properties", {}).items()
    )


def _field(name: str, said: Mapping[str, Any], required: bool, models: Mapping[str, Any]) -> SettingField:
    plain = _plain(said, models)
    choices = tuple(str(choice) for choice in plain.get("enum", ()))
    kind: FieldKind = (
        "choice" if choices
        else "instant" if plain.get("format") == "date-time"
        else _KINDS.get(str(plain.get("type")), "text")
    )  # fmt: skip
    default = said.get("default")
    return SettingField(
        name=name, title=said.get("title") or name, description=said.get("description", ""), kind=kind,
        secret=bool(plain.get("writeOnly")), required=required, choices=choices,
        default="" if default is None else ("true" if default else "false") if kind == "yes_no" else str(default),
    )  # fmt: skip


def _plain(said: Mapping[str, Any], models: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what makes it optional, and with what it refers to."""
    for one in said.get("anyOf", ()):
        if one.get("type") != "null":
            return _plain(one, models)
    if "$ref" in said:
        return _plain(models[said["$ref"].rpartition("/")[2]], models)
    return said
