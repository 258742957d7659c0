"""Bounded text fields that cannot carry what a screen, a script or a database must not be given."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from app.flows.faults import Complaint


def _legible(value: str) -> str:
    """No control characters (line feeds aside), no bidirectional overrides, no lone surrogates, nothing invisible."""
    for ch in value:
        category = unicodedata.category(ch)
        if (category in ("Cc", "Cs", "Co", "Cn") and ch != "\n") or category == "Cf":
            raise Complaint(
                "illegible_character",
                f"含有不可见或控制字符 U+{ord(ch):04X}。",
                f"Holds the control or invisible character U+{ord(ch):04X}.",
                "删去该字符（可先粘贴到纯文本编辑器再复制）。",
                "Remove it.",
            )
    return value


def _one_line(value: str) -> str:
    if "\n" in value:
        raise Complaint("line_break", "此项不能换行。", "No line breaks here.", "删去换行。", "Remove line breaks.")
    return value


_Legible = AfterValidator(_legible)
_Line = AfterValidator(_one_line)

Name = Annotated[str, Field(min_length=1, max_length=40), _Legible, _Line]
Line = Annotated[str, Field(max_length=100), _Legible, _Line]
Place = Annotated[str, Field(min_length=2, max_length=100), _Legible, _Line]
Prose = Annotated[str, Field(max_length=500), _Legible]


def _phone(value: str) -> str:
    digits = value.replace("-", "").replace(" ", "").removeprefix("+86")
    if value not in ("110", "12110") and not (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 14):
        raise Complaint(
            "phone",
            "电话格式不对。",
            "Not a telephone number.",
            "填写 110、手机号或带区号的座机，如 029-85250110。",
            "Give 110, a mobile number or a landline with its area code.",
        )
    return value


Phone = Annotated[str, Field(min_length=3, max_length=20), _Legible, _Line, AfterValidator(_phone)]
