"""What a drill looks like in the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from app.commands.course import Course, Drill

TITLES = {
    "tv": "电视", "radio": "广播", "screen": "户外大屏", "billboard": "电子广告牌", "dingtalk": "钉钉群", "partner": "协作平台",
}  # fmt: skip
MOST_ROWS = 24
COLUMNS = {"渠道": 10, "发布点": 0, "接收": 7, "播出": 12, "接收撤回": 8, "撤下": 8}
"""Cells across; the name of the outlet has what is left."""
BETWEEN, LEAST_NAME = 3, 8
MOST_TROUBLES = 3


def live_view(run: Drill) -> RenderableType:
    """Outlet by outlet: accepted, aired, told to take down, down; milliseconds since the notice was issued. No higher and no
    wider than the terminal: who is in trouble or late stands first, and what has no room is counted."""
    return _View(run)


@dataclass(frozen=True, slots=True)
class _View:
    run: Drill

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        high = console.height - 1 if console.is_terminal else MOST_ROWS + 8  # the cursor has the last line
        yield Group(*_laid_out(self.run, high, options.max_width))


def _laid_out(run: Drill, high: int, wide: int) -> Sequence[RenderableType]:
    courses = list(run.courses.values())
    word, done = "撤下" if run.retracting else "播出", sum(_done(run, c) for c in courses)
    troubles = [_line(f"✕ {c.outlet}：{' '.join(c.trouble.split())}", "red") for c in courses if c.trouble]
    below: list[RenderableType] = [
        *troubles[:MOST_TROUBLES],
        ProgressBar(total=max(len(courses), 1), completed=done, width=min(40, wide // 2)),  # ends no line
        _line(f"  {done} / {len(courses)} 个发布点已{word}"),
    ]
    most = min(max(high - len(below) - 3, 1), MOST_ROWS)  # title, head, rule, what is left out; the bar shares its line
    shown = courses if len(courses) <= most else sorted(courses, key=lambda c: _urgency(run, c))[:most]
    if hidden := len(courses) - len(shown):
        late = len(courses) - done - sum(not _done(run, c) for c in shown)
        state = f"其中 {late} 个还没有" if late else "都已"
        below.insert(0, _line(f"另有 {hidden} 个发布点没有列出，{state}{word}", "dim"))
    return [_table(run, shown, wide), *below]


def _table(run: Drill, shown: Sequence[Course], wide: int) -> Table:
    title = f"演练 {run.code}　{'撤回' if run.retracting else '发布'}　用时（毫秒）"
    table = Table(
        title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    for head, width in COLUMNS.items():
        numbers = head not in ("渠道", "发布点")
        table.add_column(head, min_width=width, no_wrap=True, justify="right" if numbers else "left")
    room = max(wide - sum(COLUMNS.values()) - BETWEEN * (len(COLUMNS) - 1), LEAST_NAME)
    for c in shown:
        name = Text(c.outlet, "red" if c.trouble else "")
        name.truncate(room, overflow="ellipsis")
        table.add_row(TITLES.get(c.channel, c.channel), name, *_cells(c))
    return table


def _line(said: str, style: str = "") -> Text:
    return Text(said, style, no_wrap=True, overflow="ellipsis")


def _done(run: Drill, c: Course) -> bool:
    return c.off() if run.retracting else c.up()


def _urgency(run: Drill, c: Course) -> tuple[bool, bool, float]:
    """In trouble, then late, then slow."""
    took = [ms for ms in ((c.told_down, c.down) if run.retracting else (c.accepted, c.aired)) if ms is not None]
    return not c.trouble, _done(run, c), -max(took, default=0.0)


def _cells(c: Course) -> Sequence[Text]:
    def cell(value: float | None, colour: str) -> Text:
        return Text("…", "dim") if value is None else Text(f"{value:,.0f}", colour)

    aired = cell(c.aired, "green") if c.airs else Text("群消息无回执", "dim")
    down = cell(c.down, "cyan") if c.ends else Text("已发更正" if c.told_down is not None else "…", "dim")
    return cell(c.accepted, "yellow"), aired, cell(c.told_down, "yellow"), down


def summary(run: Drill) -> RenderableType:
    """The times of the whole run."""
    courses = list(run.courses.values())
    table = Table(title=f"\n演练 {run.code} 用时（毫秒，自通告发出起）", title_justify="left", header_style="bold")
    for head in ("环节", "发布点", "最快", "中位", "最慢"):
        table.add_column(head, justify="left" if head == "环节" else "right")
    table.add_row("提交并落盘（201）", "", "", f"{run.submitted_ms:,.0f}", "")
    for name, values in (
        ("发布：发布点接收", [c.accepted for c in courses]),
        ("发布：确认播出", [c.aired for c in courses if c.airs]),
        ("撤回：发布点接收", [c.told_down for c in courses]),
        ("撤回：确认撤下", [c.down for c in courses if c.ends]),
    ):
        known = sorted(v for v in values if v is not None)
        middle = quantiles(known, n=2)[0] if len(known) > 1 else known[0] if known else 0.0
        cells = (f"{known[0]:,.0f}", f"{middle:,.0f}", f"{known[-1]:,.0f}") if known else ("—", "—", "—")
        table.add_row(name, f"{len(known)} / {len(values)}", *cells)
    return table
