"""Figures as a newsreader says them: no digit of any script is left for the eye to decode on air."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime

from channels.wording import beijing

_PLAIN = "零一二三四五六七八九"
_RADIO = "零幺二三四五六七八九"  # 一 and 七 sound alike on a bad line
_UNITS = {"cm": "厘米", "mm": "毫米", "kg": "公斤", "km": "公里", "m": "米", "g": "克", "℃": "摄氏度", "°": "度"}

# After these a figure is a quantity, not a telephone number: 110厘米, 120斤, 10000元.
_THINGS = "厘米|公分|公里|公斤|小时|分钟|个|名|位|人|只|条|件|双|颗|处|道|块|根|辆|次|天|周|岁|米|斤"
_COUNTED = _THINGS + "|毫米|千米|千克|克|元|度|秒|年|月|日"
_IN_PAIRS = _THINGS + "|点|年(?!级)"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


def by_digit(figures: str) -> str:
    """110 → 幺幺零. What is not a digit stays."""
    return "".join(_RADIO[int(char)] if char in "0123456789" else char for char in figures)


def by_year(figures: str) -> str:
    """2011 → 二零一一: a year is read digit by digit, with 一."""
    return "".join(_PLAIN[int(char)] for char in figures)


def cardinal(number: int) -> str:
    """118 → 一百一十八, 10500 → 一万零五百. For 0 ≤ number < 10⁸."""
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        zero = "零" if 0 < low < 1_000 else ""
        return f"{cardinal(high)}万{zero}{_under_ten_thousand(low)}"
    said = _under_ten_thousand(number) or "零"
    return said.removeprefix("一") if 10 <= number < 20 else said


def _under_ten_thousand(number: int) -> str:
    said, gap = "", False
    for power, name in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            said += ("零" if gap else "") + _PLAIN[digit] + name
        gap = bool(said) and not digit
    return said


def quantity(number: int) -> str:
    """Before a measure word 2 is 两."""
    return "两" if number == 2 else cardinal(number)


def height(centimetres: int) -> str:
    """118 → 一米一八, 120 → 一米二, 105 → 一米零五, 95 → 九十五厘米."""
    if centimetres < 100:
        return f"{quantity(centimetres)}厘米"
    metres, rest = divmod(centimetres, 100)
    tail = _PLAIN[rest // 10] + (_PLAIN[rest % 10] if rest % 10 else "") if rest else ""
    return f"{quantity(metres)}米{tail}"


def age(years: int) -> str:
    """6 → 六岁, 2 → 两岁, 0 → 不满一岁."""
    return f"{quantity(years)}岁" if years > 0 else "不满一岁"


def clock(hour: int, minute: int) -> str:
    """16:40 → 十六点四十分, 14:00 → 十四点整, 9:05 → 九点零五分."""
    if not minute:
        return f"{quantity(hour)}点整"
    return f"{quantity(hour)}点{'零' if minute < 10 else ''}{cardinal(minute)}分"


def moment(at: datetime) -> str:
    """十一月二十三日十四点二十分; before noon with the part of the day: a listener takes 八点 for the evening."""
    local = beijing(at)
    part = "凌晨" if local.hour < 6 else "上午" if local.hour < 12 else ""
    return f"{cardinal(local.month)}月{cardinal(local.day)}日{part}{clock(local.hour, local.minute)}"


def telephone(number: str) -> str:
    """029-85250110 → 零二九，八五二五零幺幺零."""
    return by_digit(re.sub(r"(?<=\d)[-\s]+(?=\d)", "，", fold(number)))


def code(reference: str) -> str:
    """HJ-2026-000123 → HJ，二零二六，零零零幺二三."""
    return by_digit(fold(reference).replace("-", "，"))


def fold(text: str) -> str:
    """Figures of every script as 0–9, and the marks between two figures as : . - as well."""
    folded = "".join(_folded(char) for char in text)
    folded = re.sub(r"(?<=\d)：(?=\d)", ":", folded)
    folded = re.sub(r"(?<=\d)．(?=\d)", ".", folded)
    return re.sub(r"(?<=\d)[－–—~～〜](?=\d)", "-", folded)


def _folded(char: str) -> str:
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    return chr(ord(char) - 0xFEE0) if "Ａ" <= char <= "Ｚ" or "ａ" <= char <= "ｚ" else char


# ── Free text ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _date(found: re.Match[str]) -> str:
    return f"{by_year(found[1])}年{cardinal(int(found[2]))}月{cardinal(int(found[3]))}日"


def _clock(found: re.Match[str]) -> str:
    return clock(int(found[1]), int(found[2]))


def _plate(found: re.Match[str]) -> str:
    return found[1] + by_digit(found[2])


def _phone(found: re.Match[str]) -> str:
    return "，".join(by_digit(part) for part in found.groups() if part)


def _decimal(figures: str) -> str:
    whole, _, rest = figures.partition(".")
    return cardinal(int(whole)) + ("点" + by_year(rest) if rest else "")


def _range(found: re.Match[str]) -> str:
    unit = _UNITS.get(found[3].lower(), found[3])
    low = "两" if found[1] == "2" and re.match(_IN_PAIRS, unit) else _decimal(found[1])
    return f"{low}到{_decimal(found[2])}{unit}"


def _span(found: re.Match[str]) -> str:
    low, high = int(found[1]), int(found[2])
    return f"{cardinal(low)}{'到' if low < high else '杠'}{cardinal(high)}"


def _metres(found: re.Match[str]) -> str:
    return height(int(found[1]) * 100 + int(found[2].ljust(2, "0")))


def _percent(found: re.Match[str]) -> str:
    return "百分之" + _decimal(found[1])


def _unit(found: re.Match[str]) -> str:
    return found[1] + _UNITS[found[2].lower()]


def _label(found: re.Match[str]) -> str:
    return by_digit(found[0]) if len(found[0]) > 1 else cardinal(int(found[0]))


def _number(found: re.Match[str]) -> str:
    figures = found[0]
    counted = re.match(_COUNTED, found.string[found.end() :])
    if len(figures) > 8 or (len(figures) > 4 and not counted) or (len(figures) > 1 and figures[0] == "0"):
        return by_digit(figures)
    return cardinal(int(figures))


_FIGURE = r"(\d{1,8}(?:\.\d+)?)"
_RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", _date),
    (r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d)?(?![\d:])分?", _clock),
    (r"(?<=[分整])-(?=[一二两三四五六七八九十零]{1,3}点)", lambda _: "到"),
    (r"(?<!\d)([01]?\d|2[0-4])[时点]([0-5]?\d)分", _clock),
    (r"(?<!\d)\d{4}(?=年)", lambda found: by_year(found[0])),
    (rf"([{_PROVINCES}][A-Za-z])[·\-\s]?([0-9A-Za-z]{{5,6}})(?![0-9A-Za-z])", _plate),
    (r"(?<![\d.])(0\d{2,3})[-\s](\d{7,8})(?:-(\d{1,6}))?(?!\d)", _phone),
    (r"(?<!\d)(1[3-9]\d)[-\s]?(\d{4})[-\s]?(\d{4})(?!\d)", _phone),
    (r"(?<!\d)([48]00)-?(\d{3,4})-?(\d{3,4})(?!\d)", _phone),
    (r"(?<=转)\d+", lambda found: by_digit(found[0])),
    (r"\d+(?:-\d+){2,}", lambda found: by_digit(found[0].replace("-", "杠"))),
    (r"(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)", lambda found: found[0].replace(",", "")),
    (rf"(?<![\d.-]){_FIGURE}-{_FIGURE}\s*(cm|mm|kg|km|m|{_COUNTED})", _range),
    (r"(?<![\d.-])([1-9]\d{0,2})-([1-9]\d{0,2})(?![\d.-])", _span),
    (r"(?<![\d.])([12]\d\d)\s*(?:cm|厘米|公分)", lambda found: height(int(found[1]))),
    (r"(?<![\d.])([12])(?:\.|米)(\d{1,2})\s*(?:米|m(?![A-Za-z]))", _metres),
    (r"(?<![\d.])([12])米(\d{1,2})(?!\d|\.)", _metres),
    (rf"{_FIGURE}\s*[%％]", _percent),
    (r"(?<![0-9A-Za-z-])-(?=\d{1,2}(?:\.\d+)?\s*(?:℃|°|度|摄氏度))", lambda _: "零下"),
    (r"(?<![0-9A-Za-z-])-(?=\d{1,2}(?:层|楼))", lambda _: "负"),
    (r"(?<=\d)[#＃](?=[楼门栋座幢]|$)", lambda _: "号"),
    (r"(\d)\s*(cm|mm|kg|km|m|g|℃|°)(?![A-Za-z])", _unit),
    (r"(?<![\d.])\d{1,8}\.\d+(?![\d.])", lambda found: _decimal(found[0])),
    (r"(?<=[A-Za-z])\d+|\d+(?=[A-Za-z])", _label),
    (r"(?<!\d)\d{3,}(?=路|室|房|国道|省道|高速)|(?<!\d)\d{4,}(?=号)", lambda found: by_digit(found[0])),
    (rf"(?<!\d)(?:110|119|120|122)(?!\d)(?!{_COUNTED})", lambda found: by_digit(found[0])),
    (rf"(?<![\d.第])2(?={_IN_PAIRS})", lambda _: "两"),
    (r"\d+", _number),
)
_SPEAK = tuple((re.compile(pattern, re.IGNORECASE), say) for pattern, say in _RULES)


def speak(text: str) -> str:
    """Free text with every figure in words."""
    said = fold(text)
    for pattern, say in _SPEAK:
        said = pattern.sub(say, said)
    return said
