"""Where things lie on an OBS picture of any size, and that every crawl can be drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.carriers.obs.layout import WIDEST, Canvas, Part, crawl, input_name, is_on, items, part_of, scroll
from channels.contract import Notice
from channels.fitting import width
from tests.channels.notices import PUBLISH, rendered
from tests.channels.strategies import SEARCHES

FT2 = "text_ft2_source_v2"
CANVAS = st.builds(Canvas, st.integers(320, 7680), st.integers(180, 4320), st.integers(0, 5))
PICTURES = {Part.SLATE: "data:,", Part.LOWER_THIRD: "data:,"}


@given(SEARCHES, CANVAS)
def test_every_crawl_can_be_drawn(notice: Notice, canvas: Canvas) -> None:
    settings = crawl(rendered(notice), canvas, FT2, "")
    size, text = settings["font"]["size"], settings["text"]
    assert width(text) / 2 * size <= WIDEST
    assert text.startswith(str(rendered(notice).texts["crawl"]))
    assert scroll(settings, canvas)["cx"] == canvas.width
    assert size >= 1


@given(CANVAS)
def test_nothing_lies_outside_the_picture(canvas: Canvas) -> None:
    for item in items(rendered(PUBLISH), PICTURES, canvas, FT2, ""):
        assert 0 <= item.transform["positionY"] <= canvas.height
        if "boundsHeight" in item.transform:
            assert 1 <= item.transform["boundsHeight"] <= canvas.height
            assert item.transform["boundsWidth"] == canvas.width


@pytest.mark.parametrize("slot", range(8))
def test_a_slot_is_found_again_by_its_place(slot: int) -> None:
    for height in (360, 480, 576, 720, 1080, 2160):
        canvas = Canvas(1920, height, slot)
        assert canvas.slot_of(canvas.band_top + canvas.band) == slot


def test_a_short_crawl_is_as_long_as_the_picture_is_wide() -> None:
    canvas = Canvas(1920, 1080)
    settings = crawl(rendered(PUBLISH), canvas, FT2, "")
    assert settings["font"] == {"face": "Noto Sans CJK SC", "style": "Bold", "size": 49, "flags": 1}
    assert width(settings["text"]) / 2 * 49 >= canvas.width
    assert crawl(rendered(PUBLISH), canvas, "text_gdiplus_v2", "")["font"]["face"] == "Microsoft YaHei"
    assert crawl(rendered(PUBLISH), canvas, FT2, "楷体")["font"]["face"] == "楷体"


def test_names_are_read_back_and_no_others() -> None:
    for part in Part:
        assert part_of(input_name("HJ-2026-000123", part)) == ("HJ-2026-000123", part)
    for name in ("", "回家", "回家·HJ-2026-000123·", "回家·HJ-2026-000123·字幕 2", "字幕", "回家·HJ 1·字幕"):
        assert part_of(name) is None


def test_slate_and_lower_third_are_never_seen_together() -> None:
    for slate in (True, False):
        for alone in (True, False):
            seen = {part for part in Part if is_on(part, slate=slate, alone=alone)}
            assert {Part.BAND, Part.CRAWL} <= seen
            assert not {Part.SLATE, Part.LOWER_THIRD} <= seen
