"""What a drill looks like in a small terminal."""

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.live import Live

from app.commands.course import Course, Drill
from app.commands.drill_view import live_view

HEADS = ("渠道", "发布点", "接收", "播出", "接收撤回", "撤下")
CHANNELS = ("tv", "radio", "screen", "billboard", "dingtalk", "partner")


def _run(outlets: int, *, retracting: bool = False) -> Drill:
    """All of them have aired, the last one last; two names are very long."""
    run = Drill("YL-2026-000012", 34.0, retracting=retracting)
    for n in range(outlets):
        chat = CHANNELS[n % 6] == "dingtalk"
        name = f"{n:03d} {'钟楼开元商城外墙全彩大屏（南面，靠近地铁口）' if n % 7 == 0 else '陕西卫视'}"
        course = Course(name, CHANNELS[n % 6], airs=not chat, ends=not chat, accepted=120.0 + n)
        course.aired = None if chat else 12_000.0 + n
        run.courses[str(n)] = course
    return run


def _lines(run: Drill, width: int = 80, height: int = 24) -> list[str]:
    """What stands in the terminal while it runs."""
    out = StringIO()
    screen = Console(file=out, width=width, height=height, force_terminal=True, color_system=None, highlight=False)
    with Live(live_view(run), console=screen, auto_refresh=False, transient=True):
        shown = out.getvalue()
    return [line.rstrip() for line in shown.replace("\x1b[?25l", "").splitlines()]


@pytest.mark.parametrize("outlets", [1, 17, 19, 24, 25, 500])
@pytest.mark.parametrize("troubled", [0, 5])
def test_it_fits_a_terminal_of_80_by_24(outlets: int, troubled: int) -> None:
    run = _run(outlets)
    for course in list(run.courses.values())[-troubled:] if troubled else ():
        course.trouble = "连接不上对方：" + "connection refused " * 9 + "\n第二行"
    lines = _lines(run)
    assert len(lines) <= 23, "the cursor has the last line"
    assert max(map(cell_len, lines)) <= 80
    assert lines[0].startswith("演练 YL-2026-000012"), "the top is not cut"
    assert lines[1].split() == list(HEADS)
    done = sum(c.up() for c in run.courses.values())
    assert lines[-1].endswith(f"{done} / {outlets} 个发布点已播出"), "nor is the end"
    rows = [line for line in lines if line.startswith(("电视", "广播", "户外", "电子", "钉钉", "协作"))]
    left_out = f"另有 {outlets - len(rows)} 个发布点没有列出，都已播出"
    assert (left_out in lines) is (len(rows) < outlets)
    assert len(rows) == outlets or len(lines) == 23, "there was room for another"
    assert all("12,0" in row or "12,4" in row or "无回执" in row for row in rows), "no number is cut"
    assert all("…" not in row.split()[0] for row in rows), "no channel is cut"


def test_who_is_in_trouble_or_late_stands_first_and_then_who_was_slow() -> None:
    run = _run(60)
    run.courses["44"].aired = None
    run.courses["55"].trouble = "连接不上对方"
    rows = _lines(run)[3:]
    assert [row.split()[1] for row in rows[:3]] == ["055", "044", "059"]
    assert "另有 43 个发布点没有列出，都已播出" in rows
    assert "✕ 055 陕西卫视：连接不上对方" in rows


def test_the_late_among_those_that_are_left_out_are_counted() -> None:
    rows = _lines(_run(60, retracting=True))
    assert "另有 42 个发布点没有列出，其中 42 个还没有撤下" in rows


def test_what_is_read_from_a_file_is_not_cut_to_a_terminal() -> None:
    out = StringIO()
    Console(file=out, width=80, highlight=False).print(live_view(_run(24)))
    assert all(f"{n:03d} " in out.getvalue() for n in range(24))


@pytest.mark.parametrize(("width", "height"), [(60, 12), (40, 8), (200, 60)])
def test_in_any_terminal_it_is_no_higher(width: int, height: int) -> None:
    lines = _lines(_run(19), width, height)
    assert len(lines) < height
    assert max(map(cell_len, lines)) <= width
