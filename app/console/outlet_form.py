"""What was typed into an outlet's form, as the checks take it, and what is stored, as the form shows it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from app.domain.beijing import BEIJING
from app.domain.errors import Fault, Invalid
from app.flows.enrol import Application
from app.flows.faults import faults_of
from app.flows.house import House
from app.flows.outlet_form import OutletForm
from app.flows.ports import CarrierForm, SettingField

PANEL = ("width", "height", "columns", "rows")
DUTY = ("exclusive_minutes", "repeat_every_minutes", "until_minutes")
_PLACE = ("lon", "lat")


@dataclass(frozen=True, slots=True)
class Typed:
    """By the names of the form's fields; settings of the carrier are called ``set-…``."""

    said: Mapping[str, str]

    def get(self, name: str, default: str = "") -> str:
        return self.said.get(name, default)

    def pointers(self, carrier: CarrierForm) -> Iterator[tuple[str, str]]:
        """Which fault belongs beside which field."""
        yield from ((f"/{name}", name) for name in ("name", "codes", "receipt_minutes", "place"))
        for group, names in (("place", _PLACE), ("panel", PANEL), ("duty", DUTY)):
            yield from ((f"/{group}/{name}", name) for name in names)
        yield from ((f"/settings/{f.name}", f"set-{f.name}") for f in carrier.fields)


def typed_form(form: Mapping[str, str]) -> Typed:
    return Typed({name: said.strip() for name, said in form.items()})


def checked(house: House, typed: Typed, *, keeping: Collection[str] = ()) -> Application:
    """The outlet that was described. Raises Invalid with every fault of the form; of settings whose secrets are kept
    (``keeping``) the flow speaks, which knows them."""
    carrier = house.catalogue.carriers.get(typed.get("carrier"))
    settings = _settings(carrier, typed) if carrier else {}
    said: dict[str, Any] = {
        "name": typed.get("name"), "channel": typed.get("channel"), "carrier": typed.get("carrier"), "settings": settings,
        "codes": typed.get("codes").replace("，", " ").replace(",", " ").replace("、", " ").split(),
        "panel": _filled(typed, PANEL), "duty": _filled(typed, DUTY), "takes_exercises": bool(typed.get("exercises")),
        "takes_tests": bool(typed.get("tests")), "receipt_minutes": typed.get("receipt_minutes") or 5,
    }  # fmt: skip
    if place := _filled(typed, _PLACE):
        said["place"] = {**place, "datum": typed.get("datum")}
    try:
        return OutletForm.model_validate(said).application()
    except ValidationError as e:
        faults = faults_of(e.errors(include_url=False, include_input=False))
        raise Invalid([*faults, *([] if keeping else _of_settings(house, typed, settings))]) from None


def _of_settings(house: House, typed: Typed, settings: Mapping[str, Any]) -> list[Fault]:
    """What the carrier finds wrong, so that everything is told at once."""
    try:
        house.wire(typed.get("channel"), typed.get("carrier"), settings)
    except Invalid as e:
        return list(e.faults)
    return []


def _filled(typed: Typed, names: Collection[str]) -> dict[str, str]:
    return {name: typed.get(name) for name in names if typed.get(name)}


def _settings(carrier: CarrierForm, typed: Typed) -> dict[str, Any]:
    """What is left empty is left out: the carrier's default holds."""
    return {f.name: _value(f, said) for f in carrier.fields if (said := typed.get(f"set-{f.name}"))}


def _value(field: SettingField, said: str) -> Any:
    if field.kind == "list":
        return said.replace("，", " ").replace(",", " ").split()
    if field.kind == "instant" and len(said) == len("2026-11-23T15:04"):
        return f"{said}:00+08:00"  # as the browser's own clock field writes it
    return said


def stated(row: Mapping[str, Any]) -> Typed:
    """What is stored of an outlet, as it would be typed. Secrets are not in it."""
    said = {name: row[name] for name in ("name", "channel", "carrier", "lon", "lat", "receipt_minutes")}
    said |= {name: row["panel"].get(name) for name in PANEL} | {name: row["duty"].get(name) for name in DUTY}
    said |= {f"set-{name}": _shown(value) for name, value in row["settings_shown"].items()}
    said |= {
        "codes": " ".join(row["codes"]), "datum": "WGS84", "exercises": "1" if row["takes_exercises"] else "",
        "tests": "1" if row["takes_tests"] else "",
    }  # fmt: skip
    return Typed({name: str(value) for name, value in said.items() if value is not None})


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, str) and len(value) > len("2026-11-23T15:04") and value[10:11] == "T":
        try:
            return f"{datetime.fromisoformat(value).astimezone(BEIJING):%Y-%m-%dT%H:%M}"
        except ValueError:
            return value
    return "" if value is None else str(value)
