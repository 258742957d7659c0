"""Shortening ends with a clause, balances brackets and never breaks a character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.fitting import elide, joins, shorten, width
from tests.channels.strategies import FACT


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("红色短袖、蓝色短裤", 20, "红色短袖、蓝色短裤"),
        ("红色短袖、蓝色短裤", 8, "红色短袖等"),
        ("红色短袖、蓝色短裤、白鞋", 11, "红色短袖、蓝色短裤等"),
        ("红短袖（有字母、图案）、白鞋", 13, "红短袖（有字母、图案）等"),
        ("红短袖（有字母、图案）、白鞋", 9, "红短袖（有字母、…"),
        ("左眉尾部有一颗黑色小痣", 8, "左眉尾部有一颗…"),
        ("左眉尾部有一颗黑色小痣", 5, ""),
        ("价值1,200元的表，银色", 9, "价值1,200元…"),
        ("红色短袖、蓝色短裤", 0, ""),
    ],
)
def test_shortening(text: str, limit: int, expected: str) -> None:
    assert shorten(text, limit) == expected


def test_without_fragments_half_a_clause_is_none() -> None:
    assert shorten("左眉尾部有一颗黑色小痣", 8, fragments=False) == ""
    assert shorten("下午与家人走散，至今未归", 8, tail="", fragments=False) == "下午与家人走散"


@given(st.text(FACT, max_size=80), st.integers(0, 90))
def test_never_longer_and_never_half_a_character(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit or short == text
    assert len(elide(text, limit)) <= limit
    kept = elide(text, limit).removesuffix("…")
    assert text.startswith(kept)
    if kept != text and limit:
        assert not joins(text[len(kept)]) or not kept


def test_width_counts_cells() -> None:
    assert width("李明 A1") == 7
    assert width("葛\U000e0100") == 2
    assert width("𬎆·…") == 6
