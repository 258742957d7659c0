"""The outlets of one alert, trouble first, filtered by plain links."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.console.labels import CHANNELS, ORDER, REASONS, STAGES, Stage
from app.console.shown import Shown
from app.db.views import Row
from app.domain.words import DeliveryState

PAGE = 100

_UNPROVEN = ("accepted", "down_accepted")
# What may still be up after the end. A publish that failed was refused every time: else it would have its retraction.
_UP = frozenset(STAGES) - {"down", "corrected", "spared", "failed"}


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
    """One outlet. ``row`` is from ``views.progress``. ``waiting``: for evidence; ``silent``: it will never send any."""

    row: Mapping[str, Any]
    stage: Stage
    channel: str
    reason: str
    wrong: bool
    may_ask: bool
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
    page: int = 1

    def href(self, **changes: Any) -> str:
        asked = {"stage": self.stage, "channel": self.channel, "page": 1} | changes
        return "?" + urlencode({k: v for k, v in asked.items() if v and (k, v) != ("page", 1)})


def table(alert: Shown, rows: Sequence[Row], choice: Choice) -> Table:
    """The part of the outlets that was asked for."""
    matching = sorted((row for row in rows if _matches(row, choice)), key=lambda row: _place(alert, row))
    first = (choice.page - 1) * PAGE
    return Table(
        lines=[_line(alert, row) for row in matching[first : first + PAGE]],
        stages=_stage_filters(rows, choice),
        channels=_channel_filters(rows, choice),
        total=len(rows),
        matching=len(matching),
        before=choice.href(page=choice.page - 1) if choice.page > 1 else None,
        after=choice.href(page=choice.page + 1) if first + PAGE < len(matching) else None,
        up=sum(1 for row in rows if not alert.live and row["stage"] in _UP and not _unprovable(row)),
        unprovable=sum(1 for row in rows if not alert.live and _unprovable(row)),
        failed=sum(1 for row in rows if _may_ask(alert, row)),
    )


def _unprovable(row: Row) -> bool:
    return (row["stage"], row["proves"]) == ("down_accepted", "nothing")


def _line(alert: Shown, row: Row) -> Line:
    stage = STAGES[row["stage"]]
    troubled = stage.tone in ("bad", "warn") or (row["tries"] > 0 and stage.sign == "…")
    wrong = row["contradicted"] or (troubled and (alert.live or row["stage"] in _UP))
    reason = REASONS.get(row["reason"], row["reason"]) if row["reason"] and wrong else ""
    silent = row["stage"] in _UNPROVEN and row["proves"] == "nothing"
    waiting = row["stage"] in (*_UNPROVEN, "overdue", "down_overdue") and not silent
    return Line(
        row, stage, CHANNELS.get(row["channel"], row["channel"]), reason, wrong, _may_ask(alert, row), waiting, silent
    )


def _may_ask(alert: Shown, row: Row) -> bool:
    return (row["state"], row["number"]) == (DeliveryState.FAILED, alert.head)


def _place(alert: Shown, row: Row) -> tuple[bool, bool, int]:
    """What is contradicted first, then (after the end) what may still be up, then by stage; else by channel and name."""
    settled = not alert.live and row["stage"] not in _UP
    return not row["contradicted"], settled, ORDER[row["stage"]]


def _matches(row: Row, choice: Choice) -> bool:
    return choice.stage in ("", row["stage"]) and choice.channel in ("", row["channel"])


def _stage_filters(rows: Sequence[Row], choice: Choice) -> Sequence[Filter]:
    counted = Counter(row["stage"] for row in rows if choice.channel in ("", row["channel"]))
    every = Filter("全部", sum(counted.values()), choice.href(stage=""), choice.stage == "")
    return [every] + [
        Filter(stage.word, counted[name], choice.href(stage=name), choice.stage == name, stage)
        for name, stage in STAGES.items()
        if counted[name] or choice.stage == name
    ]


def _channel_filters(rows: Sequence[Row], choice: Choice) -> Sequence[Filter]:
    counted = Counter(row["channel"] for row in rows if choice.stage in ("", row["stage"]))
    every = Filter("全部渠道", sum(counted.values()), choice.href(channel=""), choice.channel == "")
    names = [*CHANNELS, *sorted(set(counted) - set(CHANNELS))]
    return [every] + [
        Filter(CHANNELS.get(name, name), counted[name], choice.href(channel=name), choice.channel == name)
        for name in names
        if counted[name] or choice.channel == name
    ]
