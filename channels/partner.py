"""Partners: portals, map and ride services, other platforms. They get every public fact and word their own pages."""

from typing import ClassVar

from channels.contract import Kind, Notice, Panel, Piece, Profile, Rendition
from channels.fitting import fit
from channels.pictures import pictures
from channels.pieces import LANDSCAPE, PORTRAIT, poster
from channels.wording import (
    STOP,
    THANKS,
    Facts,
    beijing,
    call,
    correction,
    facts_of,
    keep_away,
    labelled,
    opening,
    sentences,
    title,
    who,
)

# CAP 1.2 advises at most 160 characters for a headline.
HEADLINE = 160


class Partner:
    """Texts: ``headline``, ``description``, ``instruction``, the three of CAP 1.2; the last two are never shortened."""

    name: ClassVar[str] = "partner"
    title: ClassVar[str] = "协作平台"

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        """Word the notice in full."""
        facts, start = facts_of(notice), opening(notice)
        if notice.kind is Kind.RETRACT:
            texts = {
                "headline": fit(lambda said: f"{title(notice)}：{said.masked}", facts, HEADLINE),
                "description": start + correction(facts),
                "instruction": start + sentences(f"{STOP}，{THANKS}"),
            }
        else:
            texts = {
                "headline": fit(lambda said: _headline(notice, said), facts, HEADLINE),
                "description": start + _description(notice, facts),
                "instruction": start + sentences(call(facts), keep_away(facts), "请只转发警方公布的内容"),
            }
        return Rendition(notice, self.name, texts, pictures(notice), profile.duty)

    def pieces(self, notice: Notice, profile: Profile) -> tuple[Piece, ...]:
        """A poster for a wide face and one for a phone; one alone where a panel is stated."""
        if profile.panel.width and profile.panel.height:
            return poster(profile.panel, PORTRAIT)
        return poster(Panel(*LANDSCAPE), LANDSCAPE) + poster(Panel(*PORTRAIT), PORTRAIT)


def _headline(notice: Notice, facts: Facts) -> str:
    return f"{title(notice)}：{facts.name}，{facts.sex}，{facts.age}，{facts.when}在{facts.place}失踪"


def _description(notice: Notice, facts: Facts) -> str:
    assert notice.loss is not None
    return sentences(
        who(facts),
        f"{beijing(notice.loss.at).year}年{facts.when}在{facts.place}失踪",
        labelled("失踪时衣着", facts.clothing),
        labelled("体貌特征", facts.features),
        labelled("失踪经过", facts.circumstances),
        labelled("相关人员", facts.suspect),
        labelled("相关车辆", facts.vehicle),
        f"发布单位：{facts.unit}",
        f"通告编号：{facts.alert}",
        facts.line,
    )
