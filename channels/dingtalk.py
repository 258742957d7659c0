"""DingTalk groups: a card of words with one button to our page.

The photo is only on the page, never in the chat: the page forgets it when the search ends, a chat keeps what it got.
"""

from typing import ClassVar

from channels.contract import Kind, Notice, Piece, Profile, Rendition
from channels.fitting import elide, fit
from channels.wording import (
    CAUTIONS,
    Facts,
    call,
    correction,
    facts_of,
    keep_away,
    labelled,
    sentences,
    title,
)

MARKDOWN = 1000
TITLE = 64

# A backslash does not escape in DingTalk's dialect; the full-width twin of a sign is only a sign.
_SIGNS = str.maketrans({sign: chr(ord(sign) + 0xFEE0) for sign in "*_`#[]<>!|~\\"})


class DingTalk:
    """Texts: ``title``, shown in the list of chats; ``markdown``; ``button``, which opens the notice's ``page_url``."""

    name: ClassVar[str] = "dingtalk"
    title: ClassVar[str] = "钉钉群"

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        """Word the notice for a chat."""
        facts = facts_of(notice)
        plain = facts.each(_plain)
        if notice.kind is Kind.RETRACT:
            heading, button = f"{title(notice)}：{facts.masked}", f"{title(notice)}，查看说明"
            markdown = fit(lambda said: _ended(notice, said), plain, MARKDOWN)
        else:
            heading, button = (
                f"{title(notice)}：{facts.name}（{facts.sex}，{facts.age}）",
                f"{title(notice)}：照片和最新情况",
            )
            markdown = fit(lambda said: _searched(notice, said), plain, MARKDOWN)
        texts = {"title": elide(heading, TITLE), "markdown": markdown, "button": button}
        return Rendition(notice, self.name, texts, (), profile.duty)

    def pieces(self, notice: Notice, profile: Profile) -> tuple[Piece, ...]:
        """None: a chat cannot be made to forget a picture, so that it stays on our page."""
        return ()


def _plain(fact: str) -> str:
    """The fact as words only: no emphasis, no picture, no link that a fact could smuggle into the chat."""
    return fact.translate(_SIGNS).replace("://", "：//")


def _searched(notice: Notice, facts: Facts) -> str:
    points = (
        labelled("身高", facts.height and f"约{facts.height}"),
        labelled("失踪时衣着", facts.clothing),
        labelled("体貌特征", facts.features),
        labelled("失踪时间", facts.when),
        labelled("失踪地点", facts.place),
        labelled("失踪经过", facts.circumstances),
        labelled("相关人员", facts.suspect),
        labelled("相关车辆", facts.vehicle),
    )
    return _paragraphs(
        f"{title(notice)}：**{facts.name}**，{facts.sex}，{facts.age}",
        CAUTIONS[notice.status],
        "\n".join(f"- {point}" for point in points if point),
        f"**{call(facts)}**",
        keep_away(facts),
        facts.line,
        f"通告编号：{facts.alert}",
    )


def _ended(notice: Notice, facts: Facts) -> str:
    caution = CAUTIONS[notice.status]
    return _paragraphs(f"{title(notice)}：{correction(facts)}{sentences(caution)}")


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))
