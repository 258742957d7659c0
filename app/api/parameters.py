"""What a GET may be asked in its address, and nothing else: a name that is misspelt would be answered as if it were not there."""

from difflib import get_close_matches
from typing import Annotated, Any, Self

from fastapi import Query
from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from app.flows.faults import Complaint

ALIKE = 0.6
"""How like a name must be to be offered in place of another: ``difflib``'s ratio."""
MOST = 20
"""Faults told at once: an address may hold thousands of names, and each is compared with those there are."""


class Parameters(BaseModel):
    """The parameters that an address takes; whatever else is given is a fault of its own beside those of the others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _no_others(cls, given: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return read(given)
        except ValidationError as e:
            names = list(cls.model_fields)
            faults = [_told(fault, names) for fault in e.errors(include_url=False)[:MOST]]
            raise ValidationError.from_exception_data(cls.__name__, faults) from None


class Nothing(Parameters):
    """Of an address that takes none."""


Bare = Annotated[Nothing, Query()]


def _told(fault: Any, names: list[str]) -> InitErrorDetails:
    said = InitErrorDetails(type=fault["type"], loc=fault["loc"], input=fault["input"], ctx=fault.get("ctx", {}))
    if fault["type"] == "extra_forbidden":
        said["type"], said["ctx"] = "value_error", {"error": unknown(str(fault["loc"][-1]), names)}
    return said


def unknown(name: str, names: list[str]) -> Complaint:
    """What is said of a name that is none of ``names``: the nearest first, then all there are."""
    shown = name[:80]
    near = get_close_matches(shown.lower(), names, 1, ALIKE)
    zh = f"是否应为 {near[0]}？" if near else ""
    en = f"Did you mean {near[0]}? " if near else ""
    if names:
        zh, en = f"{zh}可用的参数：{'、'.join(names)}。", f"{en}There are: {', '.join(names)}."
    else:
        zh, en = "此地址没有参数，请删去。", "This address takes no parameters: remove it."
    return Complaint("unknown_parameter", f"没有 {shown} 这个参数。", f"There is no parameter {shown}.", zh, en)
