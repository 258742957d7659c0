"""Bounded text fields that cannot carry what a screen, a script or a database must not be given."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from app.flows.faults import Complaint

# Letters and marks by their category, but nothing is seen of them: fillers, the blank Braille cell, the joiner.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _newer_ideograph(ch: str) -> bool:
    """Planes 2 and 3 hold nothing but ideographs, and names use those that Python's tables do not know yet."""
    return 0x20000 <= ord(ch) <= 0x3FFFD and ord(ch) & 0xFFFE != 0xFFFE


def _unfit(ch: str) -> bool:
    category = unicodedata.category(ch)
    return ch != "\n" and (category in _UNSEEN or ch in _BLANK or (category == "Cn" and not _newer_ideograph(ch)))


def legible(value: str) -> str:
    """No control characters (line feeds aside), no bidirectional overrides, nothing invisible, nothing without a
    glyph. Line ends become ``\\n``."""
    value = value.replace("\r\n", "\n")
    for ch in value:
        if ch == "\ufffd":
            raise Complaint(
                "lost_character", "含有“\ufffd”：有文字在转码时丢失。", "Holds U+FFFD: a character was lost in transcoding.",
                "用 UTF-8 编码重新填写此项。", "Send it again in UTF-8.",
            )  # fmt: skip
        if _unfit(ch):
            raise Complaint(
                "illegible_character", f"含有不可见、控制或自造字符 U+{ord(ch):04X}。",
                f"Holds the control, invisible or private character U+{ord(ch):04X}.",
                "删去该字符（可先粘贴到纯文本编辑器再复制）；自造字请改用同音字。", "Remove or replace it.",
            )  # fmt: skip
    return value


def _one_line(value: str) -> str:
    if "\n" in value:
        raise Complaint("line_break", "此项不能换行。", "No line breaks here.", "删去换行。", "Remove line breaks.")
    return value


def _named(value: str) -> str:
    if not any(unicodedata.category(ch).startswith("L") or _newer_ideograph(ch) for ch in value):
        raise Complaint("no_letter", "姓名中没有文字。", "The name holds no letter.", "填写姓名。", "Give the name.")
    return value


LEGIBLE = AfterValidator(legible)
ONE_LINE = AfterValidator(_one_line)

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
