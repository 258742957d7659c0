"""A long text shrinks, then it wraps, and then it is cut, in that order; and its lines break as Chinese lines do."""

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.breaking import broken
from channels.fitting import width
from channels.studio.faces import BOLD, PIXEL, THIN, advance
from channels.studio.facts import table
from channels.studio.spelling import spell
from channels.studio.typesetting import SHRINKS_TO, Setting, Style, fitted, listed
from channels.studio.words import Fact
from tests.channels.strategies import FACT

STYLE = Style(BOLD, 60, 20, lines=3)
HAN = "红色连帽外套蓝色牛仔裤白色运动鞋背绿色恐龙书包戴黑框眼镜左眉有痣短发圆脸"
NEVER_FIRST, NEVER_LAST = "，。、；：！？）》”", "（《“"


def test_first_it_shrinks_then_it_wraps_then_it_is_cut() -> None:
    """The same box, and a text that grows by a character at a time."""
    seen = [fitted((HAN * 20)[:length], STYLE, 600, 220) for length in range(1, 200)]
    kinds = [key for key, _ in itertools.groupby(map(kind, seen))]
    assert kinds == ["whole", "shrunk", "wrapped", "cut"]
    assert all(setting.size >= 60 * SHRINKS_TO - 1 for setting in seen if kind(setting) == "shrunk")
    assert all(setting.size == 20 and len(setting.lines) == 3 for setting in seen if kind(setting) == "cut")


def kind(setting: Setting) -> str:
    if setting.lines[-1].endswith("…"):
        return "cut"
    if len(setting.lines) > 1:
        return "wrapped"
    return "whole" if setting.size == 60 else "shrunk"


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(FACT, max_size=120).map(lambda text: spell(text, BOLD)),
    box=st.tuples(st.integers(0, 900), st.integers(0, 400)),
    sizes=st.tuples(st.integers(9, 90), st.integers(9, 90)),
    lines=st.integers(1, 6),
)
@example(text="“", box=(58, 68), sizes=(58, 58), lines=1)
def test_it_never_leaves_its_box(text: str, box: tuple[int, int], sizes: tuple[int, int], lines: int) -> None:
    style = Style(BOLD, max(sizes), min(sizes), lines)
    setting = fitted(text, style, *box)
    assert setting.width <= box[0]
    assert setting.height <= box[1]
    assert len(setting.lines) <= lines
    if setting.lines:
        assert min(sizes) <= setting.size <= max(sizes)
        plain = text.replace(THIN, "").replace(" ", "")
        shown = "".join(setting.lines).replace(THIN, "").replace(" ", "")
        assert plain.startswith(shown.removesuffix("…"))
        assert shown == plain or shown.endswith("…")


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(st.sampled_from("红色蓝裤" * 3 + NEVER_FIRST + NEVER_LAST + "A1"), max_size=60),
    columns=st.integers(6, 20),
)
def test_no_line_begins_with_a_closing_mark(text: str, columns: int) -> None:
    for measure, room in ((width, columns * 2), (lambda unit: advance(BOLD, 20, unit), columns * 20)):
        lines = broken(text, room, measure)
        assert "".join(lines) == text
        for before, line in itertools.pairwise(lines):
            crowded = all(char in NEVER_FIRST + NEVER_LAST for char in before[1:])
            assert line[0] not in NEVER_FIRST or crowded or measure(line) == room, lines
            assert before[-1] not in NEVER_LAST or crowded, lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("左眉有痣，短发，戴眼镜", ["左眉有痣，", "短发，戴眼", "镜"]),
        ("红色外套（左胸有图案）。", ["红色外套", "（左胸有图", "案）。"]),
        ("红色外套有字））。", ["红色外套有", "字））。"]),
        ("请拨打029-85250110谢谢", ["请拨打", "029-", "85250110谢", "谢"]),
        ("拨打110谢谢您", ["拨打110谢", "谢您"]),
    ],
)
def test_golden_breaks(text: str, lines: list[str]) -> None:
    got = broken(text, 10, width)
    if "029" in text:
        assert all(width(line) <= 10 for line in got)
    else:
        assert got == lines


def test_lines_are_of_about_the_same_length() -> None:
    setting = fitted("阿卜杜热合曼江·麦麦提吐尔逊尼亚孜阿吉木江", Style(BOLD, 60, 40, lines=3), 800, 300)
    lengths = [advance(BOLD, setting.size, line) for line in setting.lines]
    assert len(lengths) > 1
    assert min(lengths) > 0.6 * max(lengths)


def test_given_lines_are_not_broken() -> None:
    assert 37 <= listed(("搜寻已结束", "谢谢"), STYLE, 200, 500).size <= 40
    assert listed(("搜寻已结束", "谢谢"), STYLE, 50, 500).lines == ()


def test_pixel_letters_come_in_whole_multiples() -> None:
    for wide in range(40, 400, 7):
        assert fitted("李小明走失", Style(PIXEL, 48, 12, lines=4), wide, 200).size % 12 == 0


FACTS = [Fact("时间", "11月23日", 9), Fact("衣着", HAN * 4, 6), Fact("人员", HAN, 4), Fact("经过", HAN * 2, 1)]


def test_of_the_facts_the_least_important_goes_first() -> None:
    style = Style(BOLD, 30, 20, lines=1, leading=1.3)
    tall = table(FACTS, style, 600, 2000)
    assert tall.size >= 28
    assert [row.fact.label for row in tall.rows] == ["时间", "衣着", "人员", "经过"]
    heights = range(tall.height, 20, -10)
    for height in heights:
        cut = table(FACTS, style, 600, height)
        assert cut.height <= height
        labels = [row.fact.label for row in cut.rows]
        assert labels == [label for label in ("时间", "衣着", "人员", "经过") if label in labels]
        if labels:
            assert "时间" in labels
        if "经过" in labels:
            assert labels == ["时间", "衣着", "人员", "经过"]
    sizes = [table(FACTS, style, 600, height).size for height in heights]
    assert sizes == sorted(sizes, reverse=True), "it shrinks before anything is cut"
    assert table(FACTS, style, 600, 30).rows
    assert table(FACTS, style, 600, 5).rows == ()
    assert table(FACTS, style, 60, 500).rows == ()
