"""Radio: a script that a newsreader can read at sight, with every figure in words."""

from dataclasses import replace
from typing import ClassVar

from channels import spoken
from channels.contract import Kind, Notice, Piece, Profile, Rendition
from channels.fitting import fit
from channels.pieces import announcement
from channels.wording import CAUTIONS, STOP, Facts, facts_of, keep_away, labelled, sentences, title

# Two and a half minutes at the pace of the news.
SCRIPT = 700


class Radio:
    """Texts: ``script``. The mark stands for the newsreader; the caution after it is read out, at the end once more."""

    name: ClassVar[str] = "radio"
    title: ClassVar[str] = "广播"

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        """Word the notice for the ear."""
        caution = CAUTIONS[notice.status]
        say = _ended if notice.kind is Kind.RETRACT else _searched

        def script(facts: Facts) -> str:
            return sentences(title(notice), caution) + say(facts) + sentences(caution and f"以上是{caution}")

        texts = {"script": fit(script, _spoken(notice), SCRIPT, fragments=False)}
        return Rendition(notice, self.name, texts, (), profile.duty)

    def pieces(self, notice: Notice, profile: Profile) -> tuple[Piece, ...]:
        """The script, spoken."""
        script = self.render(notice, profile).texts["script"]
        assert isinstance(script, str)
        return announcement(script)


def _spoken(notice: Notice) -> Facts:
    """The facts in words: free text by rule, the others by what they are."""
    facts = facts_of(notice)
    said = replace(facts.each(spoken.speak), alert=spoken.code(facts.alert), phone=spoken.telephone(facts.phone))
    if notice.person is None or notice.loss is None:
        return said
    tall = notice.person.height_cm
    return replace(
        said,
        age=spoken.age(notice.person.age),
        height=spoken.height(tall) if tall else "",
        when=spoken.moment(notice.loss.at),
    )


def _call(facts: Facts) -> str:
    emergency = spoken.by_digit("110")
    rest = f"，或者{facts.phone}" if facts.phone and facts.phone != emergency else ""
    return f"发现线索，请立即拨打{emergency}{rest}"


def _searched(facts: Facts) -> str:
    who = f"{facts.name}，{facts.sex}，{facts.age}"
    lost = f"{facts.when}在{facts.place}失踪"
    return sentences(
        f"各位听众，现在播送{facts.unit}发布的寻人信息" if facts.unit else "各位听众，现在播送公安机关发布的寻人信息",
        f"{who}，身高约{facts.height}" if facts.height else who,
        lost,
        labelled("失踪时的衣着是", facts.clothing),
        labelled("体貌特征是", facts.features),
        labelled("失踪经过", facts.circumstances),
        labelled("相关人员", facts.suspect),
        labelled("相关车辆", facts.vehicle),
        keep_away(facts),
        _call(facts),
        facts.line,
        f"重复一遍。{who}，{lost}",
        _call(facts),
    )


def _ended(facts: Facts) -> str:
    return sentences(
        f"各位听众，此前播送的寻人信息，编号{facts.alert}，寻找{facts.masked}，寻人已经结束",
        STOP,
        "感谢各位听众的关注",
        facts.line,
        facts.unit,
    )
