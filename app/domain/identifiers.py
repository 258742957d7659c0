"""The identifiers that Chinese police records carry: formats, check digits, masks.

Sources: GB 11643-1999 (resident identity number), GA 380-2002 (public security organ code, 12 characters),
GB/T 2260 (county codes), case numbers of 23 characters as police systems issue them.
"""

import re
from datetime import date

CASE_NUMBER = re.compile(r"[A-Z][0-9A-Z]{12}[0-9]{10}")
ORGAN_CODE = re.compile(r"[0-9]{6}[0-9A-Z]{6}")
RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]")

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def resident_id_check(number: str) -> str:
    """The check character that the first 17 digits of a resident identity number call for (GB 11643-1999)."""
    return _CHECKS[sum(w * int(d) for w, d in zip(_WEIGHTS, number, strict=False)) % 11]


def resident_id_valid(number: str) -> bool:
    """True when the number has the right form, a real birth date and the right check character."""
    return (
        RESIDENT_ID.fullmatch(number) is not None
        and resident_id_birth(number) is not None
        and number[17] == resident_id_check(number)
    )


def resident_id_birth(number: str) -> date | None:
    """The birth date inside a resident identity number, or ``None`` when there is no such day."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def resident_id_sex(number: str) -> str:
    """``male`` when the sequence is odd, else ``female``."""
    return "male" if int(number[16]) % 2 else "female"


_COMPOUND = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "司徒",
        "司空",
        "夏侯",
        "端木",
        "南宫",
        "独孤",
        "长孙",
        "宇文",
        "轩辕",
        "拓跋",
        "呼延",
        "完颜",
        "闻人",
        "万俟",
        "赫连",
        "澹台",
        "钟离",
        "鲜于",
        "申屠",
        "太叔",
        "仲孙",
        "公冶",
        "宗政",
        "濮阳",
        "淳于",
        "单于",
        "闾丘",
        "西门",
        "东郭",
        "百里",
        "第五",
        "拓拔",
        "纳兰",
        "耶律",
    ]
)


def masked_name(name: str) -> str:
    """What may be shown of a name once the search has ended: the family name and 某, 李小明 → 李某某."""
    name = name.strip()
    if not name:
        return "某某"
    family = name[:2] if len(name) > 2 and name[:2] in _COMPOUND else name[0]
    given = name[len(family) :]
    return family + "某" * (1 if len(given) <= 1 else 2)


def age_on(born: date, day: date) -> int:
    """Whole years lived on ``day`` (the birthday counts as lived)."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
