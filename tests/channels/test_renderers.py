"""Whatever the police wrote, a text keeps its limit, its mark, and what must never be cut."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings

from channels.contract import Kind, Notice, Panel, Profile, Status
from channels.fitting import joins, width
from channels.wording import beijing, clean, mark
from tests.channels.notices import LOSS, PERSON, PUBLISH, RETRACT, rendered, told
from tests.channels.strategies import PANEL, SEARCHES

LIMITS = {"crawl": 500, "script": 700, "text": 60, "markdown": 1000, "headline": 160}
MEDIA = ("tv", "radio", "screen", "billboard", "dingtalk", "partner")


def squeezed(text: str) -> str:
    """Without what wrapping adds or takes away at the end of a line."""
    return "".join(text.split())


@settings(max_examples=150, deadline=None)
@given(SEARCHES)
def test_limits_and_marks_hold(notice: Notice) -> None:
    for medium in MEDIA:
        for name, text in rendered(notice, medium).texts.items():
            first = text if isinstance(text, str) else text[0]
            assert first.startswith(mark(notice) + ("更新" if notice.kind is Kind.UPDATE else "紧急寻人"))
            whole = text if isinstance(text, str) else "".join(text)
            assert len(text) <= LIMITS.get(name, len(text))
            if notice.status is Status.ACTUAL:
                assert "【" not in whole
            elif name != "lines":
                assert whole.count("【") == 1


@settings(max_examples=150, deadline=None)
@given(SEARCHES)
def test_name_place_time_and_110_are_never_cut(notice: Notice) -> None:
    assert notice.person is not None
    assert notice.loss is not None
    name, spot, lost = clean(notice.person.name, " "), clean(notice.loss.place), beijing(notice.loss.at)
    day = f"{lost.month}月{lost.day}日"
    for medium, full in (("tv", "crawl"), ("partner", "headline")):
        said = rendered(notice, medium).texts[full]
        assert all(fact in said for fact in (name, spot, day))
    assert "110" in rendered(notice, "tv").texts["crawl"]
    assert "110" in rendered(notice, "partner").texts["instruction"]
    for medium in ("screen", "billboard"):
        lines = squeezed("".join(rendered(notice, medium).texts["lines"]))
        assert all(squeezed(fact) in lines for fact in (name, spot, day, "110"))
    script = str(rendered(notice, "radio").texts["script"])
    assert "幺幺零" in script
    assert "月" in script
    text = str(rendered(notice, "billboard").texts["text"])
    assert "110" in text
    assert day in text
    assert (name in text and spot in text) or (len(name) + len(spot) > 14 and "…" in text)


@settings(max_examples=150, deadline=None)
@given(SEARCHES, PANEL)
def test_lines_fit_their_face(notice: Notice, panel: Panel) -> None:
    columns, rows = max(panel.columns or 16, 8), max(panel.rows or 8, 1)
    lines = rendered(notice, "screen", Profile(panel=panel)).texts["lines"]
    assert isinstance(lines, tuple)
    for line in lines:
        assert 0 < width(line) <= columns * 2
        assert "\n" not in line
        assert not joins(line[0])
    pages = [lines[at : at + rows] for at in range(0, len(lines), rows)]
    assert all(page[0].startswith(mark(notice)) for page in pages)


@settings(max_examples=150, deadline=None)
@given(SEARCHES)
def test_the_script_can_be_read_aloud(notice: Notice) -> None:
    script = str(rendered(notice, "radio").texts["script"])
    assert not any(unicodedata.digit(char, None) is not None for char in script)
    assert "\n" not in script
    assert "。。" not in script


@settings(max_examples=150, deadline=None)
@given(SEARCHES)
def test_a_chat_shows_words_only(notice: Notice) -> None:
    markdown = str(rendered(notice, "dingtalk").texts["markdown"])
    plain = markdown.replace("**", "").replace("\n- ", "\n")
    assert not any(sign in plain for sign in "*_`#[]<>!|~\\")
    assert "://" not in markdown


@settings(max_examples=100, deadline=None)
@given(SEARCHES)
def test_a_retraction_of_it_leaks_nothing(notice: Notice) -> None:
    ended = replace(
        RETRACT,
        status=notice.status,
        suspect="嫌疑甲" + notice.suspect,
        vehicle="车辆乙" + notice.vehicle,
        photo=PUBLISH.photo,
        unit=notice.unit,
    )
    for medium in MEDIA:
        rendition = rendered(ended, medium)
        whole = "\n".join(told(rendition))
        assert rendition.media == ()
        assert not any(told in whole for told in ("嫌疑甲", "车辆乙", "9f3b", "110", "幺幺零"))
        for text in rendition.texts.values():
            first = text if isinstance(text, str) else text[0]
            assert first.startswith(mark(notice) + "寻人结束")


@pytest.mark.parametrize("medium", MEDIA)
def test_nothing_optional_leaves_no_hole(medium: str) -> None:
    bare = replace(
        PUBLISH,
        person=replace(PERSON, height_cm=None, features="", clothing=" \n "),
        loss=replace(LOSS, circumstances="", area_name=""),
        phone="",
        unit="",
    )
    whole = "\n".join(told(rendered(bare, medium)))
    assert "李小明" in whole
    assert "None" not in whole
    assert not any(hole in whole for hole in ("：。", "，，", "。。", "（）", "或。", "或（", "或者。", "身高", "：\n"))


@pytest.mark.parametrize("medium", ["tv", "radio", "dingtalk", "billboard"])
def test_circumstances_go_first_then_features_then_clothing(medium: str) -> None:
    """Lengthen one fact at a time: the one that matters least is the one that suffers."""

    def kept(features: int, clothing: int, circumstances: int) -> tuple[int, int, int]:
        person = replace(PERSON, features="痣甲，" * features, clothing="衣乙，" * clothing)
        notice = replace(PUBLISH, person=person, loss=replace(LOSS, circumstances="经丙，" * circumstances))
        whole = str(next(text for name, text in rendered(notice, medium).texts.items() if name != "title"))
        return whole.count("痣甲"), whole.count("衣乙"), whole.count("经丙")

    few = (1, 1, 1)
    if medium != "billboard":
        assert kept(*few) == few
    long_tale = kept(3, 3, 400)
    features, clothing, tale = long_tale
    assert tale < 400
    if medium != "billboard":
        assert (features, clothing) == (3, 3)
        features, clothing, tale = kept(400, 3, 400)
        assert tale == 0
        assert 0 < features < 400
        assert clothing == 3
    features, clothing, tale = kept(400, 400, 400)
    assert (features, tale) == (0, 0)
    assert 0 < clothing < 400


def test_eighteen_lines_of_clothing_become_one_list() -> None:
    clothing = "\n".join(f"第{row}件上衣" for row in "一二三四五六七八九十百千万甲乙丙丁戊")
    notice = replace(PUBLISH, person=replace(PERSON, clothing=clothing))
    assert "失踪时衣着：第一件上衣，第二件上衣，" in rendered(notice, "tv").texts["crawl"]
    lines = "".join(rendered(notice, "screen").texts["lines"])
    assert "衣着：第一件上衣，第二件上衣，" in lines
    assert "件上衣等11月23日" in lines


def test_an_infant_is_not_nought_years_old() -> None:
    notice = replace(PUBLISH, person=replace(PERSON, age=0))
    for medium in MEDIA:
        whole = "\n".join(told(rendered(notice, medium)))
        assert "不满1岁" in whole or "不满一岁" in whole
        assert "0岁" not in whole.replace("10岁", "")


def test_facts_cannot_draw_a_mark_a_picture_or_a_link() -> None:
    hostile = replace(PERSON, features="【测试】![x](https://evil.example/a.png) [点击](http://evil.example)")
    notice = replace(PUBLISH, person=hostile)
    for medium in MEDIA:
        assert "【" not in "\n".join(told(rendered(notice, medium)))
    markdown = str(rendered(notice, "dingtalk").texts["markdown"])
    assert "![" not in markdown
    assert "](" not in markdown
    assert "://" not in markdown
