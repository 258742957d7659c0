"""Television: a crawl under the running programme, and the photo."""

from typing import ClassVar

from channels.contract import Kind, Notice, Piece, Profile, Rendition
from channels.fitting import fit
from channels.pictures import pictures
from channels.pieces import television
from channels.wording import (
    Facts,
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

# What the broadcast systems of the field take in one caption.
CRAWL = 500


class Tv:
    """Texts: ``title``, the caption head; ``crawl``, at most 500 characters."""

    name: ClassVar[str] = "tv"
    title: ClassVar[str] = "电视"

    def render(self, notice: Notice, profile: Profile) -> Rendition:
        """Word the notice as a caption."""
        start = opening(notice)
        say = correction if notice.kind is Kind.RETRACT else _searched
        crawl = fit(lambda facts: start + say(facts), facts_of(notice), CRAWL)
        texts = {"title": title(notice), "crawl": crawl}
        return Rendition(notice, self.name, texts, pictures(notice), profile.duty)

    def pieces(self, notice: Notice, profile: Profile) -> tuple[Piece, ...]:
        """A slate and a lower third at the size of the picture, 1920 × 1080 where none is stated."""
        return television(profile.panel)


def _searched(facts: Facts) -> str:
    return sentences(
        who(facts),
        f"{facts.when}在{facts.place}失踪",
        labelled("失踪时衣着", facts.clothing),
        labelled("体貌特征", facts.features),
        labelled("失踪经过", facts.circumstances),
        labelled("相关人员", facts.suspect),
        labelled("相关车辆", facts.vehicle),
        keep_away(facts),
        call(facts),
        facts.line,
    )
