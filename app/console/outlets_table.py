"""The outlets of one alert, trouble first, filtered by plain links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.console.labels import CHANNELS, ORDER, STAGES, UP, Stage
from app.console.shown import Shown
from app.db import progress
from app.db.engine import Session
from app.db.progress import Row, Sheet
from app.domain.reasons import REASONS

PAGE = 50
LONGEST_FIND = 40

_UNPROVEN = ("accepted", "down_accepted")
_MAY_PHONE = ("down_contradicted", "down_failed", "down_overdue", "down_waiting", "down_accepted")


@dataclass(frozen=True, slots=True)
class Filter:
    """A link that narrows the table."""

    word: str
    number: int
    href: str
    on: bool
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One outlet. ``row`` is from ``progress.sheet``. ``waiting``: for evidence; ``silent``: it will never send any.
    ``may_phone``: an operator may note that it is down; ``phoned``: one has."""

    row: Mapping[str, Any]
    stage: Stage
    channel: str
    reason: str
    wrong: bool
    may_ask: bool
    may_phone: bool
    phoned: bool
    waiting: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class Table:
    """``up``: after the end, how many may still show it; ``unprovable``: those that took the retraction and have no way to
    say that they obeyed. ``failed``: how many can be sent again."""

    lines: Sequence[Line]
    stages: Sequence[Filter]
    channels: Sequence[Filter]
    total: int
    matching: int
    before: str | None
    after: str | None
    up: int
    unprovable: int
    failed: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What the operator asked to see; an unknown word matches nothing."""

    stage: str = ""
    channel: str = ""
    find: str = ""
    page: int = 1

    def href(self, **changes: Any) -> str:
        asked = {"stage": self.stage, "channel": self.channel, "find": self.find, "page": 1} | changes
        return "?" + urlencode({k: v for k, v in asked.items() if v and (k, v) != ("page", 1)})


async def table(session: Session, alert: Shown, choice: Choice) -> Table:
    """The part of the outlets that was asked for."""
    first = (choice.page - 1) * PAGE
    sheet = await progress.sheet(
        session, alert.id, stage=choice.stage, channel=choice.channel, find=choice.find, order=_order(alert),
        offset=first, limit=PAGE,
    )  # fmt: skip
    return Table(
        lines=[_line(alert, row) for row in sheet.rows],
        stages=_stage_filters(sheet, choice),
        channels=_channel_filters(sheet, choice),
        total=sum(c["n"] for c in sheet.counted),
        matching=sheet.matching,
        before=choice.href(page=choice.page - 1) if choice.page > 1 else None,
        after=choice.href(page=choice.page + 1) if first + PAGE < sheet.matching else None,
        up=0 if alert.live else sum(c["n"] for c in sheet.counted if c["stage"] in UP and not _unprovable(c)),
        unprovable=0 if alert.live else sum(c["n"] for c in sheet.counted if _unprovable(c)),
        failed=sum(c["n"] for c in sheet.counted if c["may_ask"]),
    )


def _order(alert: Shown) -> Sequence[str]:
    """By stage; after the end what may still be up comes before all that is settled."""
    return sorted(STAGES, key=lambda stage: (not alert.live and stage not in UP, ORDER[stage]))


def _unprovable(counted: Row) -> bool:
    return counted["stage"] == "down_accepted" and not counted["provable"]


def _line(alert: Shown, row: Row) -> Line:
    stage = STAGES[row["stage"]]
    troubled = stage.tone in ("bad", "warn") or (row["tries"] > 0 and stage.sign == "…")
    wrong = row["contradicted"] or (troubled and (alert.live or row["stage"] in UP))
    silent = row["stage"] in _UNPROVEN and row["proves"] == "nothing"
    return Line(
        row=row,
        stage=stage,
        channel=CHANNELS.get(row["channel"], row["channel"]),
        reason=REASONS.get(row["reason"], row["reason"]) if row["reason"] and wrong else "",
        wrong=wrong,
        may_ask=(row["state"], row["number"]) == ("failed", alert.head) and row["stage"] != "down_phoned",
        may_phone=row["stage"] in _MAY_PHONE,
        phoned=row["stage"] == "down_phoned",
        waiting=row["stage"] in (*_UNPROVEN, "overdue", "down_overdue") and not silent,
        silent=silent,
    )


def _count(sheet: Sheet, key: str, other: str, chosen: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for c in sheet.counted:
        if chosen in ("", c[other]):
            found[c[key]] = found.get(c[key], 0) + c["n"]
    return found


def _stage_filters(sheet: Sheet, choice: Choice) -> Sequence[Filter]:
    counted = _count(sheet, "stage", "channel", choice.channel)
    every = Filter("全部", sum(counted.values()), choice.href(stage=""), choice.stage == "")
    return [every] + [
        Filter(stage.word, counted.get(name, 0), choice.href(stage=name), choice.stage == name, stage)
        for name, stage in STAGES.items()
        if name in counted or choice.stage == name
    ]


def _channel_filters(sheet: Sheet, choice: Choice) -> Sequence[Filter]:
    counted = _count(sheet, "channel", "stage", choice.stage)
    every = Filter("全部渠道", sum(counted.values()), choice.href(channel=""), choice.channel == "")
    names = [*CHANNELS, *sorted(set(counted) - set(CHANNELS))]
    return [every] + [
        Filter(CHANNELS.get(name, name), counted.get(name, 0), choice.href(channel=name), choice.channel == name)
        for name in names
        if name in counted or choice.channel == name
    ]
