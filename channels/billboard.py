"""Electronic billboards: one short text for faces that take a message, and lines for those that take a page."""

from dataclasses import replace
from typing import ClassVar

from channels.contract import Kind, Notice, Piece, Profile, Rendition, Text
from channels.fitting import fit
from channels.lines import lines
from channels.pictures import pictures
from channels.pieces import PORTRAIT, poster
from channels.wording import CAUTIONS, Facts, beijing, facts_of, opening, place, sentences, title

TEXT = 60


class Billboard:
    """Texts: ``text``, at most 60 characters; ``lines``, fitted to the panel like a screen's."""

    name: ClassVar[str] = "billboard"
    title: ClassVar[str] = "电子广告牌"

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        """Word the notice for a board by the road."""
        text = _ended(notice) if notice.kind is Kind.RETRACT else _searched(notice)
        texts: dict[str, Text] = {"text": text, "lines": lines(notice, profile.panel)}
        return Rendition(notice, self.name, texts, pictures(notice), profile.duty)

    def pieces(self, notice: Notice, profile: Profile) -> tuple[Piece, ...]:
        """A poster at the size of the face, 1080 × 1920 where none is stated."""
        return poster(profile.panel, PORTRAIT)


def _searched(notice: Notice) -> str:
    assert notice.loss is not None
    lost = beijing(notice.loss.at)
    spot = place(replace(notice.loss, area_name="")) or place(notice.loss)
    when = f"{lost.month}月{lost.day}日{lost.hour}:{lost.minute:02}"
    facts = replace(facts_of(notice), when=when, place=spot)

    def build(facts: Facts) -> str:
        said = (
            facts.name,
            facts.sex,
            facts.age,
            f"{facts.when}在{facts.place}失踪",
            facts.clothing and f"衣着{facts.clothing}",
            facts.vehicle and f"车辆{facts.vehicle}",
            "线索请拨110",
        )
        return opening(notice) + "，".join(filter(None, said))

    return fit(build, facts, TEXT, order=("clothing", "vehicle", "age", "sex"), fragments=False)


def _ended(notice: Notice) -> str:
    drill = CAUTIONS[notice.status].split("，")[0]
    stop = "，".join(filter(None, (drill, "请停止转发", "谢谢")))

    def build(facts: Facts) -> str:
        ended = f"{title(notice)}：{facts.masked}（{facts.alert}）寻人已结束"
        return sentences(ended, stop, facts.line, facts.unit)

    return fit(build, facts_of(notice), TEXT, order=("line",), fragments=False)
