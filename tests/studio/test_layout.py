"""Whatever is written and however the panel is cut: nothing lies on another, and nothing leaves the sheet."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Kind, Notice, Role, Status
from channels.studio.colours import OVER, REAL, RULE
from channels.studio.sheet import Sheet
from tests.channels.notices import PERSON, PUBLISH, RETRACT, UPDATE
from tests.channels.strategies import NAME, SEARCHES
from tests.studio.pictures import ALL, COARSE, LARGE, LONG, PLUM, RARE, laid, named, photo, texts

MARKS = {Status.ACTUAL: "", Status.EXERCISE: "演练", Status.TEST: "测试"}
SHAPES = [(600, 800), (800, 600), (200, 1600), (1600, 200), (64, 64)]
SIZES = st.tuples(st.integers(64, 1400), st.integers(32, 1400)) | st.sampled_from([*LARGE[5:], *COARSE])
BODIES = st.none() | st.sampled_from(SHAPES).map(lambda shape: photo(*shape))
ROLES = st.sampled_from(["poster", "poster", "slate", "lower_third"])
OVER_GROUNDS = {OVER.ground, OVER.main, OVER.night}
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


@settings(max_examples=150, deadline=None)
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


@pytest.mark.parametrize("size", [(128, 64), (192, 64), (256, 128), (160, 160), (320, 160), (384, 96)], ids=str)
@pytest.mark.parametrize("name", ["李小明", "欧阳李小明", RARE])
def test_a_tall_name_costs_neither_sex_nor_age_nor_the_place(size: tuple[int, int], name: str) -> None:
    notice = replace(PUBLISH, person=replace(PERSON, name=name, clothing=LONG))
    for body in (None, photo(), photo(300, 1800)):
        said = texts(laid(size, notice, body))
        for words in (name, "男", "6岁", "小寨地铁站B口", "110"):
            assert words in said, words


def test_the_widest_coarse_face_has_the_facts_beside_the_child() -> None:
    said = texts(laid((512, 64), PUBLISH, photo()))
    for words in ("李小明", "11月23日14:20", "小寨地铁站B口", "红色短袖、蓝色短裤", "左眉有痣，短发", "029-85250110"):
        assert words in said, words


@pytest.mark.parametrize("size", [(1920, 1080), (720, 576), (1920, 400), (600, 1200)], ids=str)
@pytest.mark.parametrize("notice", ALL, ids=named)
def test_a_slate_keeps_to_the_safe_area(size: tuple[int, int], notice: Notice) -> None:
    """EBU R 95: what is to be read keeps to the middle 90 %; the photo and the white round a code may run to the edge."""
    sheet = laid(size, notice, photo(), role="slate")
    safe = sheet.box.inset(size[0] // 20, size[1] // 20)
    assert all(safe.holds(thing.box) for thing in sheet.drawn if thing.name not in ("photo", "qr"))


@pytest.mark.parametrize(
    "size", [(16, 16), (16, 192), (17, 33), (40, 40), (300, 24), (7680, 16), (16, 900), (130, 90)], ids=str
)
@pytest.mark.parametrize("led", [True, False], ids=["coarse", "fine"])
def test_no_panel_is_too_odd(size: tuple[int, int], led: bool) -> None:
    for notice in ALL:
        sound(laid(size, notice, photo(), led=led))


@pytest.mark.parametrize("size", [*LARGE, *COARSE], ids=str)
def test_the_record_is_honest(size: tuple[int, int]) -> None:
    """What no record speaks of is nothing but the grounds that things lie on."""
    for notice, grounds in ((PUBLISH, {REAL.ground, REAL.main, REAL.night, REAL.lamp, RULE}), (RETRACT, OVER_GROUNDS)):
        sheet = laid(size, notice)
        for thing in sheet.drawn:
            sheet.fill(thing.box, PLUM)
        colours = {colour for _, colour in sheet.image.getcolors(1 << 16) or []}
        assert colours - grounds == {PLUM}
