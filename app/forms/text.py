"""Bounded text fields that cannot carry what a screen, a script or a database must not be given."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from app.flows.faults import Complaint
from app.flows.legible import LEGIBLE, ONE_LINE, newer_ideograph


def _named(value: str) -> str:
    if not any(unicodedata.category(ch).startswith("L") or newer_ideograph(ch) for ch in value):
        raise Complaint("no_letter", "姓名中没有文字。", "The name holds no letter.", "填写姓名。", "Give the name.")
    return value


Name = Annotated[str, Field(min_length=1, max_length=40), LEGIBLE, ONE_LINE, AfterValidator(_named)]
Line = Annotated[str, Field(max_length=100), LEGIBLE, ONE_LINE]
Place = Annotated[str, Field(min_length=2, max_length=100), LEGIBLE, ONE_LINE]
Prose = Annotated[str, Field(max_length=500), LEGIBLE]

# Short numbers, a mobile, a landline with its area code and perhaps an extension, 400/800 numbers.
_PHONE = re.compile(
    r"1[12]\d|12\d{3}|9[56]\d{3,4}|(\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}"
    r"|(\(?0\d{2,3}\)?|\+?86[- ]?0?\d{2,3})[- ]?[2-9]\d{6,7}([- ]\d{1,6})?|[48]00[- ]?\d{3}[- ]?\d{4}",
    re.ASCII,
)


def _phone(value: str) -> str:
    if _PHONE.fullmatch(value) is None:
        raise Complaint(
            "phone", "电话格式不对。", "Not a telephone number.",
            "填写 110、手机号或带区号的座机，如 029-85250110。",
            "Give 110, a mobile number or a landline with its area code, such as 029-85250110.",
        )  # fmt: skip
    return value


Phone = Annotated[str, Field(max_length=24, examples=["029-85250110"]), AfterValidator(_phone)]
