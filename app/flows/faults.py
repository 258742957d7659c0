"""Pydantic's complaints as ``Fault``: in Chinese and English, with the field and the remedy."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from app.domain.errors import Fault

_SAYS: Mapping[str, tuple[str, str, str]] = {  # what is wrong, and the remedy in Chinese and English
    "missing": ("缺少此项", "补填此项。", "Add it."),
    "extra_forbidden": ("没有此项", "删去此项，或核对拼写。", "Remove it, or check its spelling."),
    "string_type": ("应为文字", "用双引号括起的文字填写。", "Send a string."),
    "string_too_short": ("内容过短，至少 {min_length} 字", "补足内容。", "Say more."),
    "string_too_long": ("内容过长，最多 {max_length} 字", "缩短内容。", "Shorten it."),
    "string_pattern_mismatch": ("格式不对", "按文档给出的格式填写。", "Use the form that the document gives."),
    "int_type": ("应为整数", "填写整数，不加引号。", "Send an integer without quotes."),
    "int_parsing": ("应为整数", "填写整数。", "Send an integer."),
    "int_from_float": ("应为整数", "填写整数，不带小数。", "Send an integer."),
    "float_type": ("应为数字", "填写数字，不加引号。", "Send a number without quotes."),
    "float_parsing": ("应为数字", "填写数字。", "Send a number."),
    "finite_number": ("应为有限的数字", "填写有限的数字。", "Send a finite number."),
    "bool_type": ("应为 true 或 false", "填写 true 或 false。", "Send true or false."),
    "bool_parsing": ("应为 true 或 false", "填写 true 或 false。", "Send true or false."),
    "greater_than_equal": ("过小，不得小于 {ge}", "核对后填写。", "Check it."),
    "less_than_equal": ("过大，不得大于 {le}", "核对后填写。", "Check it."),
    "greater_than": ("须大于 {gt}", "核对后填写。", "Check it."),
    "less_than": ("须小于 {lt}", "核对后填写。", "Check it."),
    "literal_error": ("不是允许的值，应为 {expected}", "从允许的值中选填。", "Choose one of the allowed values."),
    "enum": ("不是允许的值，应为 {expected}", "从允许的值中选填。", "Choose one of the allowed values."),
    "timezone_aware": (
        "时间缺少时区",
        "写明时区，如 2026-11-23T15:04:05+08:00。",
        "Add the offset, as in 2026-11-23T15:04:05+08:00.",
    ),
    "datetime_type": ("应为时间", "如 2026-11-23T15:04:05+08:00。", "Such as 2026-11-23T15:04:05+08:00."),
    "datetime_parsing": ("时间格式不对", "如 2026-11-23T15:04:05+08:00。", "Such as 2026-11-23T15:04:05+08:00."),
    "datetime_from_date_parsing": (
        "时间格式不对",
        "如 2026-11-23T15:04:05+08:00。",
        "Such as 2026-11-23T15:04:05+08:00.",
    ),
    "date_type": ("应为日期", "如 2020-05-01。", "Such as 2020-05-01."),
    "date_parsing": ("日期格式不对", "如 2020-05-01。", "Such as 2020-05-01."),
    "date_from_datetime_parsing": ("日期格式不对", "如 2020-05-01。", "Such as 2020-05-01."),
    "model_type": ("应为对象", "用 { } 填写各项。", "Send an object."),
    "model_attributes_type": ("应为对象", "用 { } 填写各项。", "Send an object."),
    "dict_type": ("应为对象", "用 { } 填写各项。", "Send an object."),
    "list_type": ("应为列表", "用 [ ] 填写各项。", "Send an array."),
    "tuple_type": ("应为列表", "用 [ ] 填写各项。", "Send an array."),
    "too_long": ("项数过多，最多 {max_length} 项", "分次提交。", "Send them in parts."),
    "too_short": ("至少 {min_length} 项", "补足各项。", "Add what is missing."),
    "url_parsing": ("网址格式不对", "填写完整网址，如 https://example.cn/path。", "Give a whole URL."),
    "url_scheme": ("网址须以 {expected_schemes} 开头", "更正网址。", "Correct the URL."),
    "json_invalid": ("不是合法的 JSON", "检查引号、逗号与括号。", "Check quotes, commas and brackets."),
}


_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def faults_of(errors: Sequence[ErrorDetails], base: str = "") -> list[Fault]:
    """One Fault per complaint; a ValueError raised by our own validators brings its own sentence (``zh|en|remedy``)."""
    return [_fault(e, base) for e in errors]


def _fault(e: ErrorDetails, base: str) -> Fault:
    where = base + "".join(f"/{_token(part)}" for part in e["loc"])
    code, context = e["type"], e.get("ctx", {})
    if code == "value_error" and (own := own_words(context.get("error"))) is not None:
        return Fault(where, *own)
    if code == "value_error" and _CHINESE.search(said := str(context.get("error"))):
        return Fault(where, code, f"{said}。", e["msg"])  # a carrier's validator speaks for itself
    if code in ("too_short", "too_long") and context.get("field_type") == "Value":
        code = f"string_{code}"  # so it is called of a secret, whose items nobody counts
    zh, remedy, remedy_en = _SAYS.get(code, ("填写有误", "按文档核对后填写。", "Compare with the document."))
    return Fault(where, code, f"{zh.format_map(_Known(_in_chinese(context)))}。", e["msg"], remedy, remedy_en)


def _in_chinese(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Pydantic joins the allowed values in English."""
    expected = str(context.get("expected", "")).replace(" or ", "、").replace(", ", "、")
    return {**context, "expected": expected} if expected else context


def own_words(error: Any) -> tuple[str, str, str, str, str] | None:
    """Code, Chinese, English, remedy in both, of a complaint raised by a validator of ours."""
    return error.words if isinstance(error, Complaint) else None


class Complaint(ValueError):
    """A validator's own complaint."""

    def __init__(self, code: str, zh: str, en: str, remedy_zh: str = "", remedy_en: str = "") -> None:
        super().__init__(en)
        self.words = (code, zh, en, remedy_zh, remedy_en)


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def _token(part: int | str) -> str:
    return str(part)[:80].replace("~", "~0").replace("/", "~1")
