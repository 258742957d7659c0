"""What a drill looks like in the terminal."""

from collections.abc import Sequence
from statistics import quantiles

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from app.commands.course import Course, Drill

TITLES = {
    "tv": "电视", "radio": "广播", "screen": "户外大屏", "billboard": "电子广告牌", "dingtalk": "钉钉群", "partner": "协作平台",
}  # fmt: skip
MOST_ROWS = 24


def live_view(run: Drill) -> RenderableType:
    """Outlet by outlet: accepted, aired, told to take down, down; milliseconds since the notice was issued."""
    courses = list(run.courses.values())
    done = sum(c.off() if run.retracting else c.up() for c in courses)
    title = f"演练 {run.code}  " + ("撤回" if run.retracting else "发布")
    table = Table(title=title, title_justify="left", header_style="bold")
    for head in ("渠道", "发布点"):
        table.add_column(head, overflow="fold")
    for head in ("接收 ms", "播出 ms", "撤回接收 ms", "撤下 ms"):
        table.add_column(head, justify="right")
    for c in courses[:MOST_ROWS]:
        table.add_row(TITLES.get(c.channel, c.channel), c.outlet, *_cells(c))
    bar = ProgressBar(total=max(len(courses), 1), completed=done, width=50)
    rest = len(courses) - MOST_ROWS
    more = Text(f"（另有 {rest} 个发布点未列出）") if rest > 0 else Text("")
    return Group(
        table, more, bar, Text(f"{done} / {len(courses)} 个发布点" + ("已撤下" if run.retracting else "已播出"))
    )


def _cells(c: Course) -> Sequence[Text]:
    def cell(value: float | None, colour: str) -> Text:
        return Text("…", "dim") if value is None else Text(f"{value:,.0f}", colour)

    aired = cell(c.aired, "green") if c.airs else Text("群消息无回执", "dim")
    down = cell(c.down, "cyan") if c.ends else Text("已发更正" if c.told_down is not None else "…", "dim")
    return (
        cell(c.accepted, "yellow") if not c.trouble else Text(c.trouble, "red"),
        aired,
        cell(c.told_down, "yellow"),
        down,
    )


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
