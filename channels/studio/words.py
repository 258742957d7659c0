"""What a picture says, spelled in the characters of its face."""

from dataclasses import dataclass, replace

from channels.contract import Kind, Loss, Notice, Status
from channels.studio.faces import Face
from channels.studio.spelling import spell
from channels.wording import CAUTIONS, TITLES, Facts, beijing, facts_of, keep_away, moment, place

MARK = {Status.ACTUAL: "", Status.EXERCISE: "演练", Status.TEST: "测试"}
CALL = "发现线索请立即拨打"
SCAN = "扫码看详情"
OVER = "搜寻已结束，谢谢"
STOP = "请停止转发此前的寻人信息，感谢您的关注"


@dataclass(frozen=True, slots=True)
class Fact:
    """``rank``: where there is no room, the fact with the lowest is shortened first; 9 is never left out."""

    label: str
    value: str
    rank: int


@dataclass(frozen=True, slots=True)
class Words:
    """``who`` is sex, age and height, each for itself. ``mark``: 演练, 测试 or nothing; ``update``: when, or nothing;
    ``seen``: when and where in few words, then in fewer."""

    title: str
    mark: str
    caution: str
    update: str
    name: str
    who: tuple[str, ...]
    facts: tuple[Fact, ...]
    seen: tuple[str, ...]
    phone: str
    unit: str
    alert: str
    line: str


def words(notice: Notice, face: Face) -> Words:
    """Everything that the notice may tell. On a retraction ``name`` is the masked one and there are no facts."""
    said = facts_of(notice).each(lambda text: spell(text, face))
    updated = notice.kind is Kind.UPDATE
    return Words(
        title=TITLES[Kind.RETRACT if notice.kind is Kind.RETRACT else Kind.PUBLISH],
        mark=MARK[notice.status],
        caution=CAUTIONS[notice.status],
        update=spell(moment(notice.issued_at), face) if updated else "",
        name=said.name or said.masked,
        who=tuple(filter(None, (said.sex, said.age, said.height and spell(f"约{said.height}", face)))),
        facts=tuple(fact for fact in _facts(said) if fact.value),
        seen=tuple(spell(text, face) for text in _seen(notice.loss)) if notice.loss else (),
        phone="" if said.phone == "110" else said.phone,
        unit=said.unit,
        alert=said.alert,
        line=said.line,
    )


def _seen(loss: Loss) -> tuple[str, ...]:
    local = beijing(loss.at)
    spot = place(replace(loss, area_name="")) or place(loss, province=False)
    hour = f"{local.hour}:{local.minute:02}"
    return f"{local.month}月{local.day}日{hour} {spot}", f"{hour} {spot}", spot


def _facts(said: Facts) -> tuple[Fact, ...]:
    return (
        Fact("时间", said.when, 9),
        Fact("地点", said.place, 9),
        Fact("衣着", said.clothing, 6),
        Fact("特征", said.features, 3),
        Fact("车辆", said.vehicle, 7),
        Fact("人员", said.suspect, 4),
        Fact("注意", keep_away(said), 5),
        Fact("经过", said.circumstances, 1),
    )
