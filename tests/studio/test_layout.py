"""Whatever is written and however the panel is cut: nothing lies on another, and nothing leaves the sheet."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Kind, Notice, Role, Status
from channels.studio.sheet import Sheet
from tests.channels.notices import PERSON, PUBLISH, RETRACT, UPDATE
from tests.channels.strategies import NAME, SEARCHES
from tests.studio.pictures import ALL, COARSE, LARGE, LONG, RARE, laid, named, photo, texts

MARKS = {Status.ACTUAL: "", Status.EXERCISE: "演练", Status.TEST: "测试"}
SHAPES = [(600, 800), (800, 600), (200, 1600), (1600, 200), (64, 64)]
SIZES = st.tuples(st.integers(64, 1400), st.integers(32, 1400)) | st.sampled_from([*LARGE[5:], *COARSE])
BODIES = st.none() | st.sampled_from(SHAPES).map(lambda shape: photo(*shape))
ROLES = st.sampled_from(["poster", "poster", "slate", "lower_third"])
RETRACTIONS = st.builds(
    lambda masked, line, status: replace(RETRACT, masked_name=masked, line=line, status=status),
    NAME, NAME | st.just(""), st.sampled_from(Status),
)  # fmt: skip


def sound(sheet: Sheet) -> None:
    for thing in sheet.drawn:
        assert sheet.box.holds(thing.box), f"{thing} leaves the sheet of {sheet.box.size}"
    for one, other in combinations(sheet.drawn, 2):
        assert not one.box.meets(other.box), f"{one} lies on {other}"


def says_what_must_be_said(sheet: Sheet, notice: Notice) -> None:
    names = {thing.name for thing in sheet.drawn}
    assert MARKS[notice.status] in texts(sheet)
    if notice.kind is Kind.RETRACT:
        assert "结束" in texts(sheet)
        assert "谢谢" in texts(sheet)
    else:
        assert {"title", "name"} <= names
        assert "110" in texts(sheet)


@settings(max_examples=80, deadline=None)
@given(notice=SEARCHES | RETRACTIONS, size=SIZES, body=BODIES, role=ROLES)
def test_nothing_overlaps(notice: Notice, size: tuple[int, int], body: bytes | None, role: Role) -> None:
    sheet = laid(size, notice, body, role=role)
    sound(sheet)
    if role == "poster":
        says_what_must_be_said(sheet, notice)


@pytest.mark.parametrize("size", [*LARGE, *COARSE], ids=str)
@pytest.mark.parametrize("notice", ALL, ids=named)
def test_every_panel_says_what_must_be_said(notice: Notice, size: tuple[int, int]) -> None:
    sheet = laid(size, notice, photo())
    sound(sheet)
    says_what_must_be_said(sheet, notice)


@pytest.mark.parametrize("size", LARGE, ids=str)
def test_a_large_panel_shows_all_of_it(size: tuple[int, int]) -> None:
    sheet = laid(size, PUBLISH, photo())
    said = texts(sheet)
    for words in ("李小明", "男", "6岁", "约118厘米", "11月23日14时20分", "小寨", "红色短袖", "110", "029-85250110"):
        assert words in said, words
    assert {"photo", "qr"} <= {thing.name for thing in sheet.drawn}
    assert "西安市公安局雁塔分局" in said
    assert "HJ-2026-000123" in said


@pytest.mark.parametrize("size", LARGE, ids=str)
def test_an_update_says_so_and_when(size: tuple[int, int]) -> None:
    said = texts(laid(size, UPDATE, photo()))
    assert "更新" in said
    assert "11月23日15时4分" in said


@pytest.mark.parametrize("size", COARSE[:-1], ids=str)
def test_a_coarse_panel_says_that_it_is_an_update(size: tuple[int, int]) -> None:
    assert "更新" in texts(laid(size, UPDATE))


@pytest.mark.parametrize("size", LARGE, ids=str)
def test_eighteen_lines_of_clothing_leave_the_rest_standing(size: tuple[int, int]) -> None:
    notice = replace(UPDATE, person=replace(PERSON, clothing=LONG))
    said = texts(laid(size, notice, photo()))
    assert "第18件" not in said
    assert "…" in said or "第1件" not in said
    for words in ("李小明", "11月23日14时20分", "小寨", "陕A12345", "110"):
        assert words in said, words


@pytest.mark.parametrize("size", [*LARGE, *COARSE[2:-1]], ids=str)
def test_rare_characters_are_written(size: tuple[int, int]) -> None:
    notice = replace(PUBLISH, person=replace(PERSON, name=RARE))
    assert RARE in texts(laid(size, notice))


def test_a_slate_keeps_to_the_safe_area() -> None:
    """EBU R 95: what is to be read keeps to the middle 90 %; the photo may run to the edge."""
    for notice in ALL:
        sheet = laid((1920, 1080), notice, photo(), role="slate")
        safe = sheet.box.inset(96, 54)
        assert all(safe.holds(thing.box) for thing in sheet.drawn if thing.name not in ("photo", "qr"))
