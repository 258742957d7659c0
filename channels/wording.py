"""The standing words of every channel: status marks, titles, the correction, and how a fact is put.

The base is Shaanxi's 实施细则 of 2021-07-26, article 4 (紧急寻人信息). It is not one of the warnings that
突发事件应对法 §64 reserves its word for, so that word is never used. Nor is "这不是演练": a drill script that said so
went on air as the real thing (Hawaii, 2018); what is real simply carries no mark.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone

from channels.contract import Kind, Loss, Notice, Person, Status

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")

MARKS = {Status.ACTUAL: "", Status.EXERCISE: "【演练】", Status.TEST: "【测试】"}
CAUTIONS = {Status.ACTUAL: "", Status.EXERCISE: "演练信息，请勿转发", Status.TEST: "测试信息，请勿转发"}
TITLES = {Kind.PUBLISH: "紧急寻人", Kind.UPDATE: "更新寻人信息", Kind.RETRACT: "寻人结束"}
SEXES = {"male": "男", "female": "女"}

STOP = "请停止转发此前的寻人信息"
THANKS = "感谢您的关注"
KEEP_AWAY = "发现相关人员或车辆，请勿自行拦截"

EDGES = " ，、；：。！？…,;:.!?"
_REPEATED = re.compile(r"([ ，、；：。！？])\1+")
_LEVEL = re.compile(r".+?(?:自治州|[省市区县旗盟])(?![市区县旗])|.+")  # 沙市区, 红旗区 and 利州区 are one level each


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notice says, each fact as clean words on one line; what is unknown or may not be said is empty."""

    alert: str
    unit: str
    phone: str
    masked: str
    line: str
    name: str = ""
    sex: str = ""
    age: str = ""
    height: str = ""
    features: str = ""
    clothing: str = ""
    when: str = ""
    place: str = ""
    circumstances: str = ""
    suspect: str = ""
    vehicle: str = ""

    def each(self, change: Callable[[str], str]) -> "Facts":
        """The same facts, every one of them changed."""
        return Facts(*(change(getattr(self, field.name)) for field in fields(self)))


def clean(text: str, joint: str = "，") -> str:
    """One line of what was written on many, without what a screen cannot show.

    A line end becomes ``joint``, unless punctuation stands before it. 【】 are kept for the status marks alone.
    Characters of the private use area stay: older police systems write rare names with them.
    """
    joined = ""
    for line in text.splitlines():
        part = _based("".join(map(_visible, line)).strip())
        if part:
            joined += (joint if joined and joined[-1] not in EDGES else "") + part
    return _based(_REPEATED.sub(r"\1", joined).strip(EDGES)).strip(EDGES)


def _based(text: str) -> str:
    """Without combining marks that stand on nothing."""
    start = next((at for at, char in enumerate(text) if unicodedata.category(char) not in ("Mn", "Me")), len(text))
    return text[start:]


def _visible(char: str) -> str:
    match unicodedata.category(char):
        case "Cc" | "Zs" | "Zl" | "Zp":
            return " "
        case "Cf":  # bidi overrides, zero-width spaces: they can turn a number round
            return ""
        case "Cs":  # half a character: it cannot be sent as UTF-8
            return "□"
        case _:
            return {"【": "（", "】": "）"}.get(char, char)


def beijing(at: datetime) -> datetime:
    """The wall clock that everybody who reads a notice lives by."""
    if at.tzinfo is None:
        raise ValueError("a time without an offset is nobody's time")
    return at.astimezone(BEIJING)


def facts_of(notice: Notice) -> Facts:
    """The facts that this notice may tell. On a retraction: the masked name, the number, the unit and the line."""
    unit, masked = clean(notice.unit) or "公安机关", clean(notice.masked_name, " ") or "未成年人"
    common = (clean(notice.alert), unit, clean(notice.phone), masked, clean(notice.line))
    if notice.person is None or notice.loss is None:
        return Facts(*common)
    person, loss = notice.person, notice.loss
    return Facts(
        *common,
        name=clean(person.name, " "),
        sex=SEXES[person.sex],
        age=age(person),
        height=f"{person.height_cm}厘米" if person.height_cm else "",
        features=clean(person.features),
        clothing=clean(person.clothing),
        when=moment(loss.at),
        place=place(loss),
        circumstances=clean(loss.circumstances),
        suspect=clean(notice.suspect),
        vehicle=clean(notice.vehicle),
    )


def age(person: Person) -> str:
    """6岁; an infant is 不满1岁, never 0岁."""
    return f"{person.age}岁" if person.age > 0 else "不满1岁"


def moment(at: datetime) -> str:
    """11月23日14时20分; on the hour 11月23日14时."""
    local = beijing(at)
    return f"{local.month}月{local.day}日{local.hour}时" + (f"{local.minute}分" if local.minute else "")


def levels(area_name: str) -> list[str]:
    """陕西省西安市雁塔区 → 陕西省, 西安市, 雁塔区."""
    return _LEVEL.findall(area_name)


def place(loss: Loss, *, province: bool = True) -> str:
    """The place as written, after those levels of the area that it does not name itself."""
    spot = clean(loss.place)
    area = levels(clean(loss.area_name))
    named = next((depth for depth, level in enumerate(area) if spot.startswith(level)), len(area))
    before = [level for level in area[:named] if province or not level.endswith(("省", "自治区"))]
    return "".join(before) + spot


def mark(notice: Notice) -> str:
    """【演练】, 【测试】, or nothing: what is real is not marked."""
    return MARKS[notice.status]


def title(notice: Notice) -> str:
    """【演练】紧急寻人. Every text of every channel begins with these words."""
    return mark(notice) + TITLES[notice.kind]


def opening(notice: Notice) -> str:
    """The title and, unless the notice is real, the caution; a sentence follows."""
    caution = CAUTIONS[notice.status]
    return title(notice) + (f"（{caution}）" if caution else "") + "："


def who(facts: Facts) -> str:
    """李小明，男，6岁，身高约118厘米."""
    return "，".join(filter(None, (facts.name, facts.sex, facts.age, facts.height and f"身高约{facts.height}")))


def numbers(facts: Facts) -> str:
    """110, and the duty phone where there is one."""
    return f"110或{facts.phone}" if facts.phone and facts.phone != "110" else "110"


def call(facts: Facts) -> str:
    """What to do with a sighting."""
    return (
        f"发现线索请立即拨打{numbers(facts)}（{facts.unit}）" if facts.unit else f"发现线索请立即拨打{numbers(facts)}"
    )


def keep_away(facts: Facts) -> str:
    """Said only where a reader might try to stop somebody."""
    return KEEP_AWAY if facts.suspect or facts.vehicle else ""


def labelled(label: str, fact: str) -> str:
    """``label：fact``, or nothing when the fact is unknown."""
    return f"{label}：{fact}" if fact else ""


def sentences(*parts: str) -> str:
    """The parts that say something, each closed by 。"""
    return "".join(f"{part}。" for part in parts if part)


def correction(facts: Facts) -> str:
    """The whole of what may be said after the end: 未成年人保护法 §103 excepts only the search itself."""
    return sentences(f"{facts.masked}的寻人已经结束（通告编号{facts.alert}），{STOP}，{THANKS}", facts.line, facts.unit)
